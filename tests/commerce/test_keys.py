"""Indexes by which shoppers are told to be the same: what people write in many ways is one key."""

from __future__ import annotations

import pytest

from returns_portal.commerce.keys import address_index, card_index, mailbox_index

pytestmark = pytest.mark.usefixtures("scoped")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("maya@example.com", " Maya@Example.com ", True),
        ("maya@example.com", "maya+returns@example.com", True),
        ("m.a.ya+x@gmail.com", "maya@googlemail.com", True),
        ("m.aya@example.com", "maya@example.com", False),
        ("maya@example.com", "maya@example.org", False),
    ],
)
def test_mailbox_index_is_of_where_mail_arrives(one: str, other: str, same: bool) -> None:
    assert (mailbox_index(one) == mailbox_index(other)) is same
    assert len(mailbox_index(one)) == 16


HOME = ("12 Main Street", "Apartment 3", "D02 XY45", "Dublin", "IE")


@pytest.mark.parametrize(
    ("written", "same"),
    [
        (("12 main st.", "apt 3", "d02xy45", "Baile Átha Cliath", "ie"), True),
        (("12, Main Street, Apt. 3", "", "D02-XY45", "", "IE"), True),
        (("12 Main Street", "Apartment 4", "D02 XY45", "Dublin", "IE"), False),
        (("1 Main Street", "2 Apartment 3", "D02 XY45", "Dublin", "IE"), False),
        (("12 Main Street", "Apartment 3", "D02 XY46", "Dublin", "IE"), False),
        (("12 Main Street", "Apartment 3", "D02 XY45", "Dublin", "GB"), False),
    ],
)
def test_address_index_is_of_the_door(written: tuple[str, ...], same: bool) -> None:
    assert (address_index(*HOME) == address_index(*written)) is same


def test_address_index_reads_german_streets_written_short_or_long() -> None:
    long = address_index("Weserstraße 58", "", "12045", "Berlin", "DE")

    assert long == address_index("Weserstr. 58", "", "12045", "Berlin", "DE")
    assert long != address_index("Weserstr. 5", "8", "12045", "Berlin", "DE")


def test_address_index_without_a_postal_code_goes_by_the_city() -> None:
    here = address_index("Block 4, Street 12", "House 8", "", "Salmiya", "KW")

    assert here == address_index("block 4 street 12", "house 8", "", "SALMIYA", "KW")
    assert here != address_index("Block 4, Street 12", "House 8", "", "Hawalli", "KW")


@pytest.mark.parametrize("nothing", ["", "  ", "@", "@example.com", "maya", "+x@example.com"])
def test_what_is_no_mailbox_has_no_index(nothing: str) -> None:
    assert mailbox_index(nothing) == b""


@pytest.mark.parametrize(
    ("street", "postcode", "city"), [("", "12045", "Berlin"), ("–", "12045", ""), ("A 1", "", "")]
)
def test_what_is_no_address_has_no_index(street: str, postcode: str, city: str) -> None:
    assert address_index(street, "c/o Maya", postcode, city, "DE") == b""


def test_card_index_is_of_the_fingerprint_alone() -> None:
    assert card_index(" fp_1 ") == card_index("fp_1") != card_index("fp_2")
    assert card_index("  ") == b""
