"""What a request for a return is made of, and the order as it is read for it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from returns_portal.commerce.models import Order, OrderLine, Variant
from returns_portal.core import scope
from returns_portal.core.db import preload
from returns_portal.core.errors import Conflict, InvalidInput, PolicyRefused
from rma.actions.notes import checked, storable
from rma.models import Photo, Return
from rma.policy.document import Policy
from rma.policy.facts import build
from rma.policy.live import required
from rma.policy.tailoring import Tailored
from rma.policy.types import OrderFacts, RequestFacts, RequestLine
from rma.policy.windows import Kept
from rma.quoting import Quote, QuoteLine, quote_return
from rma.states import ResolutionKind
from rma.swaps import is_dearer, unit_price
from rma.windows import WINDOW_JOINS, LineWindows, kept_from

MAX_LINES = 200
MAX_COMMENT = 1000
MAX_ANSWERS = 4000


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """Units of one order line, why they come back and what is wanted for them."""

    order_line_id: UUID
    quantity: int
    reason: str
    wanted: str
    comment: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    exchange_variant_id: UUID | None = None
    photo_ids: tuple[UUID, ...] = ()
    # What a unit of another product costs, gross; found by the request, and None for an even swap.
    exchange_unit_minor: int | None = None

    @property
    def replacement_minor(self) -> int | None:
        """What the replacement of all units costs, gross; None for an even exchange."""
        unit = self.exchange_unit_minor
        return None if unit is None else unit * self.quantity


_READ = f"""
SELECT line.*, merchant.time_zone,
    promised.terms AS promised_terms, granted.until AS granted_until,
    granted.granted_by, granted.reason AS granted_reason,
    (SELECT r.id FROM rma_return r
     WHERE r.merchant_id = %s AND r.operation_id = %s) AS earlier_return_id,
    (SELECT v.id FROM rma_policyversion v
     WHERE v.merchant_id = %s AND v.status = 'live') AS policy_version_id,
    (SELECT sum(p.amount_minor - p.refunded_elsewhere_minor)::bigint FROM commerce_payment p
     WHERE p.merchant_id = %s AND p.order_id = %s) AS captured_minor
