"""Turn our orders into EasyPost's fields and EasyPost's objects into ours.

Every status and field that EasyPost may add or leave out is survived here: unknown words map to
*unknown* and are kept verbatim beside it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import Money
from returns_portal.integrations import answers
from returns_portal.integrations.outcomes import Declined, Unavailable
from rma.carriers.base import (
    Address,
    Label,
    LabelFormat,
    LabelOrder,
    LabelRefund,
    PreparedShipment,
    TrackingNotice,
    TrackingScan,
    TrackingStatus,
)
from rma.carriers.labels import label_format_of

_MM_PER_INCH = 25.4
_GRAMS_PER_OUNCE = 28.349523125
_SMALL_PARCEL_MM = (305, 229, 102)
_LATEST = datetime.max.replace(tzinfo=UTC)


def shipment_fields(order: LabelOrder) -> dict[str, Any]:
    """Return the fields of a shipment.

    For a return EasyPost wants the addresses of the *outbound* shipment and swaps them itself, so
    the shopper, who posts the parcel, goes into ``to_address``.
    """
    sender, receiver = _address(order.sender), _address(order.receiver)
    length, width, height = order.parcel.dims_mm or _SMALL_PARCEL_MM
    return {
        "to_address": sender if order.is_return else receiver,
        "from_address": receiver if order.is_return else sender,
        "is_return": order.is_return,
        "parcel": {
            "length": round(length / _MM_PER_INCH, 1),
            "width": round(width / _MM_PER_INCH, 1),
            "height": round(height / _MM_PER_INCH, 1),
            "weight": max(round(order.parcel.weight_grams / _GRAMS_PER_OUNCE, 1), 0.1),
        },
        "reference": order.operation_id,
        "options": {
            "label_format": "PDF",
            "label_size": "4x6",
            "print_custom_1": order.reference,
            "print_custom_1_barcode": True,
        },
    }


def prepared(shipment: dict[str, Any], order: LabelOrder) -> PreparedShipment:
    """Choose the cheapest rate of the wanted service under the cap. Raises Declined."""
    shipment_id = answers.text(shipment, "id")
    if shipment_id is None:
        raise Unavailable("unreadable_answer", "EasyPost's answer holds no shipment.", raw=shipment)
    offers = _offers(shipment, order.service)
    if not offers:
        raise Declined("no_rates", _why_no_rates(shipment, order), raw=shipment)
    currency = order.cost_cap.currency if order.cost_cap else offers[0][0].currency
    priced = [offer for offer in offers if offer[0].currency == currency]
    if not priced:
        raise Declined("no_rates", f"No carrier offers a price in {currency}.", raw=shipment)
    cost, rate = min(priced, key=lambda offer: offer[0].minor)
    if order.cost_cap and cost > order.cost_cap:
        raise Declined(
            "over_cost_cap",
            f"The cheapest label costs {cost}, more than the limit of {order.cost_cap}.",
            raw=shipment,
        )
    return PreparedShipment(
        shipment_id=shipment_id,
        rate_id=answers.text(rate, "id") or "",
        cost=cost,
        carrier=answers.text(rate, "carrier") or "",
        service=answers.text(rate, "service") or "",
        raw=shipment,
    )


def label(shipment: dict[str, Any]) -> Label | None:
    """Return the shipment's label, or None while it has none."""
    postage = answers.mapping(shipment, "postage_label")
    tracking_code = answers.text(shipment, "tracking_code")
    pdf_url = answers.text(postage, "label_pdf_url")
    url = pdf_url or answers.text(postage, "label_url") or answers.text(postage, "label_zpl_url")
    file = None if url else _inline_file(postage)
    if (url is None and file is None) or tracking_code is None:
        return None
    stated = LabelFormat.PDF if pdf_url else _label_format(postage)
    rate = answers.mapping(shipment, "selected_rate")
    return Label(
        tracking_code=tracking_code,
        carrier=answers.text(rate, "carrier") or answers.text(shipment, "tracker", "carrier") or "",
        service=answers.text(rate, "service") or "",
        cost=_price(rate),
        provider_shipment_id=answers.text(shipment, "id") or "",
        label_format=(label_format_of(file) if file else None) or stated,
        label_url=url,
        label_pdf=file,
        tracking_url=answers.text(shipment, "tracker", "public_url"),
        raw=shipment,
    )


def refund_status(shipment: dict[str, Any]) -> LabelRefund:
    """Return where the label's refund stands; a word we do not know counts as still open."""
    known = answers.choice(LabelRefund, answers.text(shipment, "refund_status"))
    return known or LabelRefund.SUBMITTED


