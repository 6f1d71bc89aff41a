"""One draft with everything its pages need: the order, what policy offers, the answers so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from returns_portal.commerce.models import Order, OrderLine, Variant
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core import clock
from returns_portal.core.money import Money, share
from returns_portal.tenancy.models import Merchant
from rma.actions.opening import claimed_units
from rma.changes import adds_nothing, kept_photos, set_aside, why_unchangeable
from rma.drafts import Answer, answers_of, photos_of
from rma.models import Photo, Return, ReturnDraft
from rma.policy.days import local_day
from rma.policy.document import Policy, Reason
from rma.policy.engine import evaluate, offer
from rma.policy.facts import build
from rma.policy.gifts import OUTCOME, gift_terms
from rma.policy.live import live_policy
from rma.policy.model import Exchanges
from rma.policy.tailoring import LineView, held_share, reasons_of, tailor
from rma.policy.types import (
    Decision,
    LineOffer,
    Offer,
    OrderFacts,
    RequestFacts,
    RequestLine,
)
from rma.policy.wording import open_until
from rma.quoting import Quote, QuoteLine, quote_return
from rma.states import ResolutionKind, nothing_is_sent
from rma.swaps import unit_price


@dataclass(frozen=True, slots=True)
class Changed:
    """The return that a draft changes, with the units it holds and the photos it has, by line."""

    rma: Return
    held: dict[UUID, int]
    photos: dict[UUID, int]


@dataclass(frozen=True, slots=True)
class Basket:
    """A draft as read. ``answers`` are those for lines that can still be returned, in order.

    A draft that changes a return reads the order as if that held no units of it.

    ``live`` is the policy in force, ``policy`` what its rules make of it for these answers, and
    ``views`` the same for each line that is answered. ``picked`` are the replacements chosen so
    far, with their products.
    """

    draft: ReturnDraft
    merchant: Merchant
    order: Order
    lines: list[OrderLine]
    live: Policy
    policy: Policy
    views: dict[UUID, LineView]
    facts: OrderFacts
    offer: Offer
    answers: list[Answer]
    photos: dict[UUID, list[Photo]]
    picked: dict[UUID, Variant]
    changed: Changed | None = None

    @property
    def is_gift(self) -> bool:
        """Tell whether a receiver returns it, who sees neither prices nor anything of the buyer."""
        return self.draft.receiver_id is not None

    @property
    def email(self) -> str:
        """Return where the answer goes: of a gift, to its receiver."""
        return str((self.draft.receiver or self.order).email)

    def photo_count(self, line_id: UUID) -> int:
        """Return how many photos there are of a line, with those a changed return has already."""
        kept = self.changed.photos.get(line_id, 0) if self.changed else 0
        return kept + len(self.photos.get(line_id, ()))

    def line(self, line_id: UUID) -> OrderLine:
        return next(line for line in self.lines if line.pk == line_id)

    def offer_of(self, line: OrderLine) -> LineOffer:
        found = self.offer.line(str(line.pk))
        if found is None:
            raise LookupError(f"no offer for line {line.pk}")
        return found

    def reasons_for(self, line: OrderLine) -> list[Reason]:
        """Return the reasons that may be given for a line, as the rules leave them for it."""
        facts, offered = self.facts.line(str(line.pk)), self.offer_of(line).reasons
        known = reasons_of(self.live, self.facts, facts) if facts is not None else []
        open_reasons = [reason for reason, _view in known if reason.key in offered]
        if self.is_gift:
            return [reason for reason in open_reasons if OUTCOME in reason.resolutions]
        return open_reasons

    def reason(self, answer: Answer) -> Reason | None:
        view = self.views.get(answer.order_line_id)
        return (view or self.policy).reason(answer.reason)

    def restocking_bp(self, answer: Answer) -> int | None:
        """Return what rules hold back of an item for what is wanted, in basis points."""
        view = self.views.get(answer.order_line_id)
        return (
            held_share(view.policy, answer.wanted)
            if view is not None and not self.is_gift
            else None
        )

    def kept_worth(self, answer: Answer, outcome: str, worth: Money) -> Money:
        """Return what goes back for an item that is worth this much and is not sent back."""
        view = self.views.get(answer.order_line_id)
        keeping = (view.policy if view is not None else self.policy).keeping
        held = share(worth.minor, keeping.held_share(outcome), 10_000)
        return worth - Money(held, worth.currency)

    @property
    def nothing_is_sent(self) -> bool:
        return nothing_is_sent(one.wanted for one in self.answers)

    def exchanges(self, answer: Answer) -> Exchanges:
        """Return what an item may be exchanged for, as the rules leave it."""
        view = self.views.get(answer.order_line_id)
        return (view.policy if view is not None else self.policy).exchange

    def replacement_minor(self, answer: Answer, variant: Variant | None) -> int | None:
        """Return what the answer's units of a replacement cost, gross; None for an even swap."""
        line = self.line(answer.order_line_id)
        own = line.variant
        if variant is None or (own is not None and own.product_id == variant.product_id):
            return None
        price = unit_price(variant, line, taxes_included=self.order.taxes_included)
        return None if price is None else price * answer.quantity

    def resolutions(self, answer: Answer) -> list[str]:
        """Return what may be chosen, in the order of interest; credit needs a customer to keep."""
        reason = self.reason(answer)
        keys = reason.resolutions if reason is not None else ()
        if self.is_gift:
            return [key for key in keys if key == OUTCOME]
        no_account = self.order.customer_id is None
        return [key for key in keys if not (no_account and key == ResolutionKind.STORE_CREDIT)]

    @property
    def today(self) -> date:
        return clock.today(self.merchant.time_zone)

    @property
    def send_by(self) -> date:
        """Return the last day to send the parcel if the return is approved today."""
        return self.today + timedelta(days=self.policy.send_within_days)

    @property
    def refund_by(self) -> date:
        return self.send_by + timedelta(days=self.policy.refund_days)

    @property
    def method(self) -> str:
        """Return how the parcel is sent as far as we know: as chosen before, else the usual way."""
        told = self.draft.content.get("method", "")
        return str(told) if told in self.policy.methods else self.policy.methods[0]

    def decision(self) -> Decision:
        """Return what policy would say to the answers now, all of them chosen."""
        asked = _request(self.answers, self.photo_count)
        return evaluate(self.facts, asked, self.live)

    def asks_photos(self, answers: Iterable[Answer]) -> bool:
        """Say whether the risk score of ``answers`` asks for photos of every item."""
        if self.live.risk is None or self.live.risk.photos_at is None:
            return False
        asked = _request(answers, self.photo_count)
        return tailor(self.live, self.facts, asked).asks_photos

    def price(self, answers: Iterable[Answer], method: str = Return.Method.LABEL) -> Quote | None:
        """Price what is chosen of ``answers``, sent by ``method``; None when nothing is."""
        lines = [
            QuoteLine(
                one.order_line_id,
                one.quantity,
                one.reason,
                one.wanted,
                restocking_bp=self.restocking_bp(one),
                replacement_minor=self.replacement_minor(one, self._variant_of(one)),
            )
            for one in answers
            if one.wanted
        ]
        if not lines:
            return None
        return quote_return(self.order, lines, self.policy, method=method)

    def _variant_of(self, answer: Answer) -> Variant | None:
        wanted = answer.exchange_variant_id
        return self.picked.get(wanted) if wanted is not None else None

    def worth(self, answers: Iterable[Answer]) -> dict[UUID, Money]:
        """Return what each item brings as money, before any fee, whatever is chosen for it."""
        lines = [
            QuoteLine(one.order_line_id, one.quantity, one.reason, ResolutionKind.REFUND)
            for one in answers
        ]
        return quote_return(self.order, lines, self.policy).per_line if lines else {}


