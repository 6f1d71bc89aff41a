"""The rules of a return policy, small and one by one.

A rule looks at one line (:class:`Case`, :class:`Asked`) and always answers with a
:class:`RuleSpoken`: what it said, the facts it used, and the sentence for shopper and staff. Rules
do not know each other; their order is the order of the tuples at the end. What concerns the whole
request is in ``approval``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from rma.policy import wording
from rma.policy.days import local_day
from rma.policy.document import Closed, Policy, Reason
from rma.policy.questions import open_questions
from rma.policy.types import (
    Claim,
    LineFacts,
    OrderFacts,
    RequestLine,
    Result,
    RuleSpoken,
)
from rma.policy.window_words import opening_facts, opening_words
from rma.policy.windows import Opening, opening_of


@dataclass(frozen=True, slots=True)
class Case:
    """One line under one policy, for a fault report or for any other reason.

    ``reason`` is empty where the answer does not hang on it.
    """

    order: OrderFacts
    policy: Policy
    line: LineFacts
    fault: bool
    reason: str = ""

    @property
    def today(self) -> date:
        return local_day(self.order.now, self.order.time_zone)

    def say(self, key: str, result: Result, sentence: str, staff: str, **facts: Any) -> RuleSpoken:
        return RuleSpoken(key, result, sentence, staff, self.line.key, facts)


@dataclass(frozen=True, slots=True)
class Asked:
    """A case together with what the shopper asks for on that line."""

    case: Case
    requested: RequestLine
    reason: Reason
    quantity_asked: int
    channel: str


def opening_for(case: Case) -> Opening | None:
    """Return when ``case`` is open, or None where no date says when to begin."""
    line = case.line
    sold = line.sold(case.order.time_zone)
    window = case.policy.window
    return opening_of(window, line.kept, sold, reason=case.reason, fault=case.fault)


def gift_card(case: Case) -> RuleSpoken:
    if case.line.gift_card:
        return case.say(
            "gift_card",
            Result.REFUSE,
            _("Gift cards can't be returned"),
            "A gift card.",
            gift_card=True,
        )
    return case.say("gift_card", Result.PASS, "", "No gift card.", gift_card=False)


def sent(case: Case) -> RuleSpoken:
    """Nothing can come back that has not left."""
    line = case.line
    facts: dict[str, Any] = {"quantity_fulfilled": line.quantity_fulfilled}
    if line.quantity_fulfilled > 0:
        staff = f"{line.quantity_fulfilled} of {line.quantity_ordered} sent."
        return case.say("sent", Result.PASS, "", staff, **facts)
    sentence = _("Not sent yet. Come back when it has arrived")
    if line.expected_on is not None:
        expected = wording.short_day(line.expected_on, seen=case.today)
        sentence = _("Not delivered yet. Expected %(day)s. Come back then") % {"day": expected}
    return case.say("sent", Result.REFUSE, sentence, "Not sent yet.", **facts)


def already_returned(case: Case) -> RuleSpoken:
    line = case.line
    facts = {
        "quantity_fulfilled": line.quantity_fulfilled,
        "quantity_claimed": line.quantity_claimed,
        "returns": [claim.rma for claim in line.claims],
    }
    if line.quantity_available > 0:
        staff = f"{line.quantity_available} of {line.quantity_ordered} free to return."
        return case.say("already_returned", Result.PASS, "", staff, **facts)
    sentence = _since(case)
    with wording.for_staff():
        staff = f"{_since(case)}."
    return case.say("already_returned", Result.REFUSE, sentence, staff, **facts)


def _since(case: Case) -> str:
    if not case.line.claims:
        return _("Already returned")
    claim = _latest(case.line.claims)
    since = wording.day(claim.since, seen=case.today)
    return _("In return %(rma)s since %(day)s") % {"rma": claim.rma, "day": since}


def _latest(claims: Sequence[Claim]) -> Claim:
    return max(claims, key=lambda claim: claim.since)


def final_sale(case: Case) -> RuleSpoken:
    closed = case.policy.final_sale
    matched = _match(case.line, closed)
    if closed.lifted:
        staff = "Final sale or not, a rule accepts it."
        return case.say("final_sale", Result.PASS, "", staff, final_sale=False)
    if case.line.final_sale or matched:
        return _closed(case, "final_sale", closed, _sold_finally, matched)
    return case.say("final_sale", Result.PASS, "", "No final sale.", final_sale=False)


def _sold_finally(case: Case) -> str:
    bought = wording.day(local_day(case.line.purchased_at, case.order.time_zone), seen=case.today)
    return _("Sold as final sale on %(day)s") % {"day": bought}


def excluded(case: Case) -> RuleSpoken:
    closed = case.policy.excluded
    matched = _match(case.line, closed)
    if closed.lifted or not matched:
        return case.say("excluded", Result.PASS, "", "Not excluded.", matched=[])
    return _closed(case, "excluded", closed, _not_once_delivered, matched)


def _not_once_delivered(case: Case) -> str:
    if case.line.product_type.casefold() not in case.policy.excluded.product_types:
        return _("This item can't be returned once delivered")
    kind = wording.sentence_case(case.line.product_type)
    # Translators: kind is the shop's own name for such goods, e.g. "Cosmetics"
    return _("%(kind)s can't be returned once delivered") % {"kind": kind}


def _match(line: LineFacts, closed: Closed) -> list[str]:
    """Return the tags and the product type of ``line`` that ``closed`` names, case aside."""
    found = sorted({tag.casefold() for tag in line.tags} & closed.tags)
    kind = line.product_type.casefold()
    return [*found, kind] if kind in closed.product_types else found


def _closed(
    case: Case, key: str, closed: Closed, words: Callable[[Case], str], matched: Sequence[str]
) -> RuleSpoken:
    facts = {"matched": list(matched), "fault": case.fault}
    why = f" ({', '.join(matched)})" if matched else ""
    with wording.for_staff():
        staff = f"{words(case)}{why}"
    if case.fault and closed.fault_allowed:
        return case.say(key, Result.PASS, "", f"{staff}, but faults may be reported.", **facts)
    return case.say(key, Result.REFUSE, words(case), f"{staff}.", **facts)


def window(case: Case) -> RuleSpoken:
    """Open through the end of the last local day, counted in the merchant's calendar."""
    opening = opening_for(case)
    if opening is None:
        return case.say(
            "window",
            Result.REVIEW,
            wording.checked_first(),
            "No delivery date and no rule for that case. Check when it arrived.",
            anchor=None,
        )
    until = opening.span.until
    facts = {"today": case.today.isoformat(), **opening_facts(opening)}
    staff = opening_words(opening, case.today, case.policy.version)
    if case.today <= opening.span.last:
        shown = {"day": wording.short_day(until, seen=case.today)}
        return case.say("window", Result.PASS, _("Open until %(day)s") % shown, staff, **facts)
    return case.say("window", Result.REFUSE, _window_over(case, opening), staff, **facts)


