"""Stripe's webhooks: only Stripe's own bytes count, and nothing in them is trusted further."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refunds.providers.base import NoticeKind, RefundStatus
from refunds.providers.stripe import StripeRefunds
from returns_portal.core import clock
from returns_portal.core.errors import InvalidInput
from returns_portal.integrations.outcomes import BadSignature
from tests.shared_data import shared_path
from tests.simulators.stripe import API_KEY, SECRET, StripeSimulator

REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 1000,
    "currency": "eur",
    "charge": "ch_1",
    "payment_intent": "pi_1",
    "status": "failed",
    "metadata": {"operation_id": "op-1"},
}


def test_refund_event_names_refund_payment_and_operation(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    body = stripe_sim.event("refund.updated", REFUND)

    (notice,) = stripe_refunds.parse_webhook(body, stripe_sim.sign(body))

    assert notice.kind is NoticeKind.REFUND
    assert notice.provider_refund_id == "re_1"
    assert notice.payment_references == ("pi_1", "ch_1")
    assert (notice.operation_id, notice.status) == ("op-1", RefundStatus.FAILED)
    assert notice.event_id.startswith("evt_")
    assert notice.live is False


@pytest.mark.parametrize(
    ("event_type", "kind"),
    [
        ("refund.created", NoticeKind.REFUND),
        ("refund.failed", NoticeKind.REFUND),
        ("charge.refund.updated", NoticeKind.REFUND),
        ("charge.refunded", NoticeKind.PAYMENT),
        ("charge.dispute.created", NoticeKind.DISPUTE),
        ("charge.dispute.funds_withdrawn", NoticeKind.DISPUTE),
        ("customer.created", NoticeKind.OTHER),
        ("invoice.paid_by_moonlight", NoticeKind.OTHER),
    ],
)
def test_event_types_fall_into_kinds(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds, event_type: str, kind: NoticeKind
) -> None:
    body = stripe_sim.event(event_type, REFUND)

    (notice,) = stripe_refunds.parse_webhook(body, stripe_sim.sign(body))

    assert notice.kind is kind
    assert notice.event_type == event_type


def test_charge_refunded_names_the_charge_itself(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    charge = {"id": "ch_9", "object": "charge", "payment_intent": {"id": "pi_9"}}
    body = stripe_sim.event("charge.refunded", charge)

    (notice,) = stripe_refunds.parse_webhook(body, stripe_sim.sign(body))

    assert notice.payment_references == ("pi_9", "ch_9")
    assert notice.provider_refund_id is None


@pytest.mark.parametrize("skew", [-301, 301, -90_000, 90_000])
def test_too_old_or_from_the_future_is_refused(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds, skew: int
) -> None:
    body = stripe_sim.event("refund.updated", REFUND)

    with pytest.raises(BadSignature):
        stripe_refunds.parse_webhook(body, stripe_sim.sign(body, at=stripe_sim.clock() + skew))


@pytest.mark.parametrize("skew", [-295, 295])
def test_small_skew_is_accepted(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds, skew: int
) -> None:
    body = stripe_sim.event("refund.updated", REFUND)

    headers = stripe_sim.sign(body, at=stripe_sim.clock() + skew)

    assert len(stripe_refunds.parse_webhook(body, headers)) == 1


def test_either_secret_counts_while_it_is_being_changed(stripe_sim: StripeSimulator) -> None:
    provider = StripeRefunds({"api_key": API_KEY, "webhook_secret": ["whsec_new", SECRET]})
    body = stripe_sim.event("refund.updated", REFUND)

    assert provider.parse_webhook(body, stripe_sim.sign(body, "whsec_other", "whsec_new"))
    assert provider.parse_webhook(body, stripe_sim.sign(body, SECRET))
    with pytest.raises(BadSignature):
        provider.parse_webhook(body, stripe_sim.sign(body, "whsec_other"))


def test_one_right_signature_among_wrong_ones_counts(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    body = stripe_sim.event("refund.updated", REFUND)
    headers = stripe_sim.sign(body)
    header = headers["Stripe-Signature"].replace(",v1=", ",v1=bad_signature,v1=") + ",v0=x"

    assert stripe_refunds.parse_webhook(body, {"STRIPE-SIGNATURE": header})


def test_thin_event_is_kept_as_something_else(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    body = b'{"object": "v2.core.event", "id": "evt_1", "type": "v1.refund.updated"}'

    (notice,) = stripe_refunds.parse_webhook(body, stripe_sim.sign(body))

    assert (notice.kind, notice.event_id) == (NoticeKind.OTHER, "evt_1")


def test_without_a_secret_nothing_is_accepted(stripe_sim: StripeSimulator) -> None:
    provider = StripeRefunds({"api_key": API_KEY})
    body = stripe_sim.event("refund.updated", REFUND)

    with pytest.raises(BadSignature):
        provider.parse_webhook(body, stripe_sim.sign(body, ""))


@pytest.mark.parametrize(
    ("ours", "theirs", "accepted"),
    [
        (None, None, True),
        ("acct_1", "acct_1", True),
        ("acct_1", "acct_2", False),
        ("acct_1", None, False),
        (None, "acct_1", False),
    ],
)
def test_the_event_must_be_of_our_account(
    stripe_sim: StripeSimulator, ours: str | None, theirs: str | None, accepted: bool
) -> None:
    credentials = {"api_key": API_KEY, "webhook_secret": SECRET, "stripe_account": ours}
    body = stripe_sim.event("refund.updated", REFUND, **({"account": theirs} if theirs else {}))
    headers = stripe_sim.sign(body)

    if accepted:
        assert StripeRefunds(credentials).parse_webhook(body, headers)
    else:
        with pytest.raises(BadSignature):
            StripeRefunds(credentials).parse_webhook(body, headers)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_signed_nonsense_is_a_clear_refusal(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds, body: bytes
) -> None:
    with pytest.raises(InvalidInput):
        stripe_refunds.parse_webhook(body, stripe_sim.sign(body))


def test_recorded_vector_passes_and_each_damaged_one_fails() -> None:
    vectors = json.loads(shared_path("stripe/webhook_signature_vectors.json").read_text())
    good = vectors["positive"][0]
    provider = StripeRefunds(
        {"api_key": API_KEY, "webhook_secret": good["secret"], "stripe_account": "acct_123"}
    )
    body = good["payload"].encode()

    with clock.at(datetime.fromtimestamp(good["now"], UTC)):
        assert provider.parse_webhook(body, {"stripe-signature": good["header"]})
        for bad in [one for one in vectors["negative"] if one["expect"].startswith("reject")]:
            header = bad.get("header", good["header"])
            header = good["header"] if header == "as positive" else header
            changed = body + bad.get("payload_suffix", "").encode()
            with (
                clock.shifted(timedelta(seconds=bad.get("now", good["now"]) - good["now"])),
                pytest.raises(BadSignature),
            ):
                provider.parse_webhook(changed, {"stripe-signature": header})


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_one_flipped_bit_is_refused(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds, place: int, bit: int
) -> None:
    body = bytearray(stripe_sim.event("refund.updated", REFUND))
    headers = stripe_sim.sign(bytes(body))
    body[place % len(body)] ^= 1 << bit

    with pytest.raises(BadSignature):
        stripe_refunds.parse_webhook(bytes(body), headers)
