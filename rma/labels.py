"""Label files under MEDIA_ROOT, and a return's papers drawn from its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from inventory.models import Location
from inventory.selectors import locations
from returns_portal.core.errors import NotFound
from returns_portal.core.files import write_whole
from returns_portal.core.ids import new_token
from returns_portal.core.languages import PRINTED, SOURCE
from returns_portal.core.own_texts import own_wording
from returns_portal.tenancy.languages import spoken
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.models import Merchant
from returns_portal.tenancy.own_texts import own_texts_of, speaking_for
from rma.carriers.base import Address, LabelFormat
from rma.carriers.labels import label_format_of
from rma.documents import Paper, SlipDocument, SlipItem, render_slip
from rma.models import Return, ReturnLine, Shipment
from rma.policy.days import last_day, local_day
from rma.policy.live import policy_of
from rma.policy.wording import reason_label
from rma.states import KEPT, ResolutionKind

_CONTENT_TYPES = {
    LabelFormat.PDF: "application/pdf",
    LabelFormat.PNG: "image/png",
    LabelFormat.ZPL: "application/zpl",
}
_SAFE_NAME = re.compile(r"[A-Za-z0-9_-]{16,64}")
_OUTCOMES = {
    ResolutionKind.REFUND: gettext_lazy("Refund"),
    ResolutionKind.STORE_CREDIT: gettext_lazy("Store credit"),
    ResolutionKind.EXCHANGE: gettext_lazy("Exchange"),
    ResolutionKind.REPLACEMENT: gettext_lazy("Replacement"),
    ResolutionKind.REPAIR: gettext_lazy("Repair"),
    ResolutionKind.KEEP_ITEM: gettext_lazy("Keep it"),
    ResolutionKind.DONATE: gettext_lazy("Give to charity"),
}


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A stored label: its bytes, what they are, and a name for the download."""

    content: bytes
    content_type: str
    name: str


def store_label(content: bytes, name: str = "") -> str:
    """Write a label file whole or not at all and return its path below MEDIA_ROOT.

    ``name`` is the random name chosen when the label was planned: a purchase that is repeated
    overwrites its own file instead of leaving orphans.
    """
    name = name or new_token()
    kind = label_format_of(content)
    if kind is None or not _SAFE_NAME.fullmatch(name):
        raise ValueError("neither a label nor a name made for one")
    relative = f"labels/{name[:2]}/{name}.{kind.value}"
    write_whole(relative, content)
    return relative


def open_label(shipment: Shipment) -> LabelFile:
    """Return a shipment's label file. Raises NotFound when there is none (yet)."""
    path = Path(settings.MEDIA_ROOT) / shipment.label_path
    if not shipment.label_path or not path.is_file():
        raise NotFound(_("There is no label file for this return yet. Try again in a minute."))
    content = path.read_bytes()
    kind = label_format_of(content) or LabelFormat.PDF
    return LabelFile(content, _CONTENT_TYPES[kind], f"label-{shipment.tracking_code}.{kind.value}")


def address_of(written: Mapping[str, str], *, company: str = "") -> Address:
    """Return an address kept as JSON (name, street1 ... phone) in the carriers' form."""
    return Address(
        name=written.get("name") or "",
        company=company,
        line1=written.get("street1") or "",
        line2=written.get("street2") or "",
        city=written.get("city") or "",
        region=written.get("state") or "",
        postal_code=written.get("zip") or "",
        country=written.get("country") or "",
        phone=written.get("phone") or "",
    )


def return_address(merchant: Merchant) -> dict[str, str]:
    """Return where parcels go: the merchant's own return address, else the default location's."""
    written: dict[str, str] = merchant.return_address
    if written.get("street1"):
        return written
    location: Location | None = locations().first()
    found: dict[str, str] = location.address if location else {}
    return {"name": merchant.name} | found


def slip_document(rma: Return) -> SlipDocument:
    """Return the page that lies in the parcel, from the rows of ``rma``, in its language.

    Languages that our fonts have no letters for are printed in English.
    """
    language = spoken(rma.merchant, rma.locale)
    with speaking_for(rma.merchant, language if language in PRINTED else SOURCE):
        return _slip_document(rma)


def _slip_document(rma: Return) -> SlipDocument:
    merchant, order = rma.merchant, rma.order
    warehouse = return_address(merchant)
    zone = merchant.time_zone
    return SlipDocument(
        merchant_name=merchant.name,
        rma_number=rma.number,
        order_number="" if rma.is_gift else order.number,
        shopper=_shopper(rma.shopper_name, "" if rma.is_gift else order.country),
        items=slip_items(rma),
        status_url=portal_link(merchant, "status", token=rma.token),
        approved_on=local_day(rma.decided_at, zone) if rma.decided_at else None,
        send_by=last_day(rma.expires_at, zone) if rma.expires_at else None,
        help_contact=merchant.support_email,
        own_carrier=rma.method == Return.Method.OWN,
        warehouse=_postal_lines(warehouse),
        paper=Paper.for_country(order.country or merchant.country),
        locale=get_language() or SOURCE,
    )


def slip_pdf(rma: Return) -> bytes:
    """Draw the slip of ``rma`` as PDF."""
    with own_wording(own_texts_of(rma.merchant)):
        return render_slip(slip_document(rma))


def slip_items(rma: Return) -> tuple[SlipItem, ...]:
    """Return what should lie in the parcel, line by line. No prices: it may be a gift."""
    policy = policy_of(rma.policy_version_id)
    lines = (
        ReturnLine.objects.filter(rma=rma)
        .exclude(wanted__in=KEPT)
        .select_related("order_line")
        .order_by("position", "pk")
    )
    items = []
    for line in lines:
        reason = policy.reason(line.reason)
        items.append(
            SlipItem(
                name=line.order_line.title,
                variant=line.order_line.variant_title,
                sku=line.order_line.sku,
                quantity=line.quantity,
                reason=reason_label(reason) if reason else line.reason,
                outcome=str(_OUTCOMES[ResolutionKind(line.wanted)]),
            )
        )
    return tuple(items)


def _shopper(name: str, country: str) -> str:
    """Return a first name, an initial and the country: the slip may be read by anybody."""
    words = name.split()
    short = " ".join([words[0], *(f"{words[-1][0]}." for _ in words[1:2])]) if words else ""
    return ", ".join(part for part in (short, country) if part)


def _postal_lines(written: Mapping[str, str]) -> tuple[str, ...]:
    town = " ".join(filter(None, (written.get("zip"), written.get("city"), written.get("state"))))
    lines = (written.get("name"), written.get("street1"), written.get("street2"), town)
    return tuple(line for line in (*lines, written.get("country")) if line)
