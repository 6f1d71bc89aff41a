"""What a policy takes off a refund: for the way back, and for taking goods back at all.

Amounts are gross minor units of the policy's currency, rates are basis points. What one return
comes to is worked out by ``rma.fees``.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from rma.policy.reader import DocumentReader

PER = ("line", "return")
_BASIS_POINTS = "a percentage as basis points (2500 is 25 %)"


@dataclass(frozen=True, slots=True)
class Fee:
    """What sending goods back costs, once per return.

    ``by_country`` holds the amount for orders delivered there, instead of the usual one. With
    ``label_cost`` the amount is a ceiling: what the label really cost is taken, and nothing where
    that is not known. ``most_minor`` bounds all fees of a return together, this one first.
    """

    amount_minor: int
    waived_for_fault: bool
    waived_for_exchange: bool
    by_country: Mapping[str, int] = field(default_factory=dict)
    waived_reasons: frozenset[str] = frozenset()
    label_cost: bool = False
    tax_bp: int = 0
    most_minor: int | None = None

    def amount_for(self, country: str) -> int:
        """Return the amount for an order that was delivered to ``country``."""
        return self.by_country.get(country, self.amount_minor)

    @property
    def is_free(self) -> bool:
        """Say whether nobody pays it, wherever the order went."""
        return not (self.amount_minor or any(self.by_country.values()))

    def set_to(self, minor: int) -> Fee:
        """Return the fee with one amount for every country."""
        return replace(self, amount_minor=minor, by_country={})


@dataclass(frozen=True, slots=True)
class Restocking:
    """What taking goods back for money costs: a share of their value, and a sum ``per`` line or
    return. ``tax_bp`` is the tax inside the sum; the share bears the tax of the goods."""

    share_bp: int = 0
    amount_minor: int = 0
    per: str = "return"
    waived_for_fault: bool = True
    waived_reasons: frozenset[str] = frozenset()
    tax_bp: int = 0


NO_RESTOCKING = Restocking()


def read_fee(reader: DocumentReader, reasons: Set[str]) -> Fee:
    """Read the section ``fee``; what it may leave out is as before there was such a thing."""
    reader.keys(
        "fee",
        {"amount_minor", "waived_for_fault", "waived_for_exchange"},
        {"by_country", "waived_reasons", "label_cost", "tax_bp", "most_minor"},
    )
    most = reader.at("fee.most_minor")
    return Fee(
        amount_minor=reader.minor("fee.amount_minor"),
        waived_for_fault=reader.flag("fee.waived_for_fault"),
        waived_for_exchange=reader.flag("fee.waived_for_exchange"),
        by_country=_by_country(reader, "fee.by_country"),
        waived_reasons=_reasons(reader, "fee.waived_reasons", reasons),
        label_cost=_has(reader, "fee.label_cost") and reader.flag("fee.label_cost"),
        tax_bp=_share(reader, "fee.tax_bp"),
        most_minor=None if most is None else reader.minor("fee.most_minor"),
    )


def read_restocking(reader: DocumentReader, reasons: Set[str]) -> Restocking:
    """Read the section ``restocking``; without one nothing is taken."""
    path = "restocking"
    if not _has(reader, path):
        return NO_RESTOCKING
    reader.keys(
        path,
        {"share_bp", "amount_minor", "per", "waived_for_fault"},
        {"waived_reasons", "tax_bp"},
    )
    return Restocking(
        share_bp=reader.whole(f"{path}.share_bp", 0, 10_000, _BASIS_POINTS),
        amount_minor=reader.minor(f"{path}.amount_minor"),
        per=reader.choice(f"{path}.per", PER),
        waived_for_fault=reader.flag(f"{path}.waived_for_fault"),
        waived_reasons=_reasons(reader, f"{path}.waived_reasons", reasons),
        tax_bp=_share(reader, f"{path}.tax_bp"),
    )


def _has(reader: DocumentReader, path: str) -> bool:
    return reader.at(path) is not None


def _share(reader: DocumentReader, path: str) -> int:
    return reader.whole(path, 0, 10_000, _BASIS_POINTS) if _has(reader, path) else 0


def _reasons(reader: DocumentReader, path: str, reasons: Set[str]) -> frozenset[str]:
    if not _has(reader, path):
        return frozenset()
    named = reader.words(path, fold=False)
    for key in sorted(named - reasons):
        reader.fail(path, f"There is no reason {key!r}.")
    return named


def _by_country(reader: DocumentReader, path: str) -> dict[str, int]:
    listed = reader.at(path)
    if listed is None:
        return {}
    if not isinstance(listed, Mapping):
        reader.fail(path, 'Give an amount per country, such as {"DE": 395}.')
        return {}
    for country in listed:
        if not is_country(country):
            reader.fail(path, f"Use two capital letters for a country, such as DE, not {country}.")
    return {country: reader.minor(f"{path}.{country}") for country in listed if is_country(country)}


def is_country(code: str) -> bool:
    """Say whether ``code`` has the shape of a country code of ISO 3166."""
    return len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()
