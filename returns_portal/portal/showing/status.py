"""The status page in words: the next thing and its date, the one thing to do, the money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from returns_portal.core.clock import today
from returns_portal.core.money import Money, format_money, total
from returns_portal.core.words import day
from returns_portal.portal.showing import sent
from returns_portal.portal.showing.money import payment_words
from rma.fees import RETURN_SHIPPING
from rma.models import Promise, Return
from rma.policy.days import last_day
from rma.policy.paid_words import when_paid
from rma.selectors import ShopperStatus
from rma.states import (
    REFUNDING,
    ResolutionKind,
    ResolutionStatus,
    ReturnStatus,
    ShipmentStatus,
)

Kind = ResolutionKind
_BANKS = gettext_lazy("Banks show it within 3 to 5 working days.")


@dataclass(frozen=True, slots=True)
class Amounts:
    """What goes back, as decided or else as expected at the request."""

    refund: Money
    credit: Money
    expected: Money
    is_decided: bool

    @property
    def total(self) -> Money:
        return self.refund + self.credit


def amounts(status: ShopperStatus) -> Amounts:
    rma = status.rma
    expected = Money(rma.expected_minor, rma.currency)
    alive = [one for one in status.resolutions if one.status != ResolutionStatus.CANCELLED]
    by_kind: dict[str, Money] = {}
    for one in alive:
        known = by_kind.get(one.kind, Money.zero(rma.currency))
        by_kind[one.kind] = known + one.amount + one.bonus
    is_decided = bool(alive) and not rma.part_settled
    zero = Money.zero(rma.currency)
    if rma.is_gift:
        # Until it is credited, an amount would tell what the buyer paid.
        credit = by_kind.get(Kind.STORE_CREDIT, zero)
        return Amounts(zero, credit, zero, bool(alive))
    if not is_decided:
        by_kind = _expected_by_kind(rma) | by_kind
    refund = total([by_kind.get(kind, zero) for kind in REFUNDING], rma.currency)
    return Amounts(refund, by_kind.get(Kind.STORE_CREDIT, zero), expected, is_decided)


def _expected_by_kind(rma: Return) -> dict[str, Money]:
    """Return what each outcome was said to pay at confirm."""
    quoted = rma.quote.get("breakdowns", {})
    found = {
        str(kind): Money(quoted[kind]["total_minor"], rma.currency)
        for kind in REFUNDING
        if kind in quoted
    }
    return {**found, Kind.STORE_CREDIT: expected_credit(rma)}


def expected_credit(rma: Return) -> Money:
    """Return the store credit that was shown at confirm, with its bonus."""
    minor = rma.quote.get("store_credit_minor", 0) + rma.quote.get("bonus_minor", 0)
    return Money(minor, rma.currency)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the headlines speak of, read once."""

    status: ShopperStatus
    amounts: Amounts
    payment: str
    today: date

    @property
    def rma(self) -> Return:
        return self.status.rma

    @property
    def zone(self) -> str:
        return str(self.rma.merchant.time_zone)

    @property
    def last_day(self) -> str:
        """Return until when to send or to answer, in words; empty when there is no limit."""
        end = self.rma.expires_at
        return day(last_day(end, self.zone), self.today) if end else ""

    @property
    def promised(self) -> str:
        """Return the day of the refund in words; empty once it was missed."""
        when = self.rma.refund_promised_on
        missed = any(one.step == Promise.Step.MISSED for one in self.status.promises)
        return day(when, self.today) if when and not missed else ""

    @property
    def due(self) -> Money:
        """Return what is still to pay for dearer replacements: as settled, else as agreed."""
        held = [one for line in self.status.lines for one in line.exchanges.all()]
        if self.amounts.is_decided:
            owed = [one.due_minor for one in held if one.collected_at is None]
            return Money(sum(owed), self.rma.currency)
        return Money(self.rma.quote.get("due_minor", 0), self.rma.currency)

    @property
    def title(self) -> str:
        """Name the goods: the item's title when there is one line."""
        lines = self.status.lines
        return lines[0].order_line.title if len(lines) == 1 else ""


def read_facts(status: ShopperStatus) -> Facts:
    """Gather what the headlines need. One statement, for the names of the payments."""
    payments = status.rma.order.payments.order_by("captured_at", "pk")
    labels = [] if status.rma.is_gift else [one.label for one in payments if one.label]
    return Facts(
        status=status,
        amounts=amounts(status),
        payment=payment_words(labels),
        today=today(status.rma.merchant.time_zone),
    )