def read_basket(merchant: Merchant, draft: ReturnDraft) -> Basket:
    """Read a draft. The number of statements does not depend on the order's size.

    Answers that no longer hold (the units went into another return, policy dropped the reason) are
    left out.
    """
    order = order_for_return(draft.order_id)
    _version, live = live_policy()
    changed = _changed(draft, order)
    told, photos = answers_of(draft), photos_of(draft)
    lines = [line for line in order.lines.all() if not line.is_removed]
    facts, offered = _offered(merchant, draft, order, live, changed, told.values())
    answers = [told[line.pk] for line in lines if _stands(told.get(line.pk), offered, line)]
    basket = Basket(
        draft=draft,
        merchant=merchant,
        order=order,
        lines=lines,
        live=live,
        policy=live,
        views={},
        facts=facts,
        offer=offered,
        answers=answers,
        photos=photos,
        picked=_picked(answers),
        changed=changed,
    )
    tailored = tailor(live, facts, _request(answers, basket.photo_count))
    views = {one.order_line_id: view for one, view in zip(answers, tailored.lines, strict=True)}
    whole = gift_terms(tailored.whole) if basket.is_gift else tailored.whole
    return replace(basket, policy=whole, views=views)


def _changed(draft: ReturnDraft, order: Order) -> Changed | None:
    """Set the units of the return aside that a draft changes. Four statements, if it does.

    Raises InvalidTransition once it can't be changed any more.
    """
    if draft.changes_id is None:
        return None
    rma = Return.objects.prefetch_related("lines", "shipments").get(pk=draft.changes_id)
    refusal = why_unchangeable(rma, rma.lines.all(), rma.shipments.all())
    if refusal is not None:
        raise refusal
    held = claimed_units(rma.lines.all())
    set_aside(order.lines.all(), held)
    return Changed(rma, held, kept_photos(rma))


