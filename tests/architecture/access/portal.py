"""The portal's table: what is open to everybody, what a link opens, what needs a proven draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tests.architecture.access.entry import Words, nothing
from tests.architecture.access.world import World


class Opens(Enum):
    """What a visitor must hold: nothing, the link of a return, or the proof of a draft."""

    TO_ALL = "all"
    BY_LINK = "link"
    BY_PROOF = "proof"


@dataclass(frozen=True, slots=True)
class PortalEntry:
    opens: Opens
    methods: tuple[str, ...] = ("GET",)
    kwargs: Words = nothing
    body: Words = nothing
    ok: frozenset[int] = frozenset({200, 302, 400, 404, 409, 422})


BOTH = ("GET", "POST")
POST = ("POST",)


def _return(world: World) -> Mapping[str, Any]:
    return {"token": world.rma.token}


def _draft(world: World) -> Mapping[str, Any]:
    return {"token": world.draft.token}


def _draft_line(world: World) -> Mapping[str, Any]:
    return {"token": world.draft.token, "line_id": world.order_id}


def _draft_photo(world: World) -> Mapping[str, Any]:
    return {"token": world.draft.token, "photo_id": world.photo.pk}


def _withdrawal(world: World) -> Mapping[str, Any]:
    return {"token": world.withdrawal.token}


ENTRIES: dict[str, PortalEntry] = {
    "find": PortalEntry(Opens.TO_ALL, BOTH),
    "track": PortalEntry(Opens.TO_ALL, BOTH),
    "gift": PortalEntry(Opens.TO_ALL, BOTH),
    "link": PortalEntry(Opens.TO_ALL, BOTH, body=lambda _w: {"email": "maya@example.com"}),
    # A token that was never given out: the page says so, whoever asks.
    "open_link": PortalEntry(Opens.TO_ALL, BOTH, _return, ok=frozenset({410})),
    "my_orders": PortalEntry(Opens.BY_PROOF),
    "start": PortalEntry(Opens.BY_PROOF, POST, lambda w: {"order_id": w.order_id}),
    "policy": PortalEntry(Opens.TO_ALL),
    "help": PortalEntry(Opens.TO_ALL),
    "withdraw": PortalEntry(Opens.TO_ALL, BOTH),
    "withdrawn": PortalEntry(Opens.BY_LINK, kwargs=_withdrawal),
    "withdrawal_paper": PortalEntry(Opens.BY_LINK, kwargs=_withdrawal),
    "brand_css": PortalEntry(Opens.TO_ALL, kwargs=lambda _w: {"version": "0"}),
    "logo": PortalEntry(Opens.TO_ALL, kwargs=lambda _w: {"name": "none.png"}),
    "icon": PortalEntry(Opens.TO_ALL, kwargs=lambda _w: {"name": "none-32.png"}),
    "items": PortalEntry(Opens.BY_PROOF, BOTH, _draft),
    "items_summary": PortalEntry(Opens.BY_PROOF, POST, _draft),
    "photos": PortalEntry(Opens.BY_PROOF, POST, _draft_line),
    "draft_photo": PortalEntry(Opens.BY_PROOF, kwargs=_draft_photo),
    "remove_photo": PortalEntry(Opens.BY_PROOF, POST, _draft_photo),
    "resolution": PortalEntry(Opens.BY_PROOF, BOTH, _draft),
    "products": PortalEntry(Opens.BY_PROOF, BOTH, _draft_line),
    "quote": PortalEntry(Opens.BY_PROOF, POST, _draft),
    "method": PortalEntry(Opens.BY_PROOF, BOTH, _draft),
    "method_quote": PortalEntry(Opens.BY_PROOF, POST, _draft),
    "returns": PortalEntry(Opens.BY_PROOF, kwargs=_draft),
    "status": PortalEntry(Opens.BY_LINK, kwargs=_return),
    "live": PortalEntry(Opens.BY_LINK, kwargs=_return),
    "appeal": PortalEntry(Opens.BY_LINK, POST, _return, lambda _w: {"words": "Look again"}),
    "change": PortalEntry(Opens.BY_LINK, POST, _return),
    "cancel": PortalEntry(Opens.BY_LINK, BOTH, _return),
    "message": PortalEntry(Opens.BY_LINK, POST, _return, lambda _w: {"body": "Hello"}),
    "answer": PortalEntry(Opens.BY_LINK, POST, _return, lambda _w: {"answer": "Size M"}),
    "tracking": PortalEntry(Opens.BY_LINK, POST, _return),
    "label": PortalEntry(Opens.BY_LINK, kwargs=_return),
    "slip": PortalEntry(Opens.BY_LINK, kwargs=_return),
    "return_photo": PortalEntry(
        Opens.BY_LINK, kwargs=lambda w: {"token": w.rma.token, "photo_id": w.photo.pk}
    ),
}
