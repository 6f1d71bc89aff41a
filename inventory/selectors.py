"""Reading stock."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from inventory.models import Bucket, Location, StockLevel, StockMovement
from returns_portal.core.errors import DomainError


def sellable_by_variant(variant_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the units on sale at active locations; variants never stocked are zero."""
    wanted = list(variant_ids)
    rows = (
        StockLevel.objects.filter(
            variant_id__in=wanted, bucket=Bucket.SELLABLE, location__is_active=True
        )
        .values_list("variant_id")
        .annotate(units=Sum("quantity"))
    )
    found = dict(rows)
    return {variant_id: found.get(variant_id, 0) for variant_id in wanted}


def levels(
    *, search: str = "", bucket: str = "", location_id: UUID | None = None
) -> QuerySet[StockLevel]:
    """Return the levels that hold something, with variant, product and location."""
    rows = StockLevel.objects.filter(quantity__gt=0).select_related(
        "variant", "variant__product", "location"
    )
    if bucket:
        rows = rows.filter(bucket=bucket)
    if location_id:
        rows = rows.filter(location_id=location_id)
    if search:
        text = search.strip()
        rows = rows.filter(
            Q(variant__sku__startswith=text)
            | Q(variant__barcode=text)
            | Q(variant__product__title__startswith=text)
        )
    return rows.order_by("variant__product__title", "variant__title", "variant_id", "bucket")


def movements(
    *,
    variant_id: UUID | None = None,
    about_id: UUID | None = None,
    location_id: UUID | None = None,
) -> QuerySet[StockMovement]:
    """Return movements, newest first, with variant, product and location."""
    rows = StockMovement.objects.select_related("variant", "variant__product", "location")
    if variant_id:
        rows = rows.filter(variant_id=variant_id)
    if about_id:
        rows = rows.filter(about_id=about_id)
    if location_id:
        rows = rows.filter(location_id=location_id)
    return rows.order_by("-moved_at", "-id")


def locations() -> QuerySet[Location]:
    """Return the active locations, the default first."""
    return Location.objects.filter(is_active=True).order_by("-is_default", "name")


def default_location() -> Location:
    """Return where returns go unless somebody says otherwise.

    Raises DomainError when the merchant has no location yet.
    """
    location = locations().first()
    if location is None:
        raise DomainError(
            "No warehouse is set up yet. Add a location in the settings.", code="no_location"
        )
    return location
