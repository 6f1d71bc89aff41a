"""Draw the papers of a return: the shipping label, the slip for the parcel, and both on one sheet.

Pure: frozen dataclasses in, PDF bytes out. Pictures and logos come as ``data:`` addresses, because
rendering opens no file of a merchant's and no connection. Papers carry no prices and no street of
the shopper's except on the label (a return may be a gift).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from babel import Locale
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from returns_portal.core import barcodes, pdf, words
from rma.carriers.base import Address

ITEMS_PER_PAGE = 8
ITEMS_ON_COMBINED_SHEET = 4
# A thermal printer at 203 dpi sets dots of an eighth of a millimetre; a module of whole dots has
# clean edges. 0.33 mm is the narrowest that hand scanners read reliably from creased paper.
_MODULES_MM = (0.5, 0.375, 0.25)


class Paper(StrEnum):
    """The sheet in the shopper's printer. Both hold the same 185.4 x 254 mm of content."""

    A4 = "A4"
    LETTER = "letter"

    @classmethod
    def for_country(cls, country: str) -> Paper:
        """Return the paper that printers in a country (ISO alpha-2) hold."""
        return cls.LETTER if country.upper() in _LETTER_COUNTRIES else cls.A4


_LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "CR", "GT", "PA", "DO", "PR"})


@dataclass(frozen=True, slots=True)
class LabelDocument:
    """A 4 x 6 inch shipping label in one colour."""

    carrier: str
    service: str
    sender: Address
    receiver: Address
    tracking_code: str
    rma_number: str
    weight_grams: int
    route: str = ""
    parcel_index: int = 1
    parcel_count: int = 1


@dataclass(frozen=True, slots=True)
class SlipItem:
    """One line of what lies in the parcel. ``picture`` is a data: address or empty."""

    name: str
    quantity: int
    reason: str
    outcome: str
    variant: str = ""
    sku: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class SlipDocument:
    """The page inside the parcel. ``shopper`` is a first name, an initial and a country.

    ``needs_check`` frames the route heavily: somebody looks at the goods first. ``own_carrier``
    prints ``warehouse`` in large type, because no label of ours is on the box.
    """

    merchant_name: str
    rma_number: str
    order_number: str
    shopper: str
    items: Sequence[SlipItem]
    status_url: str
    approved_on: date | None = None
    send_by: date | None = None
    route: str = ""
    help_contact: str = ""
    logo: str = ""
    drop_off: str = ""
    needs_check: bool = False
    own_carrier: bool = False
    warehouse: Sequence[str] = field(default_factory=tuple)
    parcel_index: int = 1
    parcel_count: int = 1
    paper: Paper = Paper.A4
    locale: str = "en"


def render_label(label: LabelDocument) -> bytes:
    """Return a label as a one-page PDF of exactly 4 x 6 inches."""
    return pdf.render(render_to_string("documents/label.html", {"label": _label_view(label)}))


def render_slip(slip: SlipDocument) -> bytes:
    """Return a slip as PDF; more than eight items continue on further pages with the same head."""
    with override(slip.locale):
        html = render_to_string("documents/slip.html", {"slip": _slip_view(slip, ITEMS_PER_PAGE)})
    return pdf.render(html, tagged=True)


def render_combined(slip: SlipDocument, label: LabelDocument) -> bytes:
    """Return slip and label on one sheet to cut; with many items the label gets its own sheet."""
    with override(slip.locale):
        view = {
            "slip": _slip_view(slip, ITEMS_PER_PAGE),
            "label": _label_view(label),
            "one_sheet": len(slip.items) <= ITEMS_ON_COMBINED_SHEET and not slip.own_carrier,
        }
        html = render_to_string("documents/combined.html", view)
    return pdf.render(html, tagged=True)


def _label_view(label: LabelDocument) -> dict[str, Any]:
    abroad = label.sender.country.upper() != label.receiver.country.upper()
    return {
        "carrier": label.carrier,
        "service": label.service,
        "sender": ", ".join(_lines(label.sender, abroad)),
        "receiver": _lines(label.receiver, abroad),
        "tracking_code": label.tracking_code,
        "tracking_groups": _grouped(label.tracking_code),
        "tracking_bar": _bar(label.tracking_code, widest=95.0, height=34.0),
        "rma_number": label.rma_number,
        "rma_bar": _bar(_scannable(label.rma_number), widest=95.0, height=11.0, largest=0.375),
        "route": label.route,
        "weight": _weight(label.weight_grams),
        "parcel": f"{label.parcel_index} / {label.parcel_count}",
    }


