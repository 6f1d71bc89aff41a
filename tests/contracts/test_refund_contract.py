"""What every refund provider promises, asked of each of them."""

from __future__ import annotations

import pytest

from refunds.providers import registry
from refunds.providers.base import RefundStatus
from returns_portal.core.errors import NotFound
from returns_portal.core.money import Money
from returns_portal.integrations.outcomes import Declined
from tests.contracts.refund_cases import RefundCase


def test_send_answers_for_this_operation_and_amount(refund_case: RefundCase) -> None:
    order = refund_case.order("op-1", 1234)

    answer = refund_case.provider.send(order, key="key-1")

    assert answer.amount == Money(1234, "EUR")
    assert answer.operation_id == "op-1"
    assert answer.provider_refund_id
    by_hand = refund_case.provider.capabilities.settled_by_hand
    assert answer.status is (RefundStatus.REQUIRES_ACTION if by_hand else RefundStatus.SUCCEEDED)


def test_send_repeated_with_the_same_key_makes_one_refund(refund_case: RefundCase) -> None:
    order = refund_case.order("op-1")

    answers = [refund_case.provider.send(order, key="key-1") for _ in range(3)]

    assert len({answer.provider_refund_id for answer in answers}) == 1
    if refund_case.paid_out:
        assert refund_case.paid_out() == ["op-1"]


def test_send_for_two_operations_makes_two_refunds(refund_case: RefundCase) -> None:
    first = refund_case.provider.send(refund_case.order("op-1"), key="key-1")
    second = refund_case.provider.send(refund_case.order("op-2"), key="key-2")

    assert first.provider_refund_id != second.provider_refund_id
    if refund_case.paid_out:
        assert sorted(refund_case.paid_out()) == ["op-1", "op-2"]


def test_find_before_sending_finds_nothing_and_makes_nothing(refund_case: RefundCase) -> None:
    assert refund_case.provider.find(refund_case.order("op-1"), key="key-1") is None
    if refund_case.paid_out:
        assert refund_case.paid_out() == []


@pytest.mark.parametrize("refund_case", ["stripe", "builtin"], indirect=True)
def test_find_and_read_agree_with_the_answer(refund_case: RefundCase) -> None:
    order = refund_case.order("op-1")
    refund_case.provider.send(refund_case.order("op-0"), key="key-0")
    answer = refund_case.provider.send(order, key="key-1")

    found = refund_case.provider.find(order, key="key-1")
    read = refund_case.provider.read(answer.provider_refund_id)

    assert found is not None
    assert found.provider_refund_id == read.provider_refund_id == answer.provider_refund_id
    assert found.amount == read.amount == answer.amount
    assert found.status is read.status is RefundStatus.SUCCEEDED


def test_read_unknown_refund_is_declined(refund_case: RefundCase) -> None:
    with pytest.raises(Declined):
        refund_case.provider.read("re_does_not_exist")


def test_registry_knows_each_provider_by_its_name(refund_case: RefundCase) -> None:
    kind = type(refund_case.provider)

    assert registry.provider_class(kind.name) is kind
    assert kind.label


def test_registry_refuses_an_unknown_name() -> None:
    with pytest.raises(NotFound, match="builtin, manual, stripe"):
        registry.build("paypig", {})


def test_build_without_credentials_names_the_missing_one() -> None:
    with pytest.raises(Declined) as refusal:
        registry.build("stripe", {"api_key": "  "})

    assert refusal.value.field == "api_key"
    assert refusal.value.retryable
