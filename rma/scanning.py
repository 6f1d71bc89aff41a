"""What a scanner at the bench just read: a return, a parcel, or an item."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Q

from returns_portal.commerce.models import Variant
from rma.actions.shipping import tracking_key
from rma.models import Return, ReturnLine, Shipment
from rma.numbers import looks_like_rma_number, parse_rma_number
from rma.states import ReturnStatus

_LONGEST = 120


class ScanKind(StrEnum):
    RETURN = "return"
    PARCEL = "parcel"
    ITEM = "item"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ScanHit:
    """What a code stands for. ``returns`` are those it leads to, the most likely one first.

    For an item these are the open returns that wait for it, oldest first.
    """

    kind: ScanKind
    code: str
    returns: tuple[Return, ...] = ()
    shipment: Shipment | None = None
    variant: Variant | None = None
    lines: tuple[ReturnLine, ...] = field(default_factory=tuple)

    @property
    def rma(self) -> Return | None:
        """The return to open, when there is just one."""
        return self.returns[0] if len(self.returns) == 1 else None


def find_by_scan(code: str) -> ScanHit:
    """Tell what a scanned or typed code is: a return number, a tracking number, a barcode or SKU.

    Return numbers carry a check letter and are tried first; an unknown code is no error.
    """
    text = code.strip()[:_LONGEST]
    return _return(text) or _parcel(text) or _item(text) or ScanHit(ScanKind.UNKNOWN, text)


def _return(text: str) -> ScanHit | None:
    if not looks_like_rma_number(text):
        return None
    rma = Return.objects.select_related("order").filter(number=parse_rma_number(text)).first()
    return ScanHit(ScanKind.RETURN, text, (rma,)) if rma else None


def _parcel(text: str) -> ScanHit | None:
    keys = _tracking_keys(text)
    if not keys:
        return None
    shipment = (
        Shipment.objects.filter(tracking_key__in=keys)
        .select_related("rma", "rma__order")
        .order_by("-created_at")
        .first()
    )
    return ScanHit(ScanKind.PARCEL, text, (shipment.rma,), shipment) if shipment else None


def _tracking_keys(text: str) -> list[str]:
    """Return how a code may be stored: whole, or without the postal prefix some labels print.

    USPS barcodes begin with 420 and the ZIP code, of five or nine digits; FedEx ground ones of 34
    digits end with the twelve of the tracking number.
    """
    key = tracking_key(text)
    keys = [key] if key else []
    if key.isdigit() and key.startswith("420") and len(key) > 20:
        keys += [key[8:], key[12:]]
    if key.isdigit() and len(key) == 34:
        keys.append(key[-12:])
    return keys


def _item(text: str) -> ScanHit | None:
    if not text:
        return None
    variant = Variant.objects.filter(Q(barcode=text) | Q(sku=text)).order_by("pk").first()
    same = Q(order_line__barcode=text) | Q(order_line__sku=text)
    if variant is not None:
        same |= Q(order_line__variant=variant)
    lines = list(
        ReturnLine.objects.filter(same, rma__status=ReturnStatus.OPEN)
        .select_related("rma", "rma__order", "order_line")
        .order_by("rma__created_at", "position")[:20]
    )
    if variant is None and not lines:
        return None
    returns = tuple({line.rma_id: line.rma for line in lines}.values())
    return ScanHit(ScanKind.ITEM, text, returns, variant=variant, lines=tuple(lines))