def scans(tracker: object) -> list[TrackingScan]:
    """Return a tracker's cumulative scans, oldest first, those without a date at the end."""
    found = [_scan(one) for one in answers.items(tracker, "tracking_details")]
    return sorted(found, key=lambda scan: scan.occurred_at or _LATEST)


def notice(event: dict[str, Any]) -> TrackingNotice:
    """Return what an event tells; anything but a tracker is not about a parcel."""
    event_type = answers.text(event, "description") or ""
    tracker = answers.mapping(event, "result")
    tracking_code = answers.text(tracker, "tracking_code")
    about_parcel = (
        tracking_code is not None
        and event_type.startswith("tracker.")
        and answers.text(tracker, "object") in (None, "Tracker")
    )
    return TrackingNotice(
        event_id=answers.text(event, "id") or "",
        event_type=event_type,
        about_parcel=about_parcel,
        tracking_code=tracking_code or "" if about_parcel else "",
        carrier=answers.text(tracker, "carrier") or "" if about_parcel else "",
        status=_status(tracker) if about_parcel else TrackingStatus.UNKNOWN,
        scans=tuple(scans(tracker)) if about_parcel else (),
        provider_shipment_id=answers.text(tracker, "shipment_id"),
        tracking_url=answers.text(tracker, "public_url"),
        live=(answers.text(event, "mode") or answers.text(tracker, "mode")) != "test",
        raw=event,
    )


def plain(value: Any) -> Any:
    """Return an answer as plain dictionaries and lists, without the library's objects."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def _address(address: Address) -> dict[str, str]:
    fields = {
        "name": address.name,
        "company": address.company,
        "street1": address.line1,
        "street2": address.line2,
        "city": address.city,
        "state": address.region,
        "zip": address.postal_code,
        "country": address.country,
        "phone": address.phone,
        "email": address.email,
    }
    return {name: value for name, value in fields.items() if value}


def _offers(shipment: dict[str, Any], service: str | None) -> list[tuple[Money, dict[str, Any]]]:
    found = []
    for rate in answers.items(shipment, "rates"):
        cost = _price(rate)
        if cost is None or answers.text(rate, "id") is None:
            continue
        if service is None or service.casefold() in _service_names(rate):
            found.append((cost, rate))
    return found


def _service_names(rate: object) -> tuple[str, str]:
    service = (answers.text(rate, "service") or "").casefold()
    return service, f"{(answers.text(rate, 'carrier') or '').casefold()} {service}"


def _price(rate: object) -> Money | None:
    """Return a rate's price; rates come as decimal text and an odd one is no offer."""
    amount, currency = answers.dig(rate, "rate"), answers.text(rate, "currency")
    if not isinstance(amount, str) or currency is None:
        return None
    try:
        return Money.parse(amount, currency)
    except InvalidInput:
        return None


def _why_no_rates(shipment: dict[str, Any], order: LabelOrder) -> str:
    reasons = [
        f"{answers.text(one, 'carrier') or 'The carrier'}: {text.rstrip('.')}."
        for one in answers.items(shipment, "messages")
        if (text := answers.text(one, "message"))
    ]
    wanted = f" for {order.service}" if order.service else ""
    return " ".join([f"No carrier offers a label{wanted}.", *reasons])


def _inline_file(postage: dict[str, Any]) -> bytes | None:
    """Return the label where it came inside the answer, as it does for some accounts."""
    try:
        content = base64.b64decode(answers.text(postage, "label_file") or "", validate=True)
    except ValueError:
        return None
    return content if label_format_of(content) else None


def _label_format(postage: dict[str, Any]) -> LabelFormat:
    file_type = answers.text(postage, "label_file_type") or ""
    if "pdf" in file_type:
        return LabelFormat.PDF
    if "zpl" in file_type:
        return LabelFormat.ZPL
    return LabelFormat.PNG


def _status(source: object) -> TrackingStatus:
    return answers.choice(TrackingStatus, answers.text(source, "status")) or TrackingStatus.UNKNOWN


def _scan(detail: object) -> TrackingScan:
    place = answers.mapping(detail, "tracking_location")
    parts = [answers.text(place, name) for name in ("city", "state", "country")]
    return TrackingScan(
        status=_status(detail),
        occurred_at=answers.instant(answers.dig(detail, "datetime")),
        detail=answers.text(detail, "status_detail") or "",
        message=answers.text(detail, "message") or "",
        location=", ".join(part for part in parts if part),
        carrier_status=answers.text(detail, "status") or "",
    )
