"""The rules about a request as a whole: is it approved at once, and who pays the way back.

Same contract as in ``rules``: each always answers, with its facts and its sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rma.policy import wording
from rma.policy.keeping import KEPT_OUTCOMES
from rma.policy.model import WITHDRAWAL, Policy, Reason, Risk
from rma.policy.risk import ALLOWED, BLOCKED, KEY, Points, mark_of, reaches_photos
from rma.policy.types import OrderFacts, RequestFacts, RequestLine, Result, RuleSpoken

LABEL, OWN = "label", "own"


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole request: every requested line with its reason, under one policy."""

    order: OrderFacts
    request: RequestFacts
    policy: Policy
    points: tuple[Points, ...] = ()
    # The moment a rule names for each line of the request; empty where none does.
    moments: tuple[str, ...] = ()

    def reasons(self) -> list[tuple[RequestLine, Reason | None]]:
        return [(line, self.policy.reason(line.reason)) for line in self.request.lines]


def automatic(whole: Whole) -> RuleSpoken:
    if whole.policy.approval.automatic:
        return RuleSpoken("automatic", Result.PASS, "", "Easy cases are approved at once.")
    return RuleSpoken(
        "automatic", Result.REVIEW, wording.checked_first(), "A person decides every request."
    )


def value_limit(whole: Whole) -> RuleSpoken:
    """Compare what the shopper paid for the wanted units with the limit for automatic approval."""
    limit, currency = whole.policy.approval.max_value_minor, whole.order.currency
    key = "value_limit"
    if limit is None:
        return RuleSpoken(key, Result.PASS, "", "No value limit.")
    value = sum(
        requested.quantity * line.unit_paid_minor
        for requested in whole.request.lines
        if (line := whole.order.line(requested.line_key)) is not None
    )
    facts = {"value_minor": value, "limit_minor": limit, "currency": currency}
    if currency != whole.policy.currency:
        staff = f"Paid in {currency}, the limit is in {whole.policy.currency}. Compare by hand."
        return RuleSpoken(key, Result.REVIEW, wording.checked_first(), staff, None, facts)
    with wording.for_staff():
        worth, allowed = wording.money(value, currency), wording.money(limit, currency)
    if value > limit:
        staff = f"Over the limit of {allowed}: worth {worth}."
        return RuleSpoken(key, Result.REVIEW, wording.checked_first(), staff, None, facts)
    return RuleSpoken(key, Result.PASS, "", f"Worth {worth}, within {allowed}.", None, facts)


def review_reason(whole: Whole) -> RuleSpoken:
    watched = whole.policy.approval.review_reasons
    hits = [
        reason
        for _, reason in whole.reasons()
        if reason is not None and not watched.isdisjoint(reason.keys)
    ]
    facts = {"reasons": [reason.key for reason in hits]}
    if not hits:
        staff = "No reason that a person checks."
        return RuleSpoken("review_reason", Result.PASS, "", staff, None, facts)
    photos = any(line.photos for line in whole.request.lines)
    sentence = _("We look at your photos first. You'll hear from us by e-mail")
    labels = ", ".join(dict.fromkeys(reason.full_label() for reason in hits))
    staff = f"{labels}: a person checks."
    return RuleSpoken(
        "review_reason",
        Result.REVIEW,
        sentence if photos else wording.checked_first(),
        staff,
        None,
        facts,
    )


def first_return(whole: Whole) -> RuleSpoken:
    earlier = whole.order.earlier_returns
    facts = {"earlier_returns": earlier}
    if whole.policy.approval.first_return_only and earlier > 0:
        staff = f"{earlier} earlier return{'s' if earlier > 1 else ''} by this shopper."
        return RuleSpoken(
            "first_return", Result.REVIEW, wording.checked_first(), staff, None, facts
        )
    staff = "Earlier returns are no obstacle."
    return RuleSpoken("first_return", Result.PASS, "", staff, None, facts)


def risk(whole: Whole) -> RuleSpoken:
    """Say what the risk points of the merchant's rules add up to, and who is on a list."""
    limit, order, parts = whole.policy.risk, whole.order, whole.points
    if limit is None:
        return RuleSpoken(KEY, Result.PASS, "", "Nobody is scored.")
    score = sum(one.points for one in parts)
    mark = mark_of(order)
    facts: dict[str, Any] = {
        "score": score,
        "review_at": limit.review_at,
        "shadow": limit.shadow,
        "mark": mark,
        "parts": [[one.rule, one.points] for one in parts],
    }
    named = ", ".join(f"{one.name} {one.points}" for one in parts)
    words = f"Risk score {score} of {limit.review_at}: {named}." if parts else "Risk score 0."
    if limit.photos_at is not None:
        asks = reaches_photos(limit, order, parts)
        facts |= {"photos_at": limit.photos_at, "photos": asks and not limit.shadow}
        words += _photo_words(limit) if asks else ""
    if mark == ALLOWED:
        return RuleSpoken(KEY, Result.PASS, "", f"On the allow list. {words}", None, facts)
    if mark == BLOCKED:
        words = f"On the block list. {words}"
        return RuleSpoken(KEY, Result.REVIEW, wording.checked_first(), words, None, facts)
    if score < limit.review_at:
        return RuleSpoken(KEY, Result.PASS, "", words, None, facts)
    if limit.shadow:
        return RuleSpoken(KEY, Result.NOTE, "", f"{words} Only noted.", None, facts)
    return RuleSpoken(KEY, Result.REVIEW, wording.checked_first(), words, None, facts)


