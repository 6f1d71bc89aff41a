"""What the acknowledgement of a withdrawal says: the statement, its date and time, what follows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from notifications.brand import brand_of
from returns_portal.tenancy.links import portal_link
from rma.withdrawals import answers_of, refund_by, withdrawal_by_id


def acknowledgement(withdrawal_id: UUID) -> dict[str, Any]:
    """Return the template context of the acknowledgement; there may be no return to speak of.

    Raises LookupError for a statement that does not exist.
    """
    withdrawal = withdrawal_by_id(withdrawal_id)
    if withdrawal is None:
        raise LookupError(f"no withdrawal {withdrawal_id}")
    merchant, rma = withdrawal.merchant, withdrawal.rma
    receipt_url = portal_link(merchant, "withdrawn", token=withdrawal.token)
    return {
        "brand": brand_of(merchant),
        "merchant_name": merchant.name,
        "support_email": merchant.support_email,
        "rma_number": rma.number if rma is not None else "",
        "order_number": withdrawal.order_number,
        "declared_at": withdrawal.declared_at,
        "statement": withdrawal.text,
        "answers": [
            {"label": _item(answer), "value": f"{answer['sentence']}."}
            for answer in answers_of(withdrawal)
        ],
        "refund_by": refund_by(withdrawal) if rma is not None else None,
        "receipt_url": receipt_url,
        "status_url": portal_link(merchant, "status", token=rma.token) if rma is not None else "",
        "steps": [],
    }


def _item(answer: dict[str, Any]) -> str:
    units = answer["quantity"]
    return f"{units} × {answer['title']}" if units > 1 else str(answer["title"])
