"""The one table of status words: tone, icon and wording for badge, filter, e-mail and API label.

Every status a person can see has one row here. Tones: warning = a person must act, info = moving by
itself, success = good end, danger = stopped, special = exchange, credit or the shopper's turn,
neutral = over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class StatusWords:
    """How one status looks and reads. ``acts_next`` names who moves it on; staff read English."""

    key: str
    tone: str
    icon: str
    staff: str
    shopper: str | Promise
    acts_next: str

    def word(self, audience: str) -> str:
        """Return the wording for ``audience``, ``staff`` or ``shopper``."""
        if audience not in ("staff", "shopper"):
            raise ValueError(f"audience is staff or shopper, not {audience!r}")
        return str(self.staff if audience == "staff" else self.shopper)


_ROWS = (
    StatusWords("draft", "neutral", "dashed", "Draft", _("Not sent yet"), "Shopper"),
    StatusWords(
        "review", "warning", "eye", "Needs review", _("We’re checking your request"), "Staff"
    ),
    StatusWords(
        "info", "special", "question",
        "Waiting for shopper", _("We need one thing from you"), "Shopper",
    ),
    StatusWords("approved", "success", "check-circle", "Approved", _("Approved"), "System"),
    StatusWords(
        "declined", "danger", "x-circle", "Declined", _("Not accepted"), "Shopper may object"
    ),
    StatusWords("label", "info", "qr", "Label issued", _("Ready to send"), "Shopper"),
    StatusWords("transit", "info", "truck", "In transit", _("On its way to us"), "Carrier"),
    StatusWords("late", "warning", "clock", "Parcel late", _("Running late"), "Staff"),
    StatusWords(
        "received", "info", "package-open", "Received", _("We’ve got it"), "Inspector"
    ),
    StatusWords(
        "inspecting", "warning", "search", "Inspecting", _("Being checked"), "Inspector"
    ),
    StatusWords(
        "partial", "warning", "half",
        "Partly accepted", _("Partly accepted"), "Shopper may object",
    ),
    StatusWords(
        "payout", "info", "refresh", "Refund processing", _("Refund on its way"), "System"
    ),
    StatusWords("refunded", "success", "card", "Refunded", _("Refunded"), "Nobody"),
    StatusWords(
        "credited", "special", "gift", "Credit issued", _("Store credit ready"), "Nobody"
    ),
    StatusWords(
        "exchanged", "special", "swap",
        "Exchange shipped", _("Exchange on its way"), "Carrier",
    ),
    StatusWords(
        "replaced", "special", "swap",
        "Replacement shipped", _("Replacement on its way"), "Carrier",
    ),
    StatusWords("repair", "info", "refresh", "In repair", _("Being repaired"), "Staff"),
    StatusWords(
        "repaired", "special", "truck",
        "Repaired and sent back", _("Repaired, on its way back"), "Carrier",
    ),
    StatusWords("keep", "success", "heart", "Keep item", _("Keep it"), "System"),
    StatusWords("hold", "danger", "pause", "On hold", _("We’ll be in touch"), "Lead"),
    StatusWords(
        "failed", "danger", "alert", "Action failed", _("We’ll be in touch"), "Staff"
    ),
    StatusWords("cancelled", "neutral", "x-circle", "Cancelled", _("Cancelled"), "Nobody"),
    StatusWords(
        "expired", "neutral", "history", "Expired", _("Expired"), "Shopper may restart"
    ),
    StatusWords("closed", "neutral", "check", "Closed", _("Finished"), "Nobody"),
)  # fmt: skip

STATUS_WORDS: Mapping[str, StatusWords] = MappingProxyType({row.key: row for row in _ROWS})


def status_words(key: str) -> StatusWords:
    """Return the row for ``key``. Raises KeyError: a status without words is a bug."""
    return STATUS_WORDS[key]
