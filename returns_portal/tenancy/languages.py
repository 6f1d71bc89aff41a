"""Which languages a merchant offers to shoppers, and which of them to speak."""

from __future__ import annotations

from returns_portal.core.languages import NAMES, SOURCE, language_of
from returns_portal.tenancy.models import Merchant


def offered(merchant: Merchant) -> tuple[str, ...]:
    """Return the languages a merchant offers, never none; without a choice it is all of them."""
    chosen = [code for code in NAMES if code in merchant.languages]
    return tuple(chosen or NAMES)


def default_language(merchant: Merchant) -> str:
    """Return the language for whoever asks for none that is offered."""
    known, own = offered(merchant), language_of(merchant.locale)
    if own in known:
        return own
    return SOURCE if SOURCE in known else known[0]


def spoken(merchant: Merchant, locale: str) -> str:
    """Return the offered language of a shopper's ``locale`` such as ``de-AT``, else the default."""
    wanted = language_of(locale)
    return wanted if wanted in offered(merchant) else default_language(merchant)