def _window_over(case: Case, opening: Opening) -> str:
    span = opening.span
    if opening.granted is not None:
        return wording.granted_over(span.until, case.today, fault=case.fault)
    return wording.window_over(
        span.days, span.until, span.start, span.anchor, case.today, fault=case.fault
    )


def partly(case: Case) -> str:
    """Say in words which part of the line's quantity can come back."""
    line = case.line
    claim = None
    if line.claims:
        latest = _latest(line.claims)
        claim = (latest.rma, latest.since)
    return wording.part_of(
        line.quantity_available, line.quantity_ordered, line.quantity_claimed, claim, case.today
    )


def quantity(asked: Asked) -> RuleSpoken:
    """At least one unit, and no more than were sent and are free."""
    line, wanted = asked.case.line, asked.quantity_asked
    facts = {"wanted": wanted, "available": line.quantity_available}
    if asked.requested.quantity < 1:
        sentence = _("Choose how many of %(item)s you return") % {"item": line.title}
        staff = f"Choose how many of {line.title} you return."
        return asked.case.say("quantity", Result.REFUSE, sentence, staff, **facts)
    if wanted > line.quantity_available:
        with wording.for_staff():
            staff = f"{wanted} wanted. {partly(asked.case)}."
        return asked.case.say("quantity", Result.REFUSE, partly(asked.case), staff, **facts)
    staff = f"{wanted} of {line.quantity_available} free."
    return asked.case.say("quantity", Result.PASS, "", staff, **facts)


