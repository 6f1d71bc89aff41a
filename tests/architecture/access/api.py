"""The API's table: what each method of each address asks of a key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from returns_portal.core.clock import now
from returns_portal.tenancy.permissions import Permission as P
from tests.architecture.access.entry import Words, nothing


@dataclass(frozen=True, slots=True)
class ApiEntry:
    """``scopes`` by method; an address without any is open to everybody."""

    scopes: dict[str, P] = field(default_factory=dict)
    kwargs: Words = nothing
    body: dict[str, str] = field(default_factory=dict)
    of_merchant: bool = False


def _order(world: object) -> dict[str, object]:
    return {"pk": world.order_id}  # type: ignore[attr-defined]


def _grant(world: object) -> dict[str, object]:
    grant = world.grant  # type: ignore[attr-defined]
    return {"pk": grant.order_id, "window_id": grant.pk}


def _return(world: object) -> dict[str, object]:
    return {"pk": world.rma.pk}  # type: ignore[attr-defined]


ENTRIES: dict[str, ApiEntry] = {
    "openapi": ApiEntry(),
    "api_docs": ApiEntry(),
    "api_orders": ApiEntry({"GET": P.ORDERS_VIEW, "POST": P.ORDERS_IMPORT}),
    "api_order": ApiEntry({"GET": P.ORDERS_VIEW}, _order, of_merchant=True),
    "api_order_gift_code": ApiEntry({"POST": P.RETURNS_CREATE}, _order, of_merchant=True),
    "api_order_link": ApiEntry({"POST": P.RETURNS_CREATE}, _order, of_merchant=True),
    "api_order_windows": ApiEntry(
        {"GET": P.ORDERS_VIEW, "POST": P.RETURNS_DECIDE},
        _order,
        {"until": f"{(now() + timedelta(days=90)).date()}", "reason": "She was ill."},
        of_merchant=True,
    ),
    "api_order_window": ApiEntry({"DELETE": P.RETURNS_DECIDE}, _grant, of_merchant=True),
    "api_returns": ApiEntry({"GET": P.RETURNS_VIEW, "POST": P.RETURNS_CREATE}),
    "api_return": ApiEntry({"GET": P.RETURNS_VIEW}, _return, of_merchant=True),
    "api_return_approve": ApiEntry({"POST": P.RETURNS_DECIDE}, _return, of_merchant=True),
    "api_return_decline": ApiEntry(
        {"POST": P.RETURNS_DECIDE}, _return, {"reason": "Worn outdoors."}, of_merchant=True
    ),
    "api_refunds": ApiEntry({"GET": P.REFUNDS_VIEW}),
}
# Whatever else is asked for below the API is answered as not found, in the API's own form.
UNKNOWN = "api_unknown"
