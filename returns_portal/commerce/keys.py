"""How people type numbers, e-mails, phone numbers, postal codes and addresses, in one form."""

from __future__ import annotations

import unicodedata

import phonenumbers

from returns_portal.core import scope
from returns_portal.core.crypto import blind_index, normalise

MAX_NUMBER_KEY = 60
# Fewer digits are an extension or a piece of a number, and prove too little.
_LEAST_PHONE_DIGITS = 7
_DOTLESS = ("gmail.com", "googlemail.com")
# Words for a street that are written out or not as people like.
_SHORT = {
    "street": "st", "road": "rd", "avenue": "ave", "av": "ave", "boulevard": "blvd", "bd": "blvd",
    "lane": "ln", "drive": "dr", "square": "sq", "strasse": "str", "apartment": "apt",
}  # fmt: skip
_PHONE_SIGNS = frozenset("+-‐–.()/ ")


def number_key(number: str) -> str:
    """Return ``"NL48213"`` for ``"#nl-48213"``: capitals, letters and digits only."""
    return _letters_and_digits(number)[:MAX_NUMBER_KEY]


def email_index(email: str) -> bytes:
    """Return the blind index of an e-mail address for the merchant in scope; empty for none."""
    return _index(email.strip(), "email")


def mailbox_index(email: str) -> bytes:
    """Return the blind index of the mailbox an e-mail address leads to; empty for none.

    What follows a plus sign is the shopper's own note, and Gmail looks at no dots.
    """
    name, at, domain = normalise(email).rpartition("@")
    name = name.partition("+")[0]
    if domain in _DOTLESS:
        name, domain = name.replace(".", ""), _DOTLESS[0]
    return _index(f"{name}@{domain}" if at and name else "", "mailbox")


def address_index(street: str, more: str, postcode: str, city: str, country: str) -> bytes:
    """Return the blind index of a delivery address, however its street is written; empty for none.

    The city counts where there is no postal code: people spell cities in more ways than codes.
    """
    place = _letters_and_digits(postcode) or _letters_and_digits(city)
    road = _road(f"{street} {more}")
    return _index(f"{road} {place} {country.upper()}" if _road(street) and place else "", "address")


def card_index(fingerprint: str) -> bytes:
    """Return the blind index of a provider's fingerprint of a card or account; empty for none."""
    return _index(fingerprint.strip(), "card")


def postcode_index(postcode: str) -> bytes:
    """Return the blind index of a postal code, whatever its spaces and dashes; empty for none."""
    return _index(_letters_and_digits(postcode), "postcode")


def gift_code_index(code: str) -> bytes:
    """Return the blind index of a gift code, whatever its dashes and case; empty for none."""
    return _index(number_key(code), "gift_code")


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


def _road(text: str) -> str:
    """Return the words of a street in short form, without its commas and points."""
    folded = normalise(text).replace("strasse", "str")
    words = "".join(sign if sign.isalnum() else " " for sign in folded).split()
    return " ".join(_SHORT.get(word, word) for word in words)


def _letters_and_digits(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(letter for letter in folded if letter.isalnum())


def _index(text: str, purpose: str) -> bytes:
    if not text:
        return b""
    return blind_index(text, merchant_id=scope.current_merchant_id(), purpose=purpose)
