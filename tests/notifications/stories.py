"""One short story for each news that a shopper is told, through the product's own actions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from notifications.catalogue import MessageKind
from refunds.actions.settle import apply_provider_status, mark_paid, retry
from refunds.models import Refund, RefundAllocation
from refunds.providers.base import RefundAnswer, RefundStatus
from returns_portal.commerce.models import Order
from returns_portal.core.actor import SHOPPER, SYSTEM, Actor, ActorKind
from returns_portal.core.clock import shifted
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.permissions import permissions_of
from rma.actions.appeals import grant_appeal, open_appeal, uphold_decision
from rma.actions.changing import change_return
from rma.actions.exchange import ship_exchange
from rma.actions.inspection import inspect_unit
from rma.actions.notes import add_note
from rma.actions.policy import publish_policy, save_draft
from rma.actions.reminding import remind_due_returns
from rma.actions.requesting import RequestedLine
from rma.actions.resolution import commit_resolution
from rma.actions.review import (
    approve_return,
    ask_for_information,
    cancel_return,
    decline_return,
)
from rma.actions.shipping import set_own_tracking
from rma.models import Exchange, Inspection, Note, Return
from rma.policy.document import default_policy
from tests import flows
from tests.portal.conftest import publish

JONAS = Actor(ActorKind.MEMBER, "jonas", "Jonas", permissions_of("manager"))
DEAR = 30000
Story = Callable[[], Return]


def asked() -> Return:
    rma = flows.request(flows.order(prices=[DEAR]))
    flows.drain()
    return rma


def approved() -> Return:
    return flows.approved(*_two_items())


def approved_own_carrier() -> Return:
    return flows.approved(flows.order(), method="own")


def approved_by_jonas() -> Return:
    rma = flows.request(flows.order(prices=[DEAR]))
    approve_return(rma.pk, actor=JONAS, note="Thanks for the clear photos. Hope the M fits.")
    flows.drain()
    return rma


def approved_free_of_charge() -> Return:
    placed = flows.order()
    return flows.approved(placed, flows.wish(flows.lines_of(placed)[0], reason="wrong_item"))


def approved_before_its_label() -> Return:
    ProviderAccount.objects.filter(role=ProviderAccount.Role.CARRIER).delete()
    return flows.approved(flows.order())


def approved_exchange(method: str = "label") -> Return:
    placed = flows.order()
    line = flows.lines_of(placed)[0]
    flows.stock(line, 3)
    wished = flows.wish(line, wanted="exchange", reason="too_small", variant_id=line.variant_id)
    return flows.approved(placed, wished, method=method)


def approved_credit() -> Return:
    placed = flows.order()
    return flows.approved(placed, flows.wish(flows.lines_of(placed)[0], wanted="store_credit"))


def _publish(**changes: object) -> None:
    save_draft(default_policy("EUR") | changes, actor=SYSTEM)
    publish_policy(actor=SYSTEM)


def _paying_at(moment: str) -> None:
    _publish(processing=dict.fromkeys(("refund", "store_credit", "exchange"), moment))


def reminded() -> Return:
    _publish(remind_before_days=[2])
    rma = approved()
    with shifted(timedelta(days=13)):
        remind_due_returns()
        flows.drain()
    return rma


def approved_paid_at_scan() -> Return:
    _paying_at("first_scan")
    return approved()


def refunded_at_scan() -> Return:
    return flows.moved(approved_paid_at_scan())


def rejected_by_policy() -> Return:
    rma = flows.request(flows.order(delivered_days_ago=90))
    flows.drain()
    return rma


def rejected_by_jonas() -> Return:
    rma = flows.request(flows.order(prices=[DEAR]))
    decline_return(rma.pk, actor=JONAS, reason="The soles are worn and the box is missing")
    flows.drain()
    return rma


def questioned() -> Return:
    rma = flows.request(flows.order(prices=[DEAR]))
    ask_for_information(rma.pk, actor=JONAS, question="Can you send a photo of the sole?")
    flows.drain()
    return rma


def written_to() -> Return:
    rma = approved_own_carrier()
    add_note(
        rma.pk,
        actor=JONAS,
        body="The carrier is on strike on Monday.\nTuesday is fine, too.",
        kind=Note.Kind.TO_SHOPPER,
    )
    flows.drain()
    return rma


def scanned() -> Return:
    return flows.moved(approved())


def sent_by_own_carrier() -> Return:
    rma = approved_own_carrier()
    set_own_tracking(rma.pk, actor=SHOPPER, carrier="An Post", tracking_code="CX 123 456 789 IE")
    flows.drain()
    return rma


def arrived() -> Return:
    rma = flows.received(_on_its_way())
    flows.drain()
    return rma


def nothing_accepted() -> Return:
    return _refuse(flows.received(_on_its_way()), accepted=0)


def refunded() -> Return:
    rma = flows.inspected(flows.received(_on_its_way()))
    flows.drain()
    return rma


def refunded_in_part() -> Return:
    return _refuse(flows.received(_on_its_way()), accepted=1)


def paid_by_hand() -> Return:
    """A card that refuses the refund, so that the money goes by bank transfer."""
    rma = flows.inspected(flows.received(_on_its_way(reference="pay-1-declined")))
    flows.drain()
    refund = Refund.objects.get(about_id=rma.pk)
    retry(refund.pk, actor=JONAS, method=Refund.Method.MANUAL)
    part = RefundAllocation.objects.get(refund=refund, status="planned")
    mark_paid(part.pk, actor=JONAS, reference="SEPA 2026-11-22")
    flows.drain()
    return rma


def refund_came_back() -> Return:
    rma = refunded()
    part = RefundAllocation.objects.get(refund__about_id=rma.pk)
    bounced = RefundAnswer(
        provider_refund_id=part.provider_refund_id,
        status=RefundStatus.FAILED,
        amount=part.amount,
        failure_reason="lost_or_stolen_card",
    )
    apply_provider_status(part.pk, bounced, actor=SYSTEM)
    flows.drain()
    return rma


def credited() -> Return:
    placed = flows.order()
    wished = flows.wish(flows.lines_of(placed)[0], wanted="store_credit")
    rma = flows.inspected(flows.received(flows.approved(placed, wished, method="own")))
    flows.drain()
    return rma


def exchanged() -> Return:
    rma = flows.inspected(flows.received(approved_exchange(method="own")))
    ship_exchange(Exchange.objects.get().pk, actor=SYSTEM, tracking_code="AP777")
    flows.drain()
    return rma


def objected() -> Return:
    rma = rejected_by_jonas()
    open_appeal(rma.pk, actor=SHOPPER, words="They were never worn outdoors.")
    flows.drain()
    return rma


def objected_in_vain() -> Return:
    rma = objected()
    uphold_decision(rma.pk, actor=JONAS, answer="The soles show stones from the street.")
    flows.drain()
    return rma


def objected_with_success() -> Return:
    rma = objected()
    grant_appeal(rma.pk, actor=JONAS, answer="You are right, the marks are from the box.")
    flows.drain()
    return rma


def changed(method: str = "label", **policy: object) -> Return:
    """Let the shopper of an approved return ask for one item less, under a policy as it is now."""
    rma = approved()
    if policy:
        publish(**policy)
    line = rma.lines.order_by("position")[0]
    change_return(
        rma.pk,
        lines=[RequestedLine(line.order_line_id, 1, line.reason, line.wanted)],
        method=method,
        revision=0,
        operation_id="change",
        actor=SHOPPER,
    )
    flows.drain()
    return rma


def changed_to_own_carrier() -> Return:
    return changed(method="own")


def changed_to_what_a_person_decides() -> Return:
    return changed(approval__max_value_minor=100)


def cancelled() -> Return:
    rma = approved()
    cancel_return(rma.pk, actor=SHOPPER)
    flows.drain()
    return rma


def cancelled_own_carrier() -> Return:
    rma = approved_own_carrier()
    cancel_return(rma.pk, actor=SHOPPER)
    flows.drain()
    return rma


def never_sent() -> Return:
    rma = approved_own_carrier()
    with shifted(timedelta(days=30)):
        flows.drain()
    return rma


def never_answered() -> Return:
    rma = questioned()
    with shifted(timedelta(days=30)):
        flows.drain()
    return rma


def withdrawn() -> Return:
    kept = flows.withdrawn(flows.order(prices=[4500, 11700], shipping=590))
    flows.drain()
    assert kept.rma is not None
    return kept.rma


STORIES: dict[str, tuple[MessageKind, Story]] = {
    story.__name__: (kind, story)
    for kind, stories in {
        MessageKind.REQUEST_RECEIVED: [asked],
        MessageKind.APPROVED: [
            approved,
            approved_own_carrier,
            approved_by_jonas,
            approved_free_of_charge,
            approved_before_its_label,
            approved_exchange,
            approved_credit,
            approved_paid_at_scan,
        ],
        MessageKind.REJECTED: [rejected_by_policy, rejected_by_jonas],
        MessageKind.WITHDRAWAL_RECEIVED: [withdrawn],
        MessageKind.NEEDS_INFO: [questioned],
        MessageKind.NOTE: [written_to],
        MessageKind.IN_TRANSIT: [scanned, sent_by_own_carrier],
        MessageKind.ARRIVED: [arrived],
        MessageKind.NOT_ACCEPTED: [nothing_accepted],
        MessageKind.REFUNDED: [refunded, refunded_in_part, refunded_at_scan, paid_by_hand],
        MessageKind.REFUND_FAILED: [refund_came_back],
        MessageKind.CREDITED: [credited],
        MessageKind.EXCHANGE_SENT: [exchanged],
        MessageKind.APPEAL_RECEIVED: [objected],
        MessageKind.APPEAL_ANSWERED: [objected_in_vain, objected_with_success],
        MessageKind.CHANGED: [
            changed,
            changed_to_own_carrier,
            changed_to_what_a_person_decides,
        ],
        MessageKind.CANCELLED: [cancelled, cancelled_own_carrier],
        MessageKind.REMINDER: [reminded],
        MessageKind.EXPIRED: [never_sent, never_answered],
    }.items()
    for story in stories
}


def _on_its_way(**options: object) -> Return:
    """Return an approved return of two items that the shopper sends with a carrier of theirs."""
    return flows.approved(*_two_items(**options), method="own")


def _two_items(**options: object) -> tuple[Order, RequestedLine, RequestedLine]:
    placed = flows.order(prices=[4500, 11700], **options)
    first, second = flows.lines_of(placed)
    return placed, flows.wish(first), flows.wish(second, reason="too_large")


def _refuse(rma: Return, *, accepted: int) -> Return:
    """Accept the first units at the bench and refuse the others; then a person settles it."""
    units = Inspection.objects.filter(rma=rma).order_by("return_line__position")
    for place, unit in enumerate(units):
        is_fine = place < accepted
        inspect_unit(
            unit.pk,
            grade="A" if is_fine else "D",
            disposition="restock" if is_fine else "dispose",
            accepted=is_fine,
            rejection="" if is_fine else "Worn outdoors, the soles are dirty",
            actor=JONAS,
            expected_version=unit.version,
        )
    commit_resolution(rma.pk, actor=JONAS)
    flows.drain()
    return flows.fresh(rma)
