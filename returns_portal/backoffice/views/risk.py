"""Risk: the score's setting and how right it was, and the shoppers on a list."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.risk import MarkForm, RiskForm
from returns_portal.commerce.keys import number_key
from returns_portal.commerce.models import Order
from returns_portal.core.clock import now
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.tenancy.permissions import Permission
from rma.actions.marks import end_mark, mark_shopper
from rma.actions.policy import save_draft
from rma.models import PolicyVersion
from rma.policy.document import default_policy
from rma.risk import precision, standing_marks

DAYS = 90
Status = PolicyVersion.Status


def _document(request: HttpRequest) -> dict[str, object]:
    rows = PolicyVersion.objects.filter(status__in=[Status.DRAFT, Status.LIVE])
    documents = {row.status: row.document for row in rows}
    found = documents.get(Status.DRAFT) or documents.get(Status.LIVE)
    return dict(found or default_policy(request.merchant.currency))


def _show_risk(
    request: HttpRequest,
    *,
    form: RiskForm | None = None,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    initial = RiskForm.initial_of(_document(request))
    context = {
        "form": form or RiskForm(initial=initial),
        "days": DAYS,
        "review_at": initial["review_at"],
        "found": precision(now() - timedelta(days=DAYS), initial["review_at"]),
    }
    status = 422 if form else 200
    return page(request, "backoffice/risk.html", "policies", context, error=error, status=status)


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=_show_risk)
def risk(request: HttpRequest) -> HttpResponse:
    """Say from which score on a person looks, and see how right it was."""
    if request.method != "POST":
        return _show_risk(request)
    form = RiskForm(request.POST)
    if not form.is_valid():
        return _show_risk(request, form=form)
    draft = save_draft(form.document(_document(request)), actor=actor_of(request))
    return done(request, f"Draft v{draft.number} is saved. Nothing is live yet.", "risk")


def _show_marks(
    request: HttpRequest,
    *,
    form: MarkForm | None = None,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    order = request.GET.get("order", "")[:60]
    context = {
        "form": form or MarkForm(initial={"order": order, "kind": "block"}),
        "marks": standing_marks()[:200],
    }
    status = 422 if form else 200
    return page(request, "backoffice/marks.html", "returns", context, error=error, status=status)


@staff_view(permission=Permission.RETURNS_DECIDE, methods=["GET", "POST"], refused=_show_marks)
def marks(request: HttpRequest) -> HttpResponse:
    """Show who is on a list, and put somebody on one."""
    if request.method != "POST":
        return _show_marks(request)
    form = MarkForm(request.POST)
    if not form.is_valid():
        return _show_marks(request, form=form)
    said = form.cleaned_data
    mark = mark_shopper(
        _order(said["order"]), kind=said["kind"], reason=said["reason"], days=said["days"],
        actor=actor_of(request),
    )  # fmt: skip
    return done(request, f"{mark.hint} is on the {mark.get_kind_display().lower()}.", "marks")


@staff_view(permission=Permission.RETURNS_DECIDE, methods=["POST"], refused=_show_marks)
def unmark(request: HttpRequest, mark_id: UUID) -> HttpResponse:
    """Take somebody off a list."""
    mark = end_mark(mark_id, actor=actor_of(request))
    return done(request, f"{mark.hint} is off the {mark.get_kind_display().lower()}.", "marks")


def _order(number: str) -> UUID:
    newest = Order.objects.filter(number_key=number_key(number) or "-").order_by("-placed_at")
    order_id = newest.values_list("pk", flat=True).first()
    if order_id is None:
        raise InvalidInput(f"There is no order {number}. Check the number.", field="order")
    return order_id