def headline(facts: Facts) -> tuple[str, str]:
    """Return the next thing with its date, and one sentence about it."""
    return _HEADLINES[facts.status.stage.key](facts)


def _review(facts: Facts) -> tuple[str, str]:
    due = facts.rma.due_at
    if due is None:
        return _("We’re checking your request"), _("You’ll hear from us by e-mail.")
    local = timezone.localtime(due)
    when = f"{day(local.date(), facts.today)}, {local:%H:%M}"
    return (
        _("We’re checking your request"),
        _("You’ll hear from us by %(when)s at the latest. Nothing to do until then.")
        % {"when": when},
    )


def _info(facts: Facts) -> tuple[str, str]:
    words = _("We need one thing from you")
    if not facts.last_day:
        return words, _("Answer below, and we go on.")
    return words, _(
        "Reply by %(day)s. After that we close the return, and you can start again."
    ) % {"day": facts.last_day}


def _approved(facts: Facts) -> tuple[str, str]:
    if facts.rma.method == Return.Method.OWN:
        return _send_by(facts)
    return (
        _("Approved. Your label is on its way."),
        _("Your return is saved. We’ll e-mail the label in a minute, and it shows up here."),
    )


def _send_by(facts: Facts) -> tuple[str, str]:
    title = _("Approved. Send it back to us.")
    if facts.last_day:
        title = _("Approved. Send it by %(day)s.") % {"day": facts.last_day}
    return title, fee_sentence(facts)


def money_sentence(facts: Facts) -> str:
    """Say when what is owed comes, where it comes before the inspection, or that it is paid."""
    rma = facts.rma
    if rma.status != ReturnStatus.OPEN or not rma.processing:
        return ""
    owed = kinds_left(facts)
    left = {kind: moment for kind, moment in rma.processing.items() if kind in owed}
    if rma.part_settled and not left:
        return _("This return is paid. Now we wait for your parcel.")
    return when_paid(left)


def kinds_left(facts: Facts) -> set[str]:
    """Return the kinds of outcome still to come; all of them while nothing was paid ahead."""
    wanted = {line.wanted for line in facts.status.lines}
    if not facts.rma.part_settled:
        return wanted
    gone = ResolutionStatus.CANCELLED
    return wanted - {one.kind for one in facts.status.resolutions if one.status != gone}


def fee_sentence(facts: Facts) -> str:
    fees = [
        fee
        for priced in facts.rma.quote.get("breakdowns", {}).values()
        for fee in priced.get("fees", [])
        if fee["kind"] == RETURN_SHIPPING
    ]
    minor = sum(fee["charged_minor"] for fee in fees)
    if not minor:
        return _("Nothing to pay.")
    words = _("Return shipping, %(fee)s, comes off your refund.")
    if any(fee.get("at_most") for fee in fees):
        words = _("What the label costs, %(fee)s at most, comes off your refund.")
    return words % {"fee": format_money(Money(minor, facts.rma.currency))}


def _transit(facts: Facts) -> tuple[str, str]:
    return _("On its way to us"), _then_money(facts, _("We tell you when it arrives."))


def _then_money(facts: Facts, words: str) -> str:
    money, promised = facts.amounts.total, facts.promised
    if not money or not promised or facts.rma.part_settled:
        return words
    follows = _("You get %(amount)s back by %(day)s at the latest.")
    return f"{words} {follows % {'amount': format_money(money), 'day': promised}}"


def _late(facts: Facts) -> tuple[str, str]:
    return (
        _("Your parcel is running late"),
        _("The carrier can’t find it at the moment. We’re asking. You don’t need to do anything."),
    )


def _received(facts: Facts) -> tuple[str, str]:
    return _("We’ve got your parcel"), _then_money(facts, _("We check it next."))


def _inspecting(facts: Facts) -> tuple[str, str]:
    return _("We’re checking your items"), _then_money(facts, _("This takes 1 to 3 days."))


def _partial(facts: Facts) -> tuple[str, str]:
    return (
        _("We can’t accept everything"),
        _("We’re working out what you get. You’ll hear from us by e-mail."),
    )


