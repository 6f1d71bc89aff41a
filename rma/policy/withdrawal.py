"""The right to withdraw from a contract: per line, open until when, closed or exempt and why.

Pure, like the rest of the policy. The clock is the law's and the calendar the merchant's; windows,
final sale and every other rule of a policy have no say here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from rma.policy import approval, processing, wording
from rma.policy.approval import Whole
from rma.policy.days import local_day
from rma.policy.model import WITHDRAWAL, Policy
from rma.policy.types import (
    Decision,
    LineDecision,
    LineFacts,
    OrderFacts,
    RequestFacts,
    RequestLine,
    Result,
    RuleSpoken,
    Verdict,
)
from rma.policy.withdrawal_law import COUNTRIES, DELIVERY_DAYS, EXCEPTIONS, Period, period_after
from rma.policy.withdrawal_terms import Terms

RULE = "withdrawal"
NOT_SENT = "Not sent yet. We stop it, or take it back when it comes"


class Standing(StrEnum):
    """Where a line stands; ``unclear`` is for a person, because the facts do not tell."""

    OPEN = "open"
    CLOSED = "closed"
    EXEMPT = "exempt"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class LineRight:
    """One line: ``sentence`` says until when it is open, or why it is not.

    ``until`` is the last local day; None while the goods are awaited, because the days do not run
    yet. ``quantity`` counts the units that can come back, ``unsent`` those that have not left.
    """

    line_key: str
    standing: Standing
    quantity: int
    unsent: int
    until: date | None
    sentence: str
    staff: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Clock:
    """The days of an order: ``period`` once all goods are there, else until when that is sure."""

    period: Period | None
    taken_for_granted: date

    def is_over(self, today: date) -> bool:
        return self.period is not None and today > self.period.until

    def is_doubtful(self, today: date) -> bool:
        return self.period is None and today > self.taken_for_granted


def withdrawal_right(order: OrderFacts, terms: Terms) -> tuple[LineRight, ...]:
    """Return for each line of ``order`` whether it may be withdrawn at ``order.now``."""
    clock = _clock(order, terms)
    return tuple(_line_right(order, line, terms, clock) for line in order.lines)


def decide(
    order: OrderFacts, request: RequestFacts, policy: Policy, engine_version: int
) -> Decision:
    """Decide a request that withdraws: by law alone, with the rule and its dates in the trace."""
    rights = {right.line_key: right for right in withdrawal_right(order, policy.withdrawal)}
    asked = Counter[str]()
    for requested in request.lines:
        asked[requested.line_key] += requested.quantity
    lines: list[LineDecision] = []
    spoken: list[RuleSpoken] = []
    for requested in request.lines:
        right = rights.get(requested.line_key)
        said = _say(requested, right, asked[requested.line_key])
        spoken += said
        lines.append(_line_decision(requested, right, said, policy))
    whole = Whole(order, request, policy)
    if processing.speaks(whole):
        spoken.append(processing.when_withdrawn(whole))
    charged = approval.fee(whole)
    spoken.append(charged)
    return Decision(
        verdict=_verdict(spoken),
        lines=tuple(lines),
        rules_spoken=tuple(spoken),
        fee_minor=int(charged.facts["fee_minor"]),
        currency=order.currency,
        policy_version=policy.version,
        engine_version=engine_version,
    )


def _clock(order: OrderFacts, terms: Terms) -> _Clock:
    """Count from the delivery of the last good (Article 9(2)(b)(i)); gift cards are no goods."""
    goods = [line for line in order.lines if not line.gift_card]
    latest = [local_day(_latest_known(line), order.time_zone) for line in goods]
    sure = max(latest, default=local_day(order.now, order.time_zone))
    granted = period_after(sure + timedelta(days=DELIVERY_DAYS), terms.holidays).until
    if not goods or any(_is_awaited(line) for line in goods):
        return _Clock(None, granted)
    arrived = [line.delivered_at for line in goods if line.delivered_at is not None]
    last = max(local_day(moment, order.time_zone) for moment in arrived)
    return _Clock(period_after(last, terms.holidays), granted)


def _latest_known(line: LineFacts) -> datetime:
    return line.delivered_at or line.fulfilled_at or line.purchased_at


def _is_awaited(line: LineFacts) -> bool:
    """Part of it has not left, or nobody knows that it arrived.

    What was taken off the order after it was delivered is awaited by nobody.
    """
    if line.delivered_at is None:
        return True
    return 0 < line.quantity_fulfilled < line.quantity_ordered


def _line_right(order: OrderFacts, line: LineFacts, terms: Terms, clock: _Clock) -> LineRight:
    today = local_day(order.now, order.time_zone)
    standing, sentence, staff = (
        _by_country(order)
        or _by_kind(line)
        or _by_exception(line, terms)
        or _by_clock(clock, today)
        or _by_units(line, today)
        or _open(line, terms, clock, today)
    )
    period = clock.period
    return LineRight(
        line_key=line.key,
        standing=standing,
        quantity=line.quantity_available if standing is Standing.OPEN else 0,
        unsent=max(line.quantity_ordered - line.quantity_fulfilled, 0),
        until=period.until if period is not None else None,
        sentence=sentence,
        staff=staff,
        facts={
            "declared": today.isoformat(),
            "country": order.country,
            "delivered": period.event.isoformat() if period is not None else None,
            "fourteenth_day": period.counted.isoformat() if period is not None else None,
            "until": period.until.isoformat() if period is not None else None,
        },
    )


_Answer = tuple[Standing, str, str] | None


def _by_country(order: OrderFacts) -> _Answer:
    country = order.country.upper()
    if not country:
        sentence = "We look at which country it was delivered to"
        return Standing.UNCLEAR, sentence, "The order names no country."
    if country in COUNTRIES:
        return None
    sentence = "The right of withdrawal is for deliveries in the EU and the EEA"
    return Standing.CLOSED, sentence, f"Delivered to {country}, outside the EU and the EEA."


def _by_kind(line: LineFacts) -> _Answer:
    if not line.gift_card:
        return None
    sentence = "We look at whether the gift card was used"
    return Standing.UNCLEAR, sentence, "A gift card: withdrawn only while it is unused."


def _exception_of(line: LineFacts, terms: Terms) -> str:
    tags, kind = {tag.casefold() for tag in line.tags}, line.product_type.casefold()
    hits = (one for one in terms.exempt if tags & one.tags or kind in one.product_types)
    return next((one.exception for one in hits), "")


def _by_exception(line: LineFacts, terms: Terms) -> _Answer:
    key = _exception_of(line, terms)
    if not key or EXCEPTIONS[key].once_unsealed:
        return None
    exception = EXCEPTIONS[key]
    staff = f"Exempt by Article 16({exception.letter}): {key.replace('_', ' ')}."
    return Standing.EXEMPT, f"Exempt from withdrawal. {exception.because}", staff


def _by_clock(clock: _Clock, today: date) -> _Answer:
    if clock.is_doubtful(today):
        sentence = "We look up when your order arrived"
        staff = "No delivery date, and the order is old. Find out when the last item arrived."
        return Standing.UNCLEAR, sentence, staff
    period = clock.period
    if period is None or not clock.is_over(today):
        return None
    ended = wording.day(period.until, seen=today)
    arrived = wording.day(period.event, seen=today)
    sentence = f"The 14 days after {arrived}, when your order was complete, ended on {ended}"
    return Standing.CLOSED, sentence, f"{_counted(period, today)} Ended."


def _by_units(line: LineFacts, today: date) -> _Answer:
    if line.quantity_available:
        return None
    if line.claims:
        claim = max(line.claims, key=lambda one: one.since)
        sentence = f"In return {claim.rma} since {wording.day(claim.since, seen=today)}"
        return Standing.CLOSED, sentence, f"{sentence}."
    if line.quantity_fulfilled < line.quantity_ordered:
        return Standing.UNCLEAR, NOT_SENT, "Withdrawn before it was sent. Stop it and refund it."
    return Standing.CLOSED, "Already returned", "All units came back."


def _open(line: LineFacts, terms: Terms, clock: _Clock, today: date) -> tuple[Standing, str, str]:
    key = _exception_of(line, terms)
    seal = f". {EXCEPTIONS[key].because}" if key else ""
    if clock.period is None:
        sentence = f"Open until 14 days after your last item arrives{seal}"
        return Standing.OPEN, sentence, "Goods are awaited, so the 14 days do not run yet."
    shown = wording.short_day(clock.period.until, seen=today)
    return Standing.OPEN, f"Open until {shown}{seal}", _counted(clock.period, today)


def _counted(period: Period, today: date) -> str:
    event, until = (wording.short_day(one, seen=today) for one in (period.event, period.until))
    words = f"EU right of withdrawal: 14 days after {event} (last delivery), until {until}"
    if period.until == period.counted:
        return f"{words}."
    counted = wording.short_day(period.counted, seen=today)
    return f"{words}, because {counted} is no working day."


_RESULTS = {
    Standing.OPEN: Result.PASS,
    Standing.CLOSED: Result.REFUSE,
    Standing.EXEMPT: Result.REFUSE,
    Standing.UNCLEAR: Result.REVIEW,
}


def _say(requested: RequestLine, right: LineRight | None, asked: int) -> list[RuleSpoken]:
    key = requested.line_key
    if right is None or requested.reason != WITHDRAWAL.key:
        sentence = "Withdraw from items of this order only, and return others by themselves"
        staff = "Not an item of the order, or asked for with another reason."
        return [RuleSpoken("item", Result.REFUSE, sentence, staff, key, {})]
    result = _RESULTS[right.standing]
    spoken = [RuleSpoken(RULE, result, right.sentence, right.staff, key, right.facts)]
    facts = {"wanted": asked, "available": right.quantity}
    if result is Result.PASS and not 1 <= requested.quantity <= asked <= right.quantity:
        sentence = f"{right.quantity} can be withdrawn. Choose 1 to {right.quantity}"
        spoken.append(
            RuleSpoken("quantity", Result.REFUSE, sentence, f"{asked} asked.", key, facts)
        )
    if requested.resolution not in WITHDRAWAL.resolutions:
        sentence = "A withdrawal is always refunded. Choose a refund"
        staff = f"{requested.resolution or 'No outcome'} asked."
        spoken.append(RuleSpoken("resolution", Result.REFUSE, sentence, staff, key, {}))
    return spoken


def _line_decision(
    requested: RequestLine, right: LineRight | None, said: list[RuleSpoken], policy: Policy
) -> LineDecision:
    stop = next((one for one in said if one.result is not Result.PASS), said[0])
    return LineDecision(
        line_key=requested.line_key,
        verdict=_verdict(said),
        rule_key=stop.key,
        sentence=stop.sentence,
        staff=stop.staff,
        until=right.until if right is not None else None,
        resolutions=WITHDRAWAL.resolutions,
        photo_required=False,
        fee_applies=policy.withdrawal.shopper_pays_postage,
    )


def _verdict(spoken: list[RuleSpoken]) -> Verdict:
    results = {one.result for one in spoken}
    if Result.REFUSE in results:
        return Verdict.REFUSE
    return Verdict.REVIEW if Result.REVIEW in results else Verdict.ALLOW
