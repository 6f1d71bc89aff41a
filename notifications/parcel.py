"""The parcel that a message speaks of, and where the shopper sends it."""

from __future__ import annotations

from typing import Any

from babel import Locale

from returns_portal.core.words import babel_locale
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.models import Merchant
from rma.models import Return, Shipment
from rma.states import ShipmentStatus, nothing_is_sent

_GONE = (ShipmentStatus.VOID, ShipmentStatus.FAILED)


def parcel_of(rma: Return) -> Shipment | None:
    """Return the living parcel of a return loaded with its shipments, or None."""
    return next((one for one in rma.shipments.all() if one.status not in _GONE), None)


def parcel_values(rma: Return) -> dict[str, Any]:
    """Return what templates say of the parcel: label, tracking, address. Missing facts are ""."""
    parcel = parcel_of(rma)
    merchant, token = rma.merchant, rma.token
    kept = nothing_is_sent(line.wanted for line in rma.lines.all())
    with_label = rma.method == Return.Method.LABEL and not kept
    has_label = parcel is not None and bool(parcel.label_path)
    return {
        "nothing_is_sent": kept,
        "with_label": with_label,
        "label_url": portal_link(merchant, "label", token=token) if has_label else "",
        "slip_url": portal_link(merchant, "slip", token=token),
        "carrier": parcel.carrier if parcel else "",
        "tracking_code": parcel.tracking_code if parcel else "",
        "tracking_url": _web_address(parcel.tracking_url) if parcel else "",
        "send_to": ", ".join(address_lines(merchant)),
        "send_to_lines": address_lines(merchant),
    }


def address_lines(merchant: Merchant) -> list[str]:
    """Return where returns are sent, line by line, without the lines that are empty."""
    address = {name: str(value or "").strip() for name, value in merchant.return_address.items()}
    town = " ".join(filter(None, [address.get("zip", ""), address.get("city", "")]))
    lines = [
        address.get("name") or merchant.name,
        address.get("street1", ""),
        address.get("street2", ""),
        " ".join(filter(None, [town, address.get("state", "")])),
        _country(address.get("country", "")),
    ]
    return [line for line in lines if line]


def _country(code: str) -> str:
    """Return a country's name in the active language, or what stands there instead of a code."""
    return Locale.parse(babel_locale()).territories.get(code.upper(), code)


def _web_address(text: str) -> str:
    """Return a carrier's address only if a shopper may safely follow it."""
    return text if text.startswith("https://") else ""
