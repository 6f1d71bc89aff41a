"""Answering a shopper's objection."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from returns_portal.backoffice.base import actor_of, page, staff_view
from returns_portal.backoffice.forms.returns import AppealForm
from returns_portal.backoffice.views.returns import show_return
from returns_portal.tenancy.permissions import Permission
from rma.actions.appeals import grant_appeal, uphold_decision
from rma.models import Appeal
from rma.selectors import return_detail


@staff_view(permission=Permission.RETURNS_DECIDE, methods=["GET", "POST"], refused=show_return)
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Show what the shopper objects to; uphold the decision or change it."""
    found = return_detail(number)
    form = AppealForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        context = {"rma": found.rma, "appeals": found.appeals, "form": form}
        status = 422 if form.is_bound else 200
        return page(request, "backoffice/appeal.html", "returns", context, status=status)
    act = grant_appeal if form.cleaned_data["outcome"] == Appeal.Status.GRANTED else uphold_decision
    act(found.rma.pk, actor=actor_of(request), answer=form.cleaned_data["answer"])
    messages.success(request, "Answered. The shopper gets your words by e-mail.")
    return HttpResponseRedirect(reverse("return_detail", args=[found.rma.number]))
