"""Which carriers exist, by the name stored on a provider account."""

from __future__ import annotations

from collections.abc import Mapping

from returns_portal.core.errors import NotFound
from rma.carriers.base import Carrier
from rma.carriers.builtin import BuiltinCarrier
from rma.carriers.easypost import EasyPostCarrier
from rma.carriers.manual import ManualCarrier

CARRIERS: Mapping[str, type[Carrier]] = {
    carrier.name: carrier for carrier in (EasyPostCarrier, ManualCarrier, BuiltinCarrier)
}


def carrier_class(name: str) -> type[Carrier]:
    """Return the class of a carrier, for its label and capabilities. Raises NotFound."""
    try:
        return CARRIERS[name]
    except KeyError:
        raise NotFound(
            f"No carrier is called {name!r}. Choose one of: {', '.join(sorted(CARRIERS))}."
        ) from None


def build(name: str, credentials: Mapping[str, object]) -> Carrier:
    """Return a carrier for one merchant account. Cheap: built per call, never kept."""
    return carrier_class(name)(credentials)