def _photo_words(limit: Risk) -> str:
    if limit.shadow:
        return f" Photos would be asked for, from {limit.photos_at} points on. Only noted."
    return f" Photos are asked for, from {limit.photos_at} points on."


def waives_fee(policy: Policy, reason: Reason | None, wanted: str) -> str | None:
    """Return why such a line comes back free of charge, or None if it bears the fee."""
    if wanted in KEPT_OUTCOMES:
        return "kept"
    if reason is WITHDRAWAL:
        return None if policy.withdrawal.shopper_pays_postage else "withdrawal"
    if reason is not None and reason.fault and policy.fee.waived_for_fault:
        return "fault"
    if reason is not None and not policy.fee.waived_reasons.isdisjoint(reason.keys):
        return "reason"
    if wanted in ("exchange", "replacement", "repair") and policy.fee.waived_for_exchange:
        return "exchange"
    return None


def fee_waiver(
    policy: Policy, wishes: Iterable[tuple[str, str]], method: str = LABEL
) -> str | None:
    """Return why a return of these ``(reason, outcome)`` is free, or None if the fee is due.

    ``own_carrier``, ``fault``, ``exchange``, ``both`` of these two, ``reason``, ``kept``,
    ``withdrawal`` or ``several`` of them; one line that bears the fee makes it due. The fee is for
    our label: who pays a carrier of their own pays nobody twice.
    """
    if method == OWN:
        return "own_carrier"
    waivers = {waives_fee(policy, policy.reason(reason), wanted) for reason, wanted in wishes}
    if None in waivers or not waivers:
        return None
    if len(waivers) == 1:
        return next(iter(waivers))
    return "both" if waivers == {"fault", "exchange"} else "several"


_FREE = {
    "own_carrier": gettext_lazy("Free, because you send it yourself"),
    "fault": gettext_lazy("Free, because we made the mistake"),
    "exchange": gettext_lazy("Free, because you exchange"),
    "both": gettext_lazy("Free, because of a mistake of ours and an exchange"),
    "reason": gettext_lazy("Free for the reason you gave"),
    "kept": gettext_lazy("Free, because nothing is sent"),
    "several": gettext_lazy("Free for all your items"),
    "withdrawal": gettext_lazy("Free, because you withdraw from the contract"),
}


def free_because(waiver: str) -> str:
    """Say to the shopper why return shipping is free; empty for a waiver unknown by now."""
    return str(_FREE.get(waiver, ""))


def fee(whole: Whole) -> RuleSpoken:
    """Note the return-shipping fee: once per return, if any line bears it."""
    policy, order = whole.policy, whole.order
    facts: dict[str, Any] = {"fee_minor": 0, "currency": order.currency}
    minor = policy.fee.amount_for(order.country)
    if minor == 0:
        free = _("Return shipping is free")
        return RuleSpoken("fee", Result.NOTE, free, "No fee.", None, facts)
    if policy.currency != order.currency:
        staff = f"No fee: it is set in {policy.currency} and the order was in {order.currency}."
        return RuleSpoken("fee", Result.NOTE, _("Return shipping is free"), staff, None, facts)
    asked = whole.request
    wishes = [(line.reason, line.resolution) for line in asked.lines]
    waiver = fee_waiver(policy, wishes, asked.method)
    with wording.for_staff():
        amount = wording.money(minor, order.currency)
    if waiver is None:
        facts["fee_minor"] = minor
        sentence, staff = _("Return shipping, %(amount)s comes off your refund"), f"Fee {amount}."
        if policy.fee.label_cost:
            sentence = _("Return shipping, %(amount)s at most, comes off your refund")
            staff = f"Fee: what the label costs, {amount} at most."
        named = {"amount": wording.money(minor, order.currency)}
        return RuleSpoken("fee", Result.NOTE, sentence % named, staff, None, facts)
    facts["waived"] = waiver
    staff = f"Fee {amount} waived ({waiver})."
    return RuleSpoken("fee", Result.NOTE, free_because(waiver), staff, None, facts)


WholeRule = Callable[[Whole], RuleSpoken]

APPROVAL_RULES: tuple[WholeRule, ...] = (automatic, value_limit, review_reason, first_return)
