"""The law of withdrawal as data: countries, days and exceptions, each with where it is written.

Directive 2011/83/EU on consumer rights (CRD) with Article 11a, which Directive (EU) 2023/2673 added
and which applies since 19 June 2026. Nothing here is a merchant's to choose.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, timedelta

# Article 9(1) to declare it, 13(1) to pay it back, 14(1) to send the goods: the same number.
DAYS = 14
# Article 18(1): goods are delivered within 30 days of the contract. What is not known to have
# arrived is taken to have done so by then at the latest, and after that a person looks.
DELIVERY_DAYS = 30

_EU = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
)  # fmt: skip
# The directive is part of the EEA Agreement (Joint Committee Decision 181/2012).
_EEA = "IS LI NO"
# Article 355(1) TFEU: parts of the Union with codes of their own (Åland, and those of France).
_TERRITORIES = "AX GF GP MF MQ RE YT"
COUNTRIES = frozenset(f"{_EU} {_EEA} {_TERRITORIES}".split())


@dataclass(frozen=True, slots=True)
class Exception16:
    """An exception of Article 16. ``once_unsealed`` holds only for goods whose seal was broken."""

    letter: str
    because: str
    once_unsealed: bool = False


EXCEPTIONS: dict[str, Exception16] = {
    "price_of_market": Exception16("b", "Its price follows a market that the seller can't control"),
    "made_to_order": Exception16("c", "It was made to your order or clearly for you"),
    "perishable": Exception16("d", "It spoils or expires quickly"),
    "hygiene_seal": Exception16("e", "Its hygiene seal must be unbroken", once_unsealed=True),
    "mixed": Exception16("f", "It can't be separated from other goods after delivery"),
    "wine_futures": Exception16("g", "Its price was agreed long before delivery"),
    "media_seal": Exception16(
        "i", "The seal of the recording must be unbroken", once_unsealed=True
    ),
    "press": Exception16("j", "It is a newspaper, a periodical or a magazine"),
    "auction": Exception16("k", "It was bought at a public auction"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Fourteen days after ``event``, the last of which may move to a working day."""

    event: date
    counted: date
    until: date


def period_after(event: date, holidays: Set[date]) -> Period:
    """Return the days of withdrawal after the local day of ``event``.

    Regulation (EEC, Euratom) 1182/71: the day of the event is not counted (Article 3(1)); a last
    day that is a Saturday, a Sunday or a public holiday moves to the next working day (3(4)).
    """
    counted = event + timedelta(days=DAYS)
    until = counted
    while until.isoweekday() > 5 or until in holidays:
        until += timedelta(days=1)
    return Period(event, counted, until)
