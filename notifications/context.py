"""What a message may say: plain values read fresh from the return it is about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch
from django.templatetags.static import static

from refunds.models import Refund, StoreCreditEntry
from returns_portal.activity.models import Event
from returns_portal.core.brand import derive_brand
from returns_portal.core.money import Money
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.models import Merchant
from rma.models import Return, ReturnLine, Shipment
from rma.states import ResolutionKind

_WANTED = {
    ResolutionKind.REFUND: "Refund",
    ResolutionKind.STORE_CREDIT: "Store credit",
    ResolutionKind.EXCHANGE: "Exchange",
}


def load_return(rma_id: UUID) -> Return | None:
    """Return the return with all that a message names, or None when it is gone."""
    lines = ReturnLine.objects.select_related("order_line", "exchange_variant")
    return (
        Return.objects.select_related("order", "merchant")
        .prefetch_related(Prefetch("lines", lines.order_by("position")), "shipments")
        .filter(pk=rma_id)
        .first()
    )


def context_for(rma: Return, event: Event) -> dict[str, Any]:
    """Return the template context of a message about ``rma`` caused by ``event``."""
    merchant = rma.merchant
    parcel = _parcel(rma)
    status_url = portal_link(merchant, "status", token=rma.token)
    return {
        "brand": brand_of(merchant),
        "merchant_name": merchant.name,
        "support_email": merchant.support_email,
        "first_name": rma.shopper_name.split(" ")[0] if rma.shopper_name else "",
        "rma_number": rma.number,
        "order_number": rma.order.number,
        "items": [_item(line) for line in rma.lines.all()],
        "item_names": ", ".join(line.order_line.title for line in rma.lines.all()),
        "rows": _rows(rma),
        "expected": rma.expected,
        "fee": Money(rma.fee_minor, rma.currency),
        "promised_on": rma.refund_promised_on,
        "due_at": rma.due_at,
        "expires_at": rma.expires_at,
        "decline_reason": rma.decline_reason,
        "question": rma.info_question,
        "with_label": rma.method == Return.Method.LABEL,
        "label_url": portal_link(merchant, "label", token=rma.token) if _has_label(parcel) else "",
        "slip_url": portal_link(merchant, "slip", token=rma.token),
        "status_url": status_url,
        "carrier": parcel.carrier if parcel else "",
        "tracking_code": parcel.tracking_code if parcel else "",
        "tracking_url": parcel.tracking_url if parcel else "",
        "return_address": merchant.return_address,
        "button_url": status_url,
        "facts": event.facts,
        **_money_facts(event),
    }


def brand_of(merchant: Merchant) -> dict[str, Any]:
    """Return the merchant's look as the e-mail frame wants it."""
    logo = f"{settings.PUBLIC_URL}{static(merchant.logo_path)}" if merchant.logo_path else ""
    return {
        "name": merchant.name,
        "logo_url": logo,
        "address": merchant.postal_address,
        "colors": derive_brand(merchant.brand_color, merchant.brand_radius).colors,
    }


def _parcel(rma: Return) -> Shipment | None:
    alive = [one for one in rma.shipments.all() if one.status not in ("void", "failed")]
    return alive[0] if alive else None


def _has_label(parcel: Shipment | None) -> bool:
    return parcel is not None and bool(parcel.label_path)


def _item(line: ReturnLine) -> dict[str, Any]:
    title, variant = line.order_line.title, line.order_line.variant_title
    wanted = _WANTED[ResolutionKind(line.wanted)]
    if line.exchange_variant is not None:
        wanted = f"{wanted} for {line.exchange_variant.title}"
    return {
        "name": f"{line.quantity} × {title}" if line.quantity > 1 else title,
        "note": " · ".join(part for part in (variant, wanted) if part),
        "amount": None
        if line.wanted == ResolutionKind.EXCHANGE
        else Money(line.expected_minor, line.rma.currency),
    }


def _rows(rma: Return) -> list[dict[str, Any]]:
    rows = []
    if rma.fee_minor:
        rows.append({"label": "Return shipping", "amount": Money(-rma.fee_minor, rma.currency)})
    if rma.expected_minor:
        rows.append({"label": "You get", "amount": rma.expected, "kind": "total"})
    return rows


def _money_facts(event: Event) -> dict[str, Any]:
    """Return the amount and where it goes, when the event is about a refund or a credit."""
    if event.subject_kind == "refund":
        refund = Refund.objects.filter(pk=event.subject_id).first()
        if refund is not None:
            parts = refund.allocations.select_related("payment").exclude(status="cancelled")
            names = [part.payment.label or part.payment.gateway for part in parts]
            return {
                "amount": refund.amount,
                "paid_to": ", ".join(dict.fromkeys(names)) or "your original payment",
                "reference": str(refund.pk)[-8:].upper(),
                "by_hand": refund.method == Refund.Method.MANUAL,
            }
    entry = StoreCreditEntry.objects.select_related("credit").filter(pk=event.subject_id).first()
    if entry is not None:
        return {
            "amount": Money(entry.amount_minor, entry.credit.currency),
            "balance": entry.credit.balance,
        }
    return {}
