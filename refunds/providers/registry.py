"""Which refund providers exist, by the name stored on a provider account."""

from __future__ import annotations

from collections.abc import Mapping

from refunds.providers.base import RefundProvider
from refunds.providers.builtin import BuiltinRefunds
from refunds.providers.manual import ManualRefunds
from refunds.providers.stripe import StripeRefunds
from returns_portal.core.errors import NotFound

PROVIDERS: Mapping[str, type[RefundProvider]] = {
    provider.name: provider for provider in (StripeRefunds, ManualRefunds, BuiltinRefunds)
}


def provider_class(name: str) -> type[RefundProvider]:
    """Return the class of a provider, for its label and capabilities. Raises NotFound."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise NotFound(
            f"No refund provider is called {name!r}. Choose one of: {', '.join(sorted(PROVIDERS))}."
        ) from None


def build(name: str, credentials: Mapping[str, object]) -> RefundProvider:
    """Return a provider for one merchant account. Cheap: built per call, never kept."""
    return provider_class(name)(credentials)
