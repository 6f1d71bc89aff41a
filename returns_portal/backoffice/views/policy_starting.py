"""Starting from a policy that is there to start from."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.policy_words import in_words
from returns_portal.core.errors import DomainError, NotFound
from returns_portal.tenancy.permissions import Permission
from rma.actions.policy_rules import document_digest
from rma.actions.policy_starting import start_draft
from rma.models import PolicyVersion
from rma.policy.document import parse_policy
from rma.policy.starters import starter_named, starters


def _show(request: HttpRequest, *, error: DomainError | None = None, **_: object) -> HttpResponse:
    """Show every policy to start from; after a refusal, ask whether the draft may be replaced."""
    draft = PolicyVersion.objects.filter(status=PolicyVersion.Status.DRAFT).first()
    currency = request.merchant.currency
    told = [(one, in_words(parse_policy(one.document(currency)))) for one in starters()]
    context = {
        "told": told,
        "draft": draft,
        "asked": starter_named(request.POST.get("starter", "")) if error else None,
        "replacing": document_digest(draft.document) if draft else "",
    }
    return page(request, "backoffice/policy_start.html", "policies", context, error=error)


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=_show)
def policy_start(request: HttpRequest) -> HttpResponse:
    """Choose a policy to start from, and make it the draft."""
    if request.method != "POST":
        return _show(request)
    starter = starter_named(request.POST.get("starter", ""))
    if starter is None:
        raise NotFound("There is no such policy to start from.")
    document = starter.document(request.merchant.currency)
    replacing = request.POST.get("replacing", "")
    draft = start_draft(document, replacing=replacing, actor=actor_of(request))
    text = f"Draft v{draft.number} starts from “{starter.title}”. Nothing is live yet."
    return done(request, text, "policies")
