"""Refunds and store credit as pages and the API read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from refunds.models import Refund, RefundAllocation, StoreCredit
from returns_portal.commerce.models import Payment
from returns_portal.core.money import Money


@dataclass(frozen=True, slots=True)
class RefundFilters:
    """What a list of refunds is narrowed to; empty fields narrow nothing."""

    status: str = ""
    method: str = ""
    order_id: UUID | None = None
    about_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""


def refund_list(filters: RefundFilters | None = None) -> QuerySet[Refund]:
    """Return refunds, newest first, with order, parts and payments: the same number of queries for
    any number of rows."""
    filters = filters or RefundFilters()
    rows = _with_parts(Refund.objects.all()).order_by("-created_at", "-id")
    exact = {
        "status": filters.status,
        "method": filters.method,
        "order_id": filters.order_id,
        "about_id": filters.about_id,
        "created_at__gte": filters.since,
        "created_at__lt": filters.until,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if filters.search:
        rows = rows.filter(
            Q(order__number__startswith=filters.search)
            | Q(order__number_key__startswith=filters.search.upper())
        )
    return rows


def refunds_about(about_id: UUID) -> QuerySet[Refund]:
    """Return the refunds of one return, oldest first."""
    return _with_parts(Refund.objects.filter(about_id=about_id)).order_by("created_at", "id")


def refund_detail(refund_id: UUID) -> Refund | None:
    """Return one refund with its order, parts and payments, or None."""
    return _with_parts(Refund.objects.filter(pk=refund_id)).first()


def _with_parts(rows: QuerySet[Refund]) -> QuerySet[Refund]:
    parts = RefundAllocation.objects.select_related("payment", "account").order_by("pk")
    return rows.select_related("order").prefetch_related(Prefetch("allocations", queryset=parts))


def refund_counts() -> Mapping[str, int]:
    """Return how many refunds stand in each state; states without any are 0."""
    found = dict(Refund.objects.values_list("status").annotate(n=Count("pk")))
    return {status: found.get(status, 0) for status in Refund.Status.values}


def refundable(order_id: UUID) -> Money | None:
    """Return what the order's payments can still give back, or None when it has no payment."""
    payments = list(Payment.objects.filter(order_id=order_id))
    if not payments:
        return None
    left = sum(payment.refundable.minor for payment in payments)
    return Money(left, payments[0].currency)


def credits_of(customer_id: UUID) -> QuerySet[StoreCredit]:
    """Return a customer's store credit, one row per currency, with its entries."""
    return (
        StoreCredit.objects.filter(customer_id=customer_id)
        .prefetch_related("entries")
        .order_by("currency")
    )
