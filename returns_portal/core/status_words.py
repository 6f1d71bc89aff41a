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
    """How one status looks and reads. ``acts_next`` names who moves it on."""

    key: str
    tone: str
    icon: str
    staff: str | Promise
    shopper: str | Promise
    acts_next: str | Promise

    def word(self, audience: str) -> str:
        """Return the wording for ``audience``, ``staff`` or ``shopper``."""
        if audience not in ("staff", "shopper"):
            raise ValueError(f"audience is staff or shopper, not {audience!r}")
        return str(self.staff if audience == "staff" else self.shopper)


_ROWS = (
    StatusWords("draft", "neutral", "dashed", _("Draft"), _("Not sent yet"), _("Shopper")),
    StatusWords(
        "review", "warning", "eye", _("Needs review"), _("We’re checking your request"), _("Staff")
    ),
    StatusWords(
        "info", "special", "question",
        _("Waiting for shopper"), _("We need one thing from you"), _("Shopper"),
    ),
    StatusWords("approved", "success", "check-circle", _("Approved"), _("Approved"), _("System")),
    StatusWords(
        "declined", "danger", "x-circle", _("Declined"), _("Not accepted"), _("Shopper may object")
    ),
    StatusWords("label", "info", "qr", _("Label issued"), _("Ready to send"), _("Shopper")),
    StatusWords("transit", "info", "truck", _("In transit"), _("On its way to us"), _("Carrier")),
    StatusWords("late", "warning", "clock", _("Parcel late"), _("Running late"), _("Staff")),
    StatusWords(
        "received", "info", "package-open", _("Received"), _("We’ve got it"), _("Inspector")
    ),
    StatusWords(
        "inspecting", "warning", "search", _("Inspecting"), _("Being checked"), _("Inspector")
    ),
    StatusWords(
        "partial", "warning", "half",
        _("Partly accepted"), _("Partly accepted"), _("Shopper may object"),
    ),
    StatusWords(
        "payout", "info", "refresh", _("Refund processing"), _("Refund on its way"), _("System")
    ),
    StatusWords("refunded", "success", "card", _("Refunded"), _("Refunded"), _("Nobody")),
    StatusWords(
        "credited", "special", "gift", _("Credit issued"), _("Store credit ready"), _("Nobody")
    ),
    StatusWords(
        "exchanged", "special", "swap",
        _("Exchange shipped"), _("Exchange on its way"), _("Carrier"),
    ),
    StatusWords("keep", "success", "heart", _("Keep item"), _("Keep it"), _("System")),
    StatusWords("hold", "danger", "pause", _("On hold"), _("We’ll be in touch"), _("Lead")),
    StatusWords(
        "failed", "danger", "alert", _("Action failed"), _("We’ll be in touch"), _("Staff")
    ),
    StatusWords("cancelled", "neutral", "x-circle", _("Cancelled"), _("Cancelled"), _("Nobody")),
    StatusWords(
        "expired", "neutral", "history", _("Expired"), _("Expired"), _("Shopper may restart")
    ),
    StatusWords("closed", "neutral", "check", _("Closed"), _("Finished"), _("Nobody")),
)  # fmt: skip

STATUS_WORDS: Mapping[str, StatusWords] = MappingProxyType({row.key: row for row in _ROWS})


def status_words(key: str) -> StatusWords:
    """Return the row for ``key``. Raises KeyError: a status without words is a bug."""
    return STATUS_WORDS[key]
