"""Reading statements of withdrawal, and the paper that acknowledges one.

The paper is the durable medium of Article 11a: the content of the statement with its date and time.
It tells what was declared and promised then, and nothing that changes later.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core import pdf
from returns_portal.core.errors import NotFound
from returns_portal.core.files import write_whole
from returns_portal.tenancy.own_texts import speaking_for
from rma.documents import Paper
from rma.models import Return, Withdrawal
from rma.policy.days import local_day
from rma.policy.facts import build
from rma.policy.live import live_terms
from rma.policy.withdrawal import LineRight, Standing, withdrawal_right
from rma.policy.withdrawal_law import DAYS
from rma.windows import NOTHING_KEPT


def withdrawal_by_token(token: str) -> Withdrawal:
    """Return the statement that a receipt's address opens, with its order and return.

    Raises NotFound. One statement.
    """
    found = _all().filter(token=token[:48].replace("\x00", "")).first()
    if found is None:
        raise NotFound(
            "This receipt isn't here. The e-mail that acknowledged your withdrawal has a copy."
        )
    return found


def withdrawal_by_id(withdrawal_id: UUID) -> Withdrawal | None:
    return _all().filter(pk=withdrawal_id).first()


_OPERATION = "withdrawal:"


def operation_of(withdrawal_id: UUID) -> str:
    """Return the operation id of the return that a statement becomes, at once or later."""
    return f"{_OPERATION}{withdrawal_id.hex}"


def is_withdrawal(rma: Return) -> bool:
    """Tell whether a return came from a statement, without reading it."""
    return rma.operation_id.startswith(_OPERATION)


def withdrawal_of(rma: Return) -> Withdrawal | None:
    """Return the statement that a return came from, or None for any other return."""
    prefix, told = rma.operation_id[: len(_OPERATION)], rma.operation_id[len(_OPERATION) :]
    try:
        return withdrawal_by_id(UUID(told)) if prefix == _OPERATION else None
    except ValueError:
        # Programs choose their own operation ids.
        return None


def return_of(withdrawal: Withdrawal) -> Return | None:
    """Return what a statement became, at once or when a person took it up."""
    return Return.objects.filter(operation_id=operation_of(withdrawal.pk)).first()


def rights_then(withdrawal: Withdrawal, order: Order) -> list[tuple[OrderLine, LineRight]]:
    """Return each item of an order read for a return, with its right when it was declared."""
    merchant = withdrawal.merchant
    facts = build(order, withdrawal.declared_at, time_zone=merchant.time_zone, windows=NOTHING_KEPT)
    rights = {right.line_key: right for right in withdrawal_right(facts, live_terms())}
    return [(line, rights[str(line.pk)]) for line in order.lines.all()]


def declared_before(operation_id: str, *, email: str, order_number: str) -> str:
    """Return the token of the statement that the same page made before, or nothing."""
    found = Withdrawal.objects.filter(operation_id=operation_id[:64].replace("\x00", "")).first()
    if found is None or (found.email, found.order_number) != (email, order_number):
        return ""
    return str(found.token)


def _all() -> Any:
    return Withdrawal.objects.select_related("merchant", "order", "rma")


def answers_of(withdrawal: Withdrawal) -> list[dict[str, Any]]:
    """Return what became of each declared item, those that come back first."""
    rows = [
        {
            "title": answer["title"],
            "quantity": answer["quantity"],
            "comes_back": answer["standing"] == Standing.OPEN,
            "until": date.fromisoformat(answer["until"]) if answer["until"] else None,
            "sentence": answer["sentence"],
        }
        for answer in withdrawal.answers
    ]
    return sorted(rows, key=lambda row: not row["comes_back"])


def refund_by(withdrawal: Withdrawal) -> date:
    """Return the last day that the law gives for the money, in the merchant's calendar."""
    declared = local_day(withdrawal.declared_at, withdrawal.merchant.time_zone)
    return declared + timedelta(days=DAYS)


def withdrawal_pdf(withdrawal: Withdrawal) -> bytes:
    """Draw the acknowledgement of a statement loaded with its merchant, order and return."""
    merchant, order = withdrawal.merchant, withdrawal.order
    language = withdrawal.locale or merchant.locale
    country = order.country if order is not None and order.country else merchant.country
    zone = ZoneInfo(merchant.time_zone)
    with speaking_for(merchant, language or "en"), timezone.override(zone):
        view = {
            "lang": (language or "en").replace("_", "-"),
            "paper": Paper.for_country(country).value,
            "merchant": merchant,
            "withdrawal": withdrawal,
            "rma": withdrawal.rma,
            "refund_by": refund_by(withdrawal),
            "answers": answers_of(withdrawal),
        }
        return pdf.render(render_to_string("documents/withdrawal.html", view), tagged=True)


def keep_paper(withdrawal: Withdrawal) -> str:
    """Draw the acknowledgement into a file and return its path below MEDIA_ROOT."""
    relative = f"withdrawals/{withdrawal.token[:2]}/{withdrawal.token}.pdf"
    write_whole(relative, withdrawal_pdf(withdrawal))
    return relative