def _offered(
    merchant: Merchant,
    draft: ReturnDraft,
    order: Order,
    live: Policy,
    changed: Changed | None,
    told: Iterable[Answer],
) -> tuple[OrderFacts, Offer]:
    """Return the facts and what policy offers on them: of today, and for a changed return's own
    items of the day it was asked for, as long as nothing is added to it."""

    def at(moment: datetime) -> OrderFacts:
        but = changed.rma.pk if changed else None
        return build(order, moment, policy=live, time_zone=merchant.time_zone, but=but)

    today = at(clock.now())
    if draft.receiver_id is not None:
        return _offered_as_gift(today, live)
    if changed is None:
        return today, offer(today, live)
    then = at(changed.rma.created_at)
    own = {line.line_key: line for line in offer(then, live).lines}
    keys = {str(line_id) for line_id in changed.held}
    offered = offer(today, live)
    lines = tuple(own[line.line_key] if line.line_key in keys else line for line in offered.lines)
    adds = not adds_nothing({one.order_line_id: one.quantity for one in told}, changed.held)
    return today if adds else then, replace(offered, lines=lines)


def _offered_as_gift(facts: OrderFacts, live: Policy) -> tuple[OrderFacts, Offer]:
    """Return facts without the other returns, which are the buyer's business, and the offer in
    words that name credit alone."""
    bare = replace(facts, lines=tuple(replace(line, claims=()) for line in facts.lines))
    offered, seen = offer(bare, live), local_day(facts.now, facts.time_zone)

    def worded(line: LineOffer) -> LineOffer:
        if not line.resolutions:
            return line
        usual = open_until(line.resolutions, line.until, seen)
        own = open_until((OUTCOME,), line.until, seen)
        return replace(line, sentence=own) if line.sentence == usual else line

    return bare, replace(offered, lines=tuple(worded(line) for line in offered.lines))


def _picked(answers: Iterable[Answer]) -> dict[UUID, Variant]:
    """Return the replacements that are chosen. One statement, if any is."""
    wanted = {one.exchange_variant_id for one in answers if one.exchange_variant_id}
    known = Variant.objects.filter(pk__in=wanted).select_related("product") if wanted else ()
    return {one.pk: one for one in known}


def _request(answers: Iterable[Answer], photo_count: Callable[[UUID], int]) -> RequestFacts:
    """Return the answers as the engine reads them; an outcome not chosen yet is not known."""
    asked = [
        RequestLine(
            line_key=str(one.order_line_id),
            reason=one.reason,
            quantity=one.quantity,
            resolution=one.wanted,
            photos=photo_count(one.order_line_id),
        )
        for one in answers
    ]
    return RequestFacts(tuple(asked))


def _stands(answer: Answer | None, offered: Offer, line: OrderLine) -> bool:
    found = offered.line(str(line.pk))
    return (
        answer is not None
        and found is not None
        and found.returnable
        and answer.reason in found.reasons
        and answer.quantity <= found.quantity
    )