def _slip_view(slip: SlipDocument, per_page: int) -> dict[str, Any]:
    items = list(slip.items)
    pages = [items[start : start + per_page] for start in range(0, len(items), per_page)] or [[]]
    units = sum(item.quantity for item in items)
    return {
        "paper": slip.paper.value,
        "lang": slip.locale.replace("_", "-"),
        "merchant_name": slip.merchant_name,
        "logo": _data_address(slip.logo),
        "rma_number": slip.rma_number,
        "scannable": _scannable(slip.rma_number),
        "rma_bar": _bar(_scannable(slip.rma_number), widest=95.0, height=17.0),
        "facts": _facts(slip),
        "needs_check": slip.needs_check,
        "pages": [
            {"number": number, "items": [_item_view(item) for item in page]}
            for number, page in enumerate(pages, start=1)
        ],
        "page_count": len(pages),
        "total": _total(units, slip.parcel_index, slip.parcel_count),
        "own_carrier": slip.own_carrier,
        "warehouse": list(slip.warehouse),
        "drop_off": slip.drop_off or _("Cover old labels. Hand it in and keep the receipt."),
        "status_url": slip.status_url,
        "status_text": slip.status_url.removeprefix("https://").removeprefix("http://"),
        "help_contact": slip.help_contact,
        "qr": barcodes.svg_data_uri(barcodes.qr_svg(slip.status_url)),
    }


def _facts(slip: SlipDocument) -> list[tuple[str, str]]:
    facts = [
        (_("Order"), slip.order_number),
        (_("From"), slip.shopper),
        (_("Approved"), words.dated(slip.approved_on) if slip.approved_on else ""),
        (_("Send by"), words.dated(slip.send_by) if slip.send_by else ""),
        # For the warehouse, which reads English.
        ("Route", f"{slip.route}, check" if slip.needs_check and slip.route else slip.route),
    ]
    if slip.parcel_count > 1:
        known = {"index": slip.parcel_index, "count": slip.parcel_count}
        facts.append((_("Parcel"), _("%(index)d of %(count)d") % known))
    return [(name, value) for name, value in facts if value]


def _item_view(item: SlipItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "variant": item.variant,
        "sku": item.sku,
        "quantity": item.quantity,
        "reason": item.reason,
        "outcome": item.outcome,
        "picture": _data_address(item.picture),
    }


def _total(units: int, index: int, count: int) -> str:
    if count == 1:
        return ngettext("%(n)d item in 1 parcel", "%(n)d items in 1 parcel", units) % {"n": units}
    template = ngettext(
        "%(n)d item in parcel %(index)d of %(count)d",
        "%(n)d items in parcel %(index)d of %(count)d",
        units,
    )
    return template % {"n": units, "index": index, "count": count}


def _bar(text: str, *, widest: float, height: float, largest: float = 0.5) -> dict[str, Any]:
    """Return a barcode with the widest module of whole printer dots that fits ``widest`` mm."""
    modules = barcodes.code128_module_count(text)
    fitting = [one for one in _MODULES_MM if one <= largest and one * modules <= widest]
    width = modules * fitting[0] if fitting else widest
    return {
        "src": barcodes.svg_data_uri(barcodes.code128_svg(text)),
        "width": f"{width:g}mm",
        "height": f"{height:g}mm",
    }


def _scannable(rma_number: str) -> str:
    """Drop the dashes: they make the bars longer, and every reader of numbers forgives them."""
    return rma_number.replace("-", "")


def _data_address(text: str) -> str:
    return text if text.startswith("data:image/") else ""


def _grouped(code: str) -> str:
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def _weight(grams: int) -> str:
    return f"{grams / 1000:.1f} kg" if grams >= 100 else f"{grams} g"


def _lines(address: Address, abroad: bool) -> list[str]:
    """Return an address as it is written on parcels, with the country only where it is crossed."""
    if address.country.upper() in ("US", "CA", "AU"):
        town = " ".join(filter(None, (f"{address.city},", address.region, address.postal_code)))
    elif address.country.upper() in ("GB", "IE"):
        town = ", ".join(filter(None, (address.city, address.postal_code)))
    else:
        town = " ".join(filter(None, (address.postal_code, address.city)))
    country = _country_name(address.country).upper() if abroad else ""
    lines = (address.company, address.name, address.line1, address.line2, town, country)
    return list(dict.fromkeys(line for line in lines if line))


def _country_name(code: str) -> str:
    """Return the country in English, which post offices abroad read."""
    return str(Locale("en").territories.get(code.upper(), code))
