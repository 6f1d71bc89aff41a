"""How people type order numbers, e-mails, phone numbers and postal codes, folded to one form."""

from __future__ import annotations

import unicodedata

import phonenumbers

from returns_portal.core import scope
from returns_portal.core.crypto import blind_index

MAX_NUMBER_KEY = 60
# Fewer digits are an extension or a piece of a number, and prove too little.
_LEAST_PHONE_DIGITS = 7
_PHONE_SIGNS = frozenset("+-‐–.()/ ")


def number_key(number: str) -> str:
    """Return ``"NL48213"`` for ``"#nl-48213"``: capitals, letters and digits only."""
    return _letters_and_digits(number)[:MAX_NUMBER_KEY]


def email_index(email: str) -> bytes:
    """Return the blind index of an e-mail address for the merchant in scope; empty for none."""
    return _index(email.strip(), "email")


def postcode_index(postcode: str) -> bytes:
    """Return the blind index of a postal code, whatever its spaces and dashes; empty for none."""
    return _index(_letters_and_digits(postcode), "postcode")


def phone_indexes(phone: str, country: str) -> tuple[bytes, bytes]:
    """Return the blind indexes of a phone number in international and in national form.

    ``country`` (two letters) tells what a number without a country code means. Both are empty for
    what is no phone number there.
    """
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", phone), country or None)
    except phonenumbers.NumberParseException:
        return b"", b""
    if not phonenumbers.is_possible_number(number):
        return b"", b""
    form = phonenumbers.PhoneNumberFormat
    written = (phonenumbers.format_number(number, kind) for kind in (form.E164, form.NATIONAL))
    international, national = (_index(_dialled(one), "phone") for one in written)
    return international, national


def phone_proof(typed: str) -> bytes:
    """Return the index that equals one of :func:`phone_indexes` for the same phone, or nothing.

    The order is not known yet and so neither is the country: a national number equals the national
    form, one with + or 00 the international one.
    """
    text = unicodedata.normalize("NFKC", typed).strip()
    if any(not sign.isdecimal() and sign not in _PHONE_SIGNS for sign in text):
        return b""
    if text.startswith("+"):
        return phone_indexes(text, "")[0]
    return _index(_dialled(text), "phone")


def _dialled(phone: str) -> str:
    """Return the digits without leading zeros, which are dialled or left out as people like."""
    digits = phonenumbers.normalize_digits_only(phone).lstrip("0")
    return digits if len(digits) >= _LEAST_PHONE_DIGITS else ""


def _letters_and_digits(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(letter for letter in folded if letter.isalnum())


def _index(text: str, purpose: str) -> bytes:
    if not text:
        return b""
    return blind_index(text, merchant_id=scope.current_merchant_id(), purpose=purpose)