FROM commerce_orderline line JOIN tenancy_merchant merchant ON merchant.id = line.merchant_id
{WINDOW_JOINS}
WHERE line.merchant_id = %s AND line.order_id = %s
AND (NOT line.is_removed OR line.claimed_quantity > 0)
ORDER BY line.position, line.id
"""  # noqa: S608 - joined of constants, values are parameters


@dataclass(frozen=True, slots=True)
class OrderRead:
    """A locked order with all that a request needs of it, from one statement."""

    order: Order
    lines: dict[UUID, OrderLine]
    earlier_return_id: UUID | None
    policy_version_id: UUID
    policy: Policy
    captured_minor: int | None
    time_zone: str
    windows: LineWindows

    def facts(self, moment: datetime, *, but: UUID | None = None) -> OrderFacts:
        """Return the facts at ``moment``, without the return ``but`` whose units were set aside."""
        return build(
            self.order,
            moment,
            policy=self.policy,
            time_zone=self.time_zone,
            windows=self.windows,
            but=but,
        )

    def quote(
        self,
        lines: Sequence[RequestedLine],
        method: str,
        policy: Policy,
        restocking: Mapping[tuple[str, str], int],
    ) -> Quote:
        """Price the request under its own policy; refuses what is more than remains.

        ``restocking`` holds fees in basis points by (line, reason).
        """
        # What the payments captured is known as a sum; nobody has to load them for it.
        preload(self.order, "payments", [])
        try:
            return quote_return(
                self.order,
                [
                    QuoteLine(
                        one.order_line_id,
                        one.quantity,
                        one.reason,
                        one.wanted,
                        restocking_bp=restocking.get((str(one.order_line_id), one.reason)),
                        replacement_minor=one.replacement_minor,
                    )
                    for one in lines
                ],
                policy,
                method=method,
                captured_minor=self.captured_minor,
            )
        finally:
            del self.order.__dict__["_prefetched_objects_cache"]["payments"]


def read_order(order: Order, operation_id: str) -> OrderRead:
    """Read a locked order: its lines, captures, policy in force, and an earlier answer.

    One statement, and written out, because this is the busiest write of the product: building it
    anew took longer than running it. What is no line rides along as subqueries that PostgreSQL
    evaluates once. Raises Conflict without a published policy.
    """
    merchant_id = scope.current_merchant_id()
    params = [merchant_id, operation_id, merchant_id, merchant_id, order.pk, merchant_id, order.pk]
    lines = list(OrderLine.objects.raw(_READ, params))
    if not lines:
        raise Conflict("This order has no items that can be returned.", code="no_lines")
    preload(order, "lines", lines)
    first: Any = lines[0]
    version_id, policy = required(first.policy_version_id)
    return OrderRead(
        order=order,
        lines={line.pk: line for line in lines},
        earlier_return_id=first.earlier_return_id,
        policy_version_id=version_id,
        policy=policy,
        captured_minor=first.captured_minor,
        time_zone=first.time_zone,
        windows=LineWindows({line.pk: _kept(line) for line in lines}),
    )


def _kept(line: Any) -> Kept:
    return kept_from(line.promised_terms, line.granted_until, line.granted_by, line.granted_reason)


def check_shape(
    lines: Sequence[RequestedLine], method: str, channel: str, operation_id: str
) -> None:
    """Refuse (InvalidInput) what no order and no policy could make right."""
    if not lines:
        raise InvalidInput("Choose at least one item.", field="lines", code="nothing_chosen")
    if len(lines) > MAX_LINES:
        raise InvalidInput(f"Choose at most {MAX_LINES} items.", field="lines")
    if method not in Return.Method.values:
        raise InvalidInput("Choose how you send it back.", field="method", code="unknown_method")
    if channel not in Return.Channel.values:
        raise InvalidInput("This channel does not exist.", field="channel")
    if not 1 <= len(operation_id) <= 64 or storable(operation_id) != operation_id:
        raise InvalidInput("The operation id has 1 to 64 characters.", field="operation_id")
    twice = Counter((line.order_line_id, line.reason) for line in lines)
    for (line_id, _reason), times in twice.items():
        if times > 1:
            raise InvalidInput(
                "An item is named twice with the same reason. Put its units together.",
                field=str(line_id),
                code="duplicate_line",
            )
    for line in lines:
        if line.comment:
            checked(line.comment, field=str(line.order_line_id), longest=MAX_COMMENT)
        _check_answers(line)
        if type(line.quantity) is not int or line.quantity < 1:
            raise InvalidInput(
                "Choose one unit or more of each item.", field=str(line.order_line_id)
            )


def _check_answers(line: RequestedLine) -> None:
    written = json.dumps(line.answers, ensure_ascii=False) if line.answers else ""
    if len(written) > MAX_ANSWERS or "\\u0000" in written or storable(written) != written:
        raise InvalidInput(
            "The answers about this item can't be kept. Shorten them.",
            field=str(line.order_line_id),
            code="bad_answers",
        )


def request_facts(
    lines: Sequence[RequestedLine],
    channel: str,
    method: str,
    *,
    kept_photos: Mapping[UUID, int] | None = None,
) -> RequestFacts:
    """Return the request as the engine reads it.

    ``kept_photos`` counts, by order line, those that a return being changed has already.
    """
    kept = kept_photos or {}
    return RequestFacts(
        tuple(
            RequestLine(
                line_key=str(line.order_line_id),
                reason=line.reason,
                quantity=line.quantity,
                resolution=line.wanted,
                photos=len(line.photo_ids) + kept.get(line.order_line_id, 0),
                answers={str(key): str(told) for key, told in line.answers.items()},
            )
            for line in lines
        ),
        channel,
        method,
    )


def with_replacements(
    read: OrderRead, lines: Sequence[RequestedLine], tailored: Tailored, *, by_staff: bool
) -> list[RequestedLine]:
    """Return ``lines`` with what they become: the same again, or an exchange with its price.

    One query, if anything is exchanged. Raises InvalidInput naming the line without a replacement,
    or with one of another product where the policy has none. A dearer variant of the same product
    is even only where staff say so.
    """
    exchanged = [line for line in lines if line.wanted == ResolutionKind.EXCHANGE]
    wanted = {line.exchange_variant_id for line in exchanged}
    wanted |= {read.lines[line.order_line_id].variant_id for line in exchanged}
    variants = Variant.objects.filter(pk__in=wanted).in_bulk() if exchanged else {}
    found = []
    for line, view in zip(lines, tailored.lines, strict=True):
        if line.wanted == ResolutionKind.EXCHANGE:
            price = _unit_price(read, line, variants, view.policy, by_staff=by_staff)
            found.append(replace(line, exchange_unit_minor=price))
        else:
            found.append(_same_again(read, line))
    return found


def _same_again(read: OrderRead, line: RequestedLine) -> RequestedLine:
    """Return a replacement with the variant bought, whatever else was named."""
    if line.wanted != ResolutionKind.REPLACEMENT:
        return line
    sold = read.lines[line.order_line_id]
    if sold.variant_id is None:
        raise InvalidInput(
            f"{sold.title} is not in the catalogue, so it can't be sent again. Choose a refund.",
            field=str(sold.pk),
            code="replacement_missing",
        )
    return replace(line, exchange_variant_id=sold.variant_id)


def _unit_price(
    read: OrderRead,
    line: RequestedLine,
    variants: Mapping[Any, Variant],
    policy: Policy,
    *,
    by_staff: bool,
) -> int | None:
    sold = read.lines[line.order_line_id]
    own, chosen = variants.get(sold.variant_id), variants.get(line.exchange_variant_id)
    is_same = own is not None and chosen is not None and own.product_id == chosen.product_id
    if chosen is None or not (is_same or policy.exchange.any_product):
        raise InvalidInput(
            f"Choose the size or colour you want in place of {sold.title}.",
            field=str(line.order_line_id),
            code="replacement_missing",
        )
    if is_same and own is not None and (by_staff or not is_dearer(chosen, own)):
        return None
    price = unit_price(chosen, sold, taxes_included=read.order.taxes_included)
    if price is None:
        raise InvalidInput(
            f"{chosen.title or chosen.sku} has no price in {sold.currency}. Choose another one in "
            f"place of {sold.title}.",
            field=str(line.order_line_id),
            code="replacement_missing",
        )
    return price


def check_dues(lines: Sequence[RequestedLine], tailored: Tailored, quote: Quote | None) -> None:
    """Refuse (PolicyRefused) a dearer replacement where nobody would collect what is to pay."""
    dues = quote.dues if quote is not None else {}
    for line, view in zip(lines, tailored.lines, strict=True):
        owed = dues.get((line.order_line_id, line.reason))
        if owed and view.policy.exchange.dearer != "collect":
            raise PolicyRefused(
                _("This costs more than the item you return. Choose another or take a refund."),
                field=str(line.order_line_id),
                code="replacement_dearer",
                facts={"due_minor": owed},
            )


def attach_photos(rma: Return, pairs: Sequence[tuple[RequestedLine, UUID]]) -> None:
    """Give the draft's photos to the return's lines; only photos of the same order's drafts.

    Raises InvalidInput when one is gone or belongs elsewhere.
    """
    for line, return_line_id in pairs:
        if not line.photo_ids:
            continue
        moved = Photo.objects.filter(
            pk__in=line.photo_ids, rma__isnull=True, draft__order_id=rma.order_id
        ).update(rma_id=rma.pk, return_line_id=return_line_id)
        if moved != len(set(line.photo_ids)):
            raise InvalidInput(
                "A photo is no longer there. Add it again.",
                field=str(line.order_line_id),
                code="photo_missing",
            )
