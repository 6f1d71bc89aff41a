"""Stock: what stands where, and how it got there."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse

from inventory import selectors
from inventory.models import Bucket, StockLevel
from returns_portal.backoffice.base import page, staff_view
from returns_portal.backoffice.filters import uuid_or_none
from returns_portal.backoffice.paging import keyset
from returns_portal.tenancy.permissions import Permission


@staff_view(permission=Permission.STOCK_VIEW)
def stock(request: HttpRequest) -> HttpResponse:
    """List the levels, by bucket, location and text."""
    bucket = request.GET.get("bucket", "")
    if bucket not in Bucket.values:
        bucket = ""
    rows = selectors.levels(
        search=request.GET.get("q", ""),
        bucket=bucket,
        location_id=uuid_or_none(request.GET.get("location")),
    )
    totals = dict(StockLevel.objects.values_list("bucket").annotate(Sum("quantity")))
    context = {
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
        "buckets": [(value, label, totals.get(value, 0)) for value, label in Bucket.choices],
        "bucket": bucket,
        "locations": selectors.locations(),
        "location": request.GET.get("location", ""),
        "q": request.GET.get("q", ""),
    }
    return page(request, "backoffice/stock.html", "stock", context)


@staff_view(permission=Permission.STOCK_VIEW)
def movements(request: HttpRequest, variant_id: UUID | None = None) -> HttpResponse:
    """List movements, newest first, of one variant or of all."""
    rows = selectors.movements(variant_id=variant_id)
    found = keyset(rows, request, order=("-moved_at", "id"))
    context = {
        "slice": found,
        "variant": found.rows[0].variant if variant_id and found.rows else None,
        "bucket_words": dict(Bucket.choices),
    }
    return page(request, "backoffice/movements.html", "stock", context)
