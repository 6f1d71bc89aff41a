"""The EU right of withdrawal in the policy: what the law leaves to the merchant."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.policy_withdrawal import WithdrawalForm
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.tenancy.permissions import Permission
from rma.actions.policy import save_draft
from rma.policy.document import default_policy
from rma.policy.live import document_to_edit
from rma.policy.withdrawal_law import DAYS


def _document(request: HttpRequest) -> dict[str, Any]:
    return document_to_edit() or default_policy(request.merchant.currency)


def _show(
    request: HttpRequest, *, form: WithdrawalForm | None = None, error: DomainError | None = None
) -> HttpResponse:
    shown = form or WithdrawalForm(initial=WithdrawalForm.initial_of(_document(request)))
    template, context = "backoffice/policy_withdrawal.html", {"form": shown, "days": DAYS}
    status = 422 if form else 200
    return page(request, template, "policies", context, error=error, status=status)


def _show_again(request: HttpRequest, *, error: DomainError) -> HttpResponse:
    """Show what the policy's reader refused beside the fields it is about."""
    initial = WithdrawalForm.initial_of(_document(request))
    form = WithdrawalForm(request.POST, initial=initial)
    if form.is_valid() and isinstance(error, InvalidInput) and form.blame(error):
        return _show(request, form=form)
    return _show(request, form=form, error=error)


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=_show_again)
def policy_withdrawal(request: HttpRequest) -> HttpResponse:
    """Change what the draft says about withdrawal."""
    if request.method != "POST":
        return _show(request)
    document = _document(request)
    form = WithdrawalForm(request.POST, initial=WithdrawalForm.initial_of(document))
    if not form.is_valid():
        return _show(request, form=form)
    draft = save_draft(form.document(document), actor=actor_of(request))
    return done(request, f"Draft v{draft.number} is saved. Nothing is live yet.", "policies")
