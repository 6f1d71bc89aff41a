"""The section ``withdrawal`` of a policy document: what the law leaves to the merchant.

A document without the section reads as :data:`STATUTORY`. There is no key that closes the right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rma.policy.reader import DocumentReader
from rma.policy.types import RequestFacts
from rma.policy.withdrawal_law import EXCEPTIONS

SECTION = "withdrawal"
# The reason of units that are withdrawn. No merchant's key has a hyphen, so none is taken for it.
REASON = "eu-withdrawal"
MAX_HOLIDAYS = 400
MAX_LABEL = 60
_KEYS = {"sells_to_eu", "shopper_pays_postage", "holidays", "exempt", "labels"}


@dataclass(frozen=True, slots=True)
class Exempt:
    """Goods that fall under an exception of Article 16, named by tag or product type."""

    exception: str
    tags: frozenset[str]
    product_types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a merchant declares about withdrawal.

    ``sells_to_eu`` shows the link where the merchant is not in the EU itself; the right does not
    hang on it. The policy's return fee is due only where ``shopper_pays_postage``. ``labels`` are
    the words of the link by language, in place of the statutory ones.
    """

    sells_to_eu: bool = True
    shopper_pays_postage: bool = False
    holidays: frozenset[date] = frozenset()
    exempt: tuple[Exempt, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


STATUTORY = Terms()


def is_withdrawal(request: RequestFacts) -> bool:
    """Say whether a request is decided by law and by no rule of the merchant's."""
    return any(line.reason == REASON for line in request.lines)


def read_terms(reader: DocumentReader) -> Terms:
    """Read the section; every mistake goes to ``reader`` with its path."""
    if not isinstance(reader.document, Mapping) or SECTION not in reader.document:
        return STATUTORY
    reader.keys(SECTION, _KEYS)
    return Terms(
        sells_to_eu=reader.flag(f"{SECTION}.sells_to_eu"),
        shopper_pays_postage=reader.flag(f"{SECTION}.shopper_pays_postage"),
        holidays=_holidays(reader, f"{SECTION}.holidays"),
        exempt=_exempt(reader, f"{SECTION}.exempt"),
        labels=_labels(reader, f"{SECTION}.labels"),
    )


def _holidays(reader: DocumentReader, path: str) -> frozenset[date]:
    listed = reader.at(path)
    if not _is_list(listed) or len(listed) > MAX_HOLIDAYS:
        reader.fail(path, f"List up to {MAX_HOLIDAYS} days, such as 2026-12-25.")
        return frozenset()
    days = {_day(reader, f"{path}.{place}") for place in range(len(listed))}
    return frozenset(day for day in days if day is not None)


def _day(reader: DocumentReader, path: str) -> date | None:
    written = reader.at(path)
    try:
        day = date.fromisoformat(written)
    except (TypeError, ValueError):
        day = None
    # There are other ways to write a day; one of them is enough.
    if day is None or day.isoformat() != written:
        reader.fail(path, "Write a day as year-month-day, such as 2026-12-25.")
        return None
    return day


def _exempt(reader: DocumentReader, path: str) -> tuple[Exempt, ...]:
    listed = reader.at(path)
    if not _is_list(listed):
        reader.fail(path, "Use a list; leave it empty where nothing is exempt.")
        return ()
    return tuple(_one_exempt(reader, f"{path}.{place}") for place in range(len(listed)))


def _one_exempt(reader: DocumentReader, path: str) -> Exempt:
    reader.keys(path, {"exception", "tags", "product_types"})
    tags, kinds = reader.words(f"{path}.tags"), reader.words(f"{path}.product_types")
    if not tags and not kinds:
        reader.fail(path, "Name the goods by a tag or a product type.")
    return Exempt(reader.choice(f"{path}.exception", tuple(EXCEPTIONS)), tags, kinds)


def _labels(reader: DocumentReader, path: str) -> Mapping[str, str]:
    written = reader.at(path)
    if isinstance(written, Mapping) and all(_is_label(text) for text in written.values()):
        return {str(language): text.strip() for language, text in written.items()}
    reader.fail(path, f"Give words per language, up to {MAX_LABEL} characters, or none at all.")
    return {}


def _is_label(text: Any) -> bool:
    return isinstance(text, str) and 0 < len(text.strip()) <= MAX_LABEL and text.isprintable()


def _is_list(listed: Any) -> bool:
    return isinstance(listed, Sequence) and not isinstance(listed, str)
