"""How people type order numbers, e-mail addresses and postal codes, folded to one form."""

from __future__ import annotations

import unicodedata

from returns_portal.core import scope
from returns_portal.core.crypto import blind_index

MAX_NUMBER_KEY = 60


def number_key(number: str) -> str:
    """Return ``"NL48213"`` for ``"#nl-48213"``: capitals, letters and digits only."""
    return _letters_and_digits(number)[:MAX_NUMBER_KEY]


def email_index(email: str) -> bytes:
    """Return the blind index of an e-mail address for the merchant in scope; empty for none."""
    return _index(email.strip(), "email")


def postcode_index(postcode: str) -> bytes:
    """Return the blind index of a postal code, whatever its spaces and dashes; empty for none."""
    return _index(_letters_and_digits(postcode), "postcode")


def _letters_and_digits(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(letter for letter in folded if letter.isalnum())


def _index(text: str, purpose: str) -> bytes:
    if not text:
        return b""
    return blind_index(text, merchant_id=scope.current_merchant_id(), purpose=purpose)
