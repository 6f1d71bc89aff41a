"""Where a text of the portal or its e-mails is read, in words, for finding it in the list."""

from __future__ import annotations

from functools import cache

from notifications.catalogue import TITLES
from returns_portal.core.text_entries import TextEntry, text_entries

# By the file's name without its end; the longest beginning that fits counts.
_PLACES = (
    ("templates/portal/find", "find", "Portal: find the order"),
    ("templates/portal/track", "track", "Portal: track a return"),
    ("templates/portal/link", "link", "Portal: link by e-mail"),
    ("templates/portal/open_link", "link", "Portal: link by e-mail"),
    ("templates/portal/orders", "link", "Portal: link by e-mail"),
    ("templates/portal/returns", "track", "Portal: track a return"),
    ("templates/portal/items", "items", "Portal: items and reasons"),
    ("templates/portal/_item", "items", "Portal: items and reasons"),
    ("templates/portal/_question", "items", "Portal: items and reasons"),
    ("templates/portal/_changing", "items", "Portal: items and reasons"),
    ("templates/portal/_axes", "resolution", "Portal: refund or exchange"),
    ("templates/portal/_exchange", "resolution", "Portal: refund or exchange"),
    ("templates/portal/resolution", "resolution", "Portal: refund or exchange"),
    ("templates/portal/method", "method", "Portal: method and confirming"),
    ("templates/portal/_parcel", "status", "Portal: page of the return"),
    ("templates/portal/status", "status", "Portal: page of the return"),
    ("templates/portal/_live", "status", "Portal: page of the return"),
    ("templates/portal/cancel", "status", "Portal: page of the return"),
    ("templates/portal/help", "help", "Portal: help and policy"),
    ("templates/portal/policy", "help", "Portal: help and policy"),
    ("templates/portal/withdraw", "withdrawal", "Portal: withdrawal"),
    ("templates/portal/", "frame", "Portal: every page"),
    ("templates/base", "frame", "Portal: every page"),
    ("templates/components/", "frame", "Portal: every page"),
    ("templates/documents/withdrawal", "withdrawal", "Portal: withdrawal"),
    ("templates/documents/", "slip", "Slip in the parcel"),
    ("returns_portal/portal/forms/lookup", "find", "Portal: find the order"),
    ("returns_portal/portal/showing/glance", "help", "Portal: help and policy"),
    ("returns_portal/portal/forms/withdrawal", "withdrawal", "Portal: withdrawal"),
    ("returns_portal/portal/showing/withdrawal", "withdrawal", "Portal: withdrawal"),
    ("returns_portal/portal/forms/items", "items", "Portal: items and reasons"),
    ("returns_portal/portal/showing/items", "items", "Portal: items and reasons"),
    ("returns_portal/portal/showing/photos", "items", "Portal: items and reasons"),
    ("returns_portal/portal/views/items", "items", "Portal: items and reasons"),
    ("returns_portal/portal/forms/resolution", "resolution", "Portal: refund or exchange"),
    ("returns_portal/portal/showing/choices", "resolution", "Portal: refund or exchange"),
    ("returns_portal/portal/views/resolution", "resolution", "Portal: refund or exchange"),
    ("returns_portal/portal/showing/confirming", "method", "Portal: method and confirming"),
    ("returns_portal/portal/views/method", "method", "Portal: method and confirming"),
    ("returns_portal/portal/showing/money", "money", "Portal: sums"),
    ("returns_portal/portal/showing/sums", "money", "Portal: sums"),
    ("returns_portal/portal/showing/", "status", "Portal: page of the return"),
    ("returns_portal/portal/forms/status", "status", "Portal: page of the return"),
    ("returns_portal/portal/views/status", "status", "Portal: page of the return"),
    ("returns_portal/portal/", "frame", "Portal: every page"),
    ("returns_portal/core/status_words", "statuses", "Statuses"),
    ("rma/policy/", "policy", "Answers of the policy"),
    ("rma/documents", "slip", "Slip in the parcel"),
    ("rma/labels", "slip", "Slip in the parcel"),
    ("rma/", "errors", "Refusals and errors"),
    ("notifications/", "mail", "E-mail: every kind"),
    ("templates/emails/_", "mail", "E-mail: every kind"),
    ("", "words", "Days, counts and amounts"),
)
_MAILS = {f"mail-{kind.value}": f"E-mail: {title}" for kind, title in TITLES.items()}
# Portal pages that open without any order, by the place they are.
OPEN_PAGES = {
    "find": "find",
    "track": "track",
    "link": "link",
    "help": "help",
    "withdrawal": "withdraw",
    "frame": "find",
}


def place_choices() -> list[tuple[str, str]]:
    """Return every place as a choice, pages before e-mails."""
    pages = {slug: label for _start, slug, label in _PLACES}
    return sorted(
        (pages | _MAILS).items(), key=lambda one: (not one[1].startswith("Portal"), one[1])
    )


def place_label(slug: str) -> str:
    return dict(place_choices())[slug]


@cache
def places_of(key: str) -> tuple[str, ...]:
    """Return the places where a text is read, each once."""
    entry: TextEntry = text_entries()[key]
    return tuple(dict.fromkeys(_place(path) for path in entry.places))


def _place(path: str) -> str:
    folder, _, name = path.rpartition("/")
    if folder.startswith("templates/emails"):
        mail = f"mail-{name.split('.')[0]}"
        if mail in _MAILS:
            return mail
    return next(slug for start, slug, _label in _PLACES if path.startswith(start))
