"""From the mirror to the engine's facts, with as few queries as the case allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.money import share
from rma.models import Return, ReturnLine
from rma.policy.days import local_day
from rma.policy.document import Policy
from rma.policy.history import gateways_of, history_of, vendors_of
from rma.policy.signals import conduct_of, linked_of
from rma.policy.types import Claim, LineFacts, OrderFacts
from rma.policy.vocabulary import Needs
from rma.policy.windows import Kept
from rma.states import ReturnStatus
from rma.windows import LineWindows, windows_of

_GIVEN_BACK = (ReturnStatus.DECLINED, ReturnStatus.CANCELLED, ReturnStatus.EXPIRED)


def build(
    order: Order,
    now: datetime,
    *,
    policy: Policy | None = None,
    time_zone: str | None = None,
    windows: LineWindows | None = None,
    but: UUID | None = None,
) -> OrderFacts:
    """Return the facts of ``order`` at ``now``, from its loaded lines.

    ``but`` is a return that does not count, as it is about to be changed; its units are taken off
    the loaded lines already.

    One query for the windows kept for its lines unless ``windows`` are given. One more when
    units are in other returns already, one when ``policy`` cares for the shopper's earlier returns,
    one for the merchant unless ``time_zone`` is given, and one for each of history, conduct, links,
    vendors and payments that its rules ask about.
    """
    zone = time_zone or order.merchant.time_zone
    needs = policy.rules.needs if policy is not None and policy.rules else frozenset()
    scored = policy is not None and policy.risk is not None
    judged = policy if Needs.CONDUCT in needs else None
    lines = list(order.lines.all())
    vendors = vendors_of(lines) if Needs.CATALOGUE in needs else None
    kept = windows_of(order.pk) if windows is None else windows
    claims = _claims([line.pk for line in lines if line.claimed_quantity], zone, but)
    return OrderFacts(
        key=str(order.pk),
        number=order.number,
        currency=order.currency,
        country=order.country,
        time_zone=zone,
        now=now,
        lines=tuple(
            _line(order, line, claims[line.pk], vendors, kept.kept_for(line.pk)) for line in lines
        ),
        earlier_returns=_earlier_returns(order, policy, but),
        total_minor=order.total_minor,
        discount_minor=order.discount_minor,
        shipping_minor=order.shipping_minor,
        tags=tuple(str(tag) for tag in order.tags),
        source=order.source,
        language=order.locale,
        gateways=gateways_of(order) if Needs.PAYMENTS in needs else None,
        customer_groups=_groups(order),
        history=history_of(order, now, but) if scored or Needs.HISTORY in needs else None,
        conduct=None if judged is None else conduct_of(order, judged, now, but),
        linked=linked_of(order, now) if Needs.LINKS in needs else None,
    )


def _groups(order: Order) -> tuple[str, ...] | None:
    known = order.customer_groups
    return None if known is None else tuple(str(group) for group in known)


def _line(
    order: Order,
    line: OrderLine,
    claims: Iterable[Claim],
    vendors: Mapping[UUID, str] | None,
    kept: Kept,
) -> LineFacts:
    full_price = line.unit_price_minor * line.quantity
    return LineFacts(
        key=str(line.pk),
        title=line.title,
        quantity_ordered=line.quantity,
        quantity_fulfilled=0 if line.is_removed else line.fulfilled_quantity,
        quantity_claimed=line.claimed_quantity,
        purchased_at=order.placed_at,
        fulfilled_at=line.shipped_at,
        delivered_at=line.delivered_at,
        tags=tuple(str(tag) for tag in line.tags),
        product_type=line.product_type,
        final_sale=line.is_final_sale,
        gift_card=line.is_gift_card,
        unit_paid_minor=share(line.paid_minor, 1, line.quantity) if line.quantity else 0,
        claims=tuple(claims),
        variant=line.variant_title,
        sku=line.sku,
        vendor=None if vendors is None else vendors.get(line.pk, ""),
        unit_list_minor=line.unit_price_minor,
        discount_bp=line.discount_minor * 10_000 // full_price if full_price else None,
        weight_grams=line.weight_grams,
        promised=kept.promised,
        granted=kept.granted,
    )


def _claims(line_ids: Sequence[UUID], zone: str, but: UUID | None) -> dict[UUID, list[Claim]]:
    """Return, per order line, the returns that hold units of it, oldest first.

    Those of gifts hold theirs unnamed: the buyer is not told of them.
    """
    claims: dict[UUID, list[Claim]] = defaultdict(list)
    if not line_ids:
        return claims
    rows = (
        ReturnLine.objects.filter(order_line_id__in=line_ids, rma__receiver__isnull=True)
        .exclude(Q(rma__status__in=_GIVEN_BACK) | Q(rma=but))
        .order_by("rma__created_at", "pk")
        .values_list(
            "order_line_id", "rma__number", "rma__created_at", "quantity", "released_quantity"
        )
    )
    for line_id, number, created_at, quantity, released in rows:
        if quantity > released:
            since = local_day(created_at, zone)
            claims[line_id].append(Claim(number, since, quantity - released))
    return claims


def _earlier_returns(order: Order, policy: Policy | None, but: UUID | None) -> int:
    """Count the shopper's other returns, only where a rule asks for it."""
    if policy is None or not policy.approval.first_return_only or not order.email_index:
        return 0
    others = Return.objects.filter(email_index=order.email_index)
    return others.exclude(Q(status__in=_GIVEN_BACK) | Q(pk=but)).count()
