"""What a fact is: its kind, what it is about, the date it is taken on, and what it costs to know.

:mod:`rma.policy.vocabulary` lists the facts there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from rma.policy.days import local_day
from rma.policy.model import Policy
from rma.policy.types import LineFacts, OrderFacts, RequestFacts, RequestLine


class Kind(StrEnum):
    """What values a fact has, and so which tests and inputs suit it."""

    TEXT = "text"
    WORDS = "words"
    NUMBER = "number"
    DAYS = "days"
    MONEY = "money"
    SHARE = "share"
    DATE = "date"
    FLAG = "flag"


class Scope(StrEnum):
    """What a fact is about. ``asked`` and ``return`` are not known before the shopper answers."""

    ORDER = "order"
    LINE = "line"
    ASKED = "asked"
    RETURN = "return"


class Basis(StrEnum):
    """On which date a fact is taken. The editor shows it, because rivals mix both silently."""

    PURCHASE = "at purchase"
    REQUEST = "at request"


class Needs(StrEnum):
    """What has to be read beside the order and its lines for a fact to be known."""

    NOTHING = ""
    HISTORY = "history"
    CATALOGUE = "catalogue"
    PAYMENTS = "payments"
    CONDUCT = "conduct"
    LINKS = "links"


@dataclass(slots=True)
class Subject:
    """What the facts are read from: an order and, as far as known, a line and what is asked."""

    order: OrderFacts
    policy: Policy
    line: LineFacts | None = None
    asked: RequestLine | None = None
    request: RequestFacts | None = None

    def day(self, instant: datetime | None) -> date | None:
        return None if instant is None else local_day(instant, self.order.time_zone)

    def days_since(self, instant: datetime | None) -> int | None:
        then = self.day(instant)
        return (
            None if then is None else (local_day(self.order.now, self.order.time_zone) - then).days
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a rule may ask about. ``read`` gets a subject that has what ``scope`` promises."""

    key: str
    label: str
    kind: Kind
    scope: Scope
    basis: Basis
    read: Callable[[Any], Any]
    needs: Needs = Needs.NOTHING


def fold(text: str) -> str | None:
    """Return ``text`` as rules compare it; None of none."""
    return text.casefold() or None


def folded(words: tuple[str, ...]) -> frozenset[str]:
    """Return words as rules compare them."""
    return frozenset(word.casefold() for word in words)


def known(words: tuple[str, ...] | None) -> frozenset[str] | None:
    """Return words as rules compare them, where they are known."""
    return None if words is None else folded(words)


def share_of(part: int | None, whole: int | None) -> int | None:
    """Return ``part`` of ``whole`` in basis points, rounded down; None of nothing."""
    return part * 10_000 // whole if part is not None and whole else None
