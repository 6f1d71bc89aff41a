"""Return numbers: unguessable, checked, and easy to read out over the phone.

``R-7K4P-2M9X-WC``: nine random letters (44 bits) and one check letter, from thirty letters that
leave out 0, 1, I, L, O and U. Nothing about the merchant, the order or the date is in the number.
"""

from __future__ import annotations

import re
import secrets
import unicodedata

from returns_portal.core.errors import InvalidInput

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
BODY_LENGTH = 9
LENGTH = BODY_LENGTH + 1

# 31 is the prime just above the alphabet's size. With a different weight below 31 on every place,
# any one wrong letter and any two letters swapped change the sum modulo 31. One remainder in 31
# has no letter; such draws are thrown away.
_MODULUS = 31
_WEIGHTS = range(LENGTH, 1, -1)
_PREFIXES = ("", "R", "RMA", "RMAR", "RETURN", "RETURNR")
_SCANNER_PREFIX = re.compile(r"^\][A-Za-z][0-9A-Za-z]")


def check_letter(body: str) -> str | None:
    """Return the check letter of nine letters, or None when the remainder has no letter."""
    weighted = sum(
        weight * ALPHABET.index(letter) for weight, letter in zip(_WEIGHTS, body, strict=True)
    )
    remainder = -weighted % _MODULUS
    return ALPHABET[remainder] if remainder < len(ALPHABET) else None


def new_rma_number() -> str:
    """Return a fresh number in its printed form; the database's unique index decides clashes."""
    while True:
        body = "".join(secrets.choice(ALPHABET) for _ in range(BODY_LENGTH))
        check = check_letter(body)
        if check is not None:
            return _printed(body + check)


def parse_rma_number(text: str) -> str:
    """Read a number as people and scanners send it and return the printed form.

    Forgives case, spaces, missing or odd dashes, the words "RMA" and "Return", ``#`` and a
    scanner's own prefix. Raises InvalidInput that says what is wrong.
    """
    plain = _SCANNER_PREFIX.sub("", unicodedata.normalize("NFKC", text).strip())
    letters = "".join(sign for sign in plain.upper() if sign.isalnum())
    if not letters:
        raise InvalidInput("Enter the return number, like R-7K4P-2M9X-WC.", code="rma_missing")
    core = _without_prefix(letters)
    if core is None:
        raise InvalidInput(
            f"A return number has {LENGTH} letters and digits after the R, like R-7K4P-2M9X-WC. "
            f"This has {len(_bare(letters))}.",
            code="rma_length",
        )
    strange = sorted({letter for letter in core if letter not in ALPHABET})
    if strange:
        raise InvalidInput(
            f"Return numbers never contain {' or '.join(strange)}. Check it and try again.",
            code="rma_letter",
        )
    if check_letter(core[:BODY_LENGTH]) != core[BODY_LENGTH]:
        raise InvalidInput(
            "One letter of this return number is wrong or two are swapped. Compare it with the "
            "slip or the e-mail.",
            code="rma_check",
        )
    return _printed(core)


def looks_like_rma_number(text: str) -> bool:
    """Say whether ``text`` is a complete, correct number, so that search may look it up."""
    try:
        parse_rma_number(text)
    except InvalidInput:
        return False
    return True


def barcode_form(number: str) -> str:
    """Return what the Code 128 barcode holds: the number without dashes, e.g. ``R7K4P2M9XWC``."""
    return parse_rma_number(number).replace("-", "")


def _printed(core: str) -> str:
    return f"R-{core[:4]}-{core[4:8]}-{core[8:]}"


def _without_prefix(letters: str) -> str | None:
    for prefix in _PREFIXES:
        if letters.startswith(prefix) and len(letters) - len(prefix) == LENGTH:
            return letters[len(prefix) :]
    return None


def _bare(letters: str) -> str:
    """Strip the longest known prefix, to count for a message only."""
    prefix = max((p for p in _PREFIXES if letters.startswith(p)), key=len)
    return letters[len(prefix) :]
