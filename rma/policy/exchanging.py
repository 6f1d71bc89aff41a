"""The section ``exchange`` of a policy document: what items may be exchanged for.

A document without the section exchanges within one product, and no money moves.
"""

from __future__ import annotations

from collections.abc import Mapping

from rma.policy.model import CHEAPER, DEARER, Exchanges
from rma.policy.reader import DocumentReader

SECTION = "exchange"


def read_exchanges(reader: DocumentReader) -> Exchanges:
    """Read the section; every mistake goes to ``reader`` with its path."""
    if not isinstance(reader.document, Mapping) or SECTION not in reader.document:
        return Exchanges()
    reader.keys(SECTION, {"any_product", "cheaper", "dearer"})
    return Exchanges(
        any_product=reader.flag(f"{SECTION}.any_product"),
        cheaper=reader.choice(f"{SECTION}.cheaper", CHEAPER),
        dearer=reader.choice(f"{SECTION}.dearer", DEARER),
    )
