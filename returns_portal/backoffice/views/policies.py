"""Policies: the live version in sentences, the draft as a form, publishing now or on a date."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.policies import PolicyForm
from returns_portal.backoffice.forms.policy_reasons import (
    ReasonForm,
    ReasonFormSet,
    waived_reasons,
)
from returns_portal.backoffice.forms.policy_terms import TermsForm
from returns_portal.backoffice.forms.policy_versions import PublishForm
from returns_portal.backoffice.policy_words import in_words
from returns_portal.backoffice.rule_chips import rules_context
from returns_portal.backoffice.views.rehearsals import rehearsal_card
from returns_portal.core.errors import Conflict, DomainError
from returns_portal.tenancy.permissions import Permission
from rma.actions.policy import publish_policy, save_draft
from rma.actions.policy_rules import document_digest
from rma.actions.policy_versions import (
    cancel_scheduled_policy,
    discard_draft,
    schedule_policy,
    take_back_policy,
)
from rma.models import PolicyVersion
from rma.policy.document import Policy, default_policy, parse_policy

Status = PolicyVersion.Status


def _versions() -> dict[str, PolicyVersion]:
    rows = PolicyVersion.objects.exclude(status=Status.RETIRED)
    return {row.status: row for row in rows}


def _parsed(version: PolicyVersion | None) -> Policy | None:
    return parse_policy(version.document, version=version.number) if version else None


def show_policies(
    request: HttpRequest,
    *,
    form: PublishForm | None = None,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    """Show the draft against the live version; after a refusal, with what was refused."""
    now = _versions()
    live, draft = now.get(Status.LIVE), now.get(Status.DRAFT)
    policy, change = _parsed(live), _parsed(draft)
    words = in_words(change, policy) if change else in_words(policy) if policy else []
    zone = request.merchant.time_zone
    context = {
        "live": live,
        "draft": draft,
        "groups": [group for group in words if not group.is_own],
        **rules_context(change, policy),
        "seen": document_digest((draft or live).document) if draft or live else "",
        "scheduled": now.get(Status.SCHEDULED),
        "changes": sum(bool(one.was) for group in words for one in group.sentences),
        **rehearsal_card(now),
        "publish": form or PublishForm(zone=zone),
        "publish_dialog": PublishForm(zone=zone, auto_id="pd_%s"),
        "versions": PolicyVersion.objects.exclude(status=Status.DRAFT)
        .defer("document")
        .order_by("-number")[:20],
    }
    status = 422 if form else 200
    return page(
        request, "backoffice/policies.html", "policies", context, error=error, status=status
    )


@staff_view(permission=Permission.POLICY_EDIT)
def policies(request: HttpRequest) -> HttpResponse:
    """Show the draft against the live version, or the live version."""
    return show_policies(request)


def _document(request: HttpRequest) -> dict[str, Any]:
    """Return what is edited: the draft, else the live version, else the starter policy."""
    now = _versions()
    version = now.get(Status.DRAFT) or now.get(Status.LIVE)
    return version.document if version else default_policy(request.merchant.currency)


def _form_page(
    request: HttpRequest,
    *,
    form: PolicyForm | None = None,
    terms: TermsForm | None = None,
    reasons: Any = None,
    error: DomainError | None = None,
) -> HttpResponse:
    document = _document(request)
    currency = document["currency"]
    context = {
        "terms": terms or TermsForm(initial=TermsForm.initial_of(document), currency=currency),
        "form": form or PolicyForm(initial=PolicyForm.initial_of(document), currency=currency),
        "reasons": reasons or ReasonFormSet(initial=ReasonForm.initial_of(document), prefix="r"),
        "currency": currency,
        "mistakes": (error.facts.get("errors", []) if error else []),
    }
    status = 422 if form else 200
    template = "backoffice/policy_edit.html"
    return page(request, template, "policies", context, error=error, status=status)


def _form_again(request: HttpRequest, *, error: DomainError, **_: object) -> HttpResponse:
    """Show the form as it was sent, with what the policy's reader found."""
    form, terms, reasons = _sent(request, _document(request)["currency"])
    return _form_page(request, form=form, terms=terms, reasons=reasons, error=error)