def _payout(facts: Facts) -> tuple[str, str]:
    if facts.due and facts.amounts.is_decided:
        return (
            _("%(amount)s is still to pay") % {"amount": format_money(facts.due)},
            _("We write to you how to pay it. Then your new item leaves."),
        )
    if not facts.amounts.refund:
        return _("We’re preparing your exchange"), _("We tell you when it is on its way.")
    return _refund_words(facts)


def _refund_words(facts: Facts) -> tuple[str, str]:
    amount = {"amount": format_money(facts.amounts.refund), "payment": facts.payment}
    less = _less(facts)
    if less:
        return _("Your refund is %(amount)s") % amount, f"{less} {_BANKS}"
    return _("%(amount)s is on its way to %(payment)s") % amount, str(_BANKS)


def _less(facts: Facts) -> str:
    expected, paid = facts.amounts.expected, facts.amounts.total
    if not facts.amounts.is_decided or paid >= expected:
        return ""
    return _("We expected %(amount)s.") % {"amount": format_money(expected)}


def _refunded(facts: Facts) -> tuple[str, str]:
    title, sentence = _refund_words(facts)
    sent = _settled_on(facts, Kind.REFUND)
    if not sent:
        return title, sentence
    return title, f"{_('Sent %(day)s.') % {'day': day(sent, facts.today)}} {sentence}"


def _settled_on(facts: Facts, kind: str) -> date | None:
    for one in facts.status.resolutions:
        if one.kind == kind and one.settled_at is not None:
            return timezone.localtime(one.settled_at).date()
    return None


def _credited(facts: Facts) -> tuple[str, str]:
    amount = {"amount": format_money(facts.amounts.credit), "merchant": facts.rma.merchant.name}
    sentence = _("%(merchant)s keeps it for your next order. It never expires.") % amount
    return _("%(amount)s store credit is ready") % amount, f"{_less(facts)} {sentence}".strip()


def _hold(facts: Facts) -> tuple[str, str]:
    return (
        _("We’ll be in touch"),
        _("Something about your parcel needs a closer look. We write to you by e-mail."),
    )


def _failed(facts: Facts) -> tuple[str, str]:
    shipment = facts.status.shipment
    if shipment is not None and shipment.status == ShipmentStatus.FAILED:
        return (
            _("Your label needs a moment more"),
            _("Your return is approved. A person is making your label, and we e-mail it to you."),
        )
    return (
        _("Your refund needs a moment more"),
        _("The payment didn’t go through. A person is on it. You don’t need to do anything."),
    )


def _declined(facts: Facts) -> tuple[str, str]:
    title = _("We can’t accept this return")
    if facts.title:
        title = _("We can’t accept the %(item)s") % {"item": facts.title}
    return title, facts.rma.decline_reason


def _cancelled(facts: Facts) -> tuple[str, str]:
    return (
        _("This return is cancelled"),
        _("Don’t send anything. You can start again while returns are open."),
    )


def _expired(facts: Facts) -> tuple[str, str]:
    return (
        _("This return has run out"),
        _("Nothing arrived in time. You can start again while returns are open."),
    )


def _closed(facts: Facts) -> tuple[str, str]:
    if facts.status.resolutions:
        return _("This return is finished"), _("Thank you. There is nothing left to do.")
    return _("We can’t accept this return"), _("Your items didn’t pass our check.")


def _keep(facts: Facts) -> tuple[str, str]:
    return _("You can keep it"), _("There is nothing to send back.")


_HEADLINES: dict[str, Callable[[Facts], tuple[str, str]]] = {
    "draft": _cancelled,
    "review": _review,
    "info": _info,
    "approved": _approved,
    "declined": _declined,
    "label": _send_by,
    "transit": _transit,
    "late": _late,
    "received": _received,
    "inspecting": _inspecting,
    "partial": _partial,
    "payout": _payout,
    "refunded": _refunded,
    "credited": _credited,
    "exchanged": lambda facts: sent.exchanged(facts.status),
    "replaced": lambda facts: sent.replaced(facts.status),
    "repair": lambda facts: sent.repair(facts.status),
    "repaired": lambda facts: sent.repaired(facts.status),
    "keep": _keep,
    "hold": _hold,
    "failed": _failed,
    "cancelled": _cancelled,
    "expired": _expired,
    "closed": _closed,
}