def resolution(asked: Asked) -> RuleSpoken:
    offered, wanted = asked.reason.resolutions, asked.requested.resolution
    facts = {"wanted": wanted, "offered": list(offered), "reason": asked.reason.key}
    if wanted in offered:
        return asked.case.say("resolution", Result.PASS, "", f"{wanted} is offered.", **facts)
    # Translators: outcomes is a list such as "refund, credit or exchange"
    sentence = _("Choose %(outcomes)s for %(item)s") % {
        "outcomes": wording.resolutions(offered),
        "item": asked.case.line.title,
    }
    staff = f"{wanted or 'No outcome'} isn't offered for {asked.reason.full_label()}."
    return asked.case.say("resolution", Result.REFUSE, sentence, staff, **facts)


def photo(asked: Asked) -> RuleSpoken:
    """A required photo: the portal asks for it there and then; elsewhere a person asks later."""
    needed = asked.reason.photo_count
    facts: dict[str, Any] = {"mode": asked.reason.photo, "photos": asked.requested.photos}
    if asked.reason.photos_of:
        facts["of"] = asked.reason.subjects()
    if asked.reason.photo_by_score:
        facts["by"] = "risk"
    if asked.reason.photo != "required" or asked.requested.photos >= needed:
        staff = f"Photos {asked.reason.photo}, {asked.requested.photos} sent."
        return asked.case.say("photo", Result.PASS, "", staff, **facts)
    sentence = wording.photos_wanted(asked.reason, asked.case.line.title)
    result = Result.REFUSE if asked.channel == "portal" else Result.REVIEW
    staff = f"{asked.reason.full_label()} needs a photo and there is none."
    if asked.reason.photo_by_score:
        staff = (
            f"The risk score asks for {needed} of {asked.case.line.title}; "
            f"{asked.requested.photos} sent."
        )
    if asked.reason.photos_of:
        staff = f"{asked.reason.full_label()} needs photos of: {', '.join(asked.reason.subjects())}"
        staff += f"; {asked.requested.photos} sent."
    return asked.case.say("photo", result, sentence, staff, **facts)


def answers(asked: Asked) -> RuleSpoken:
    """The reason's own questions: asked there and then in the portal, elsewhere by a person."""
    given, kind = asked.requested.answers, asked.case.line.product_type
    open_ones = [one.key for one in open_questions(asked.reason, kind, given)]
    facts = {"answers": dict(given), "open": open_ones}
    if not open_ones:
        staff = "Nothing left to ask." if asked.reason.questions else "No questions."
        return asked.case.say("answers", Result.PASS, "", staff, **facts)
    question = next(one for one in asked.reason.questions if one.key == open_ones[0])
    sentence = _("Answer for %(item)s: %(question)s") % {
        "item": asked.case.line.title,
        "question": question.label(get_language() or "en"),
    }
    result = Result.REFUSE if asked.channel == "portal" else Result.REVIEW
    return asked.case.say("answers", result, sentence, f"Not answered: {question.label()}", **facts)


def detail(asked: Asked) -> RuleSpoken:
    """A reason that has details was given without one: a person finds out which is meant."""
    kind = asked.case.line.product_type
    named = [one.key for one in asked.case.policy.details(asked.reason.key, kind)]
    staff = f"{asked.reason.label()}: not said what exactly."
    return asked.case.say(
        "detail",
        Result.REVIEW,
        wording.checked_first(),
        staff,
        reason=asked.reason.key,
        named=named,
    )


CaseRule = Callable[[Case], RuleSpoken]
AskedRule = Callable[[Asked], RuleSpoken]

GOODS_RULES: tuple[CaseRule, ...] = (
    gift_card,
    sent,
    already_returned,
    final_sale,
    excluded,
    window,
)
ASKED_RULES: tuple[AskedRule, ...] = (quantity, resolution, photo)