def _sent(request: HttpRequest, currency: str) -> tuple[PolicyForm, TermsForm, Any]:
    return (
        PolicyForm(request.POST, currency=currency),
        TermsForm(request.POST, currency=currency),
        ReasonFormSet(request.POST, prefix="r"),
    )


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=_form_again)
def policy_edit(request: HttpRequest) -> HttpResponse:
    """Change the draft."""
    if request.method != "POST":
        return _form_page(request)
    document = _document(request)
    form, terms, reasons = _sent(request, document["currency"])
    if not all([form.is_valid(), terms.is_valid(), reasons.is_valid()]):
        return _form_page(request, form=form, terms=terms, reasons=reasons)
    changed = form.document(document, reasons.forms)
    changed = terms.document(changed, waived_reasons(reasons.forms, changed))
    draft = save_draft(changed, actor=actor_of(request))
    return done(request, f"Draft v{draft.number} is saved. Nothing is live yet.", "policies")


def _publish_again(request: HttpRequest, *, error: DomainError, **_: object) -> HttpResponse:
    """Show what was refused beside its field, if it has one on the form."""
    form = PublishForm(request.POST, zone=request.merchant.time_zone)
    if error.field not in form.fields or not form.is_valid():
        return show_policies(request, error=error)
    form.add_error(error.field, error.message)
    return show_policies(request, form=form)


@staff_view(permission=Permission.POLICY_EDIT, methods=["POST"], refused=_publish_again)
def policy_publish(request: HttpRequest) -> HttpResponse:
    """Put the draft into force, at once or from a day and time on."""
    form = PublishForm(request.POST, zone=request.merchant.time_zone)
    if not form.is_valid():
        return show_policies(request, form=form)
    actor, name = actor_of(request), form.cleaned_data["name"]
    if form.is_later:
        version = schedule_policy(form.cleaned_data["at"], actor=actor, name=name)
        when = date_format(timezone.localtime(version.effective_at), "j F Y, H:i")
        return done(request, f"v{version.number} comes into force on {when}.", "policies")
    version = publish_policy(actor=actor, name=name)
    return done(request, f"v{version.number} is live. Open returns keep theirs.", "policies")


@staff_view(permission=Permission.POLICY_EDIT, methods=["POST"], refused=show_policies)
def policy_take_back(request: HttpRequest) -> HttpResponse:
    """Make the scheduled version the draft again."""
    version = take_back_policy(actor=actor_of(request))
    return done(request, f"v{version.number} is the draft again.", "policies")


@staff_view(permission=Permission.POLICY_EDIT, methods=["POST"], refused=show_policies)
def policy_cancel_scheduled(request: HttpRequest) -> HttpResponse:
    """Let the scheduled version never come into force."""
    version = cancel_scheduled_policy(actor=actor_of(request))
    return done(request, f"v{version.number} will not come into force.", "policies")


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=show_policies)
def policy_discard(request: HttpRequest) -> HttpResponse:
    """Ask whether to give the draft up, then do it."""
    if request.method == "POST":
        number = discard_draft(seen=request.POST.get("seen", ""), actor=actor_of(request))
        return done(request, f"Draft v{number} is discarded.", "policies")
    now = _versions()
    draft, live = now.get(Status.DRAFT), now.get(Status.LIVE)
    if draft is None:
        raise Conflict("There is no draft any more. Look at the policy.", code="no_draft")
    words = in_words(parse_policy(draft.document), _parsed(live))
    changed = [one for group in words for one in group.sentences if one.was]
    context = {
        "draft": draft,
        "live": live,
        "changed": changed,
        "is_same": live is not None and draft.document == live.document,
        "seen": document_digest(draft.document),
    }
    return page(request, "backoffice/policy_discard.html", "policies", context)
