"""Sealed columns open only where they were sealed; blind indexes find equal texts."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from returns_portal.core import crypto
from returns_portal.core.crypto import SealBroken, blind_index, seal, unseal
from returns_portal.core.ids import new_id

MERCHANT = new_id()


def test_unseal_returns_what_was_sealed() -> None:
    sealed = seal("Maya Ødegård".encode(), merchant_id=MERCHANT, column="t.c")

    assert unseal(sealed, column="t.c").decode() == "Maya Ødegård"
    assert b"Maya" not in sealed


def test_unseal_in_another_column_is_refused() -> None:
    sealed = seal(b"x", merchant_id=MERCHANT, column="t.c")

    with pytest.raises(SealBroken):
        unseal(sealed, column="t.d")


def test_unseal_under_another_merchant_is_refused() -> None:
    sealed = bytearray(seal(b"x", merchant_id=MERCHANT, column="t.c"))
    start = 2 + sealed[1]
    sealed[start : start + 16] = new_id().bytes

    with pytest.raises(SealBroken):
        unseal(bytes(sealed), column="t.c")


@pytest.mark.parametrize("size", [0, 1, 20, 45])
def test_unseal_of_garbage_is_refused(size: int) -> None:
    with pytest.raises(SealBroken):
        unseal(b"\x01" * size, column="t.c")


def test_new_key_seals_and_old_one_still_opens(settings: Any) -> None:
    first = "a:" + base64.b64encode(b"1" * 32).decode()
    second = "b:" + base64.b64encode(b"2" * 32).decode()
    settings.FIELD_KEYS = [first]
    crypto._ring.cache_clear()
    crypto._derive.cache_clear()
    old = seal(b"x", merchant_id=MERCHANT, column="t.c")
    index = blind_index("a@b.c", merchant_id=MERCHANT, purpose="email")

    settings.FIELD_KEYS = [second, first]
    crypto._ring.cache_clear()
    new = seal(b"x", merchant_id=MERCHANT, column="t.c")

    assert unseal(old, column="t.c") == unseal(new, column="t.c") == b"x"
    assert new[2:3] == b"b"
    assert blind_index("a@b.c", merchant_id=MERCHANT, purpose="email") == index
    crypto._ring.cache_clear()


def test_blind_index_folds_case_and_space_and_separates_merchants() -> None:
    one = blind_index(" Maya@Example.com ", merchant_id=MERCHANT, purpose="email")

    assert one == blind_index("maya@example.com", merchant_id=MERCHANT, purpose="email")
    assert one != blind_index("maya@example.com", merchant_id=new_id(), purpose="email")
    assert one != blind_index("maya@example.com", merchant_id=MERCHANT, purpose="postcode")
