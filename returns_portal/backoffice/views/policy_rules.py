"""The merchant's own rules: written, changed, moved, switched and taken away, one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.policy_rules import GROUP_WORDS, RuleForm
from returns_portal.backoffice.forms.rule_rows import fact_options
from returns_portal.backoffice.rule_chips import RuleLine, rule_groups
from returns_portal.backoffice.views.policies import show_policies
from returns_portal.core.errors import Conflict, DomainError, InvalidInput, NotFound
from returns_portal.tenancy.permissions import Permission
from rma.actions import policy_rules as actions
from rma.actions.policy_rules import document_digest
from rma.policy.document import Policy, parse_policy
from rma.policy.live import document_to_edit


def _document() -> dict[str, Any]:
    """Return what is edited. Raises Conflict where the merchant has written no policy yet."""
    document = document_to_edit()
    if document is None:
        raise Conflict("There is no policy yet. Write one, then add rules.", code="no_policy")
    return document


def _rule(document: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    rules: list[dict[str, Any]] = document.get("rules") or []
    return next((rule for rule in rules if rule["key"] == key), None)


def _line(policy: Policy, key: str) -> RuleLine | None:
    lines = (line for group in rule_groups(policy, checked=True) for line in group.lines)
    return next((line for line in lines if line.key == key), None)


def _form_page(
    request: HttpRequest,
    document: Mapping[str, Any],
    form: RuleForm,
    key: str = "",
    *,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the form. A rule that is gone meanwhile is written as a new one."""
    line = _line(form.policy, key)
    kept = "" if line is None else key
    context = {
        "form": form,
        "line": line,
        "group_words": GROUP_WORDS,
        "blank_facts": fact_options(""),
        "seen": document_digest(document),
        "address": reverse("policy_rule", args=[kept]) if kept else reverse("policy_rule_new"),
    }
    template = "backoffice/policy_rule.html"
    return page(request, template, "policies", context, error=error, status=status)


def _form_again(
    request: HttpRequest, key: str = "", *, error: DomainError, **_: object
) -> HttpResponse:
    """Show the form as it was sent beside what the draft has become."""
    document = document_to_edit()
    if document is None:
        return show_policies(request, error=error)
    form = RuleForm.of_post(request.POST, parse_policy(document))
    return _form_page(request, document, form, key, error=error)


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=_form_again)
def policy_rule_new(request: HttpRequest) -> HttpResponse:
    """Write a new rule."""
    document = _document()
    policy = parse_policy(document)
    if request.method != "POST":
        return _form_page(request, document, RuleForm.blank(policy))
    form = RuleForm.of_post(request.POST, policy)
    entry = _entry(request, form, document)
    if entry is None:
        return _drawn(request, document, form)
    key = actions.add_rule(entry, seen=request.POST.get("seen", ""), actor=actor_of(request))
    return _to_rule(request, f"“{entry['name']}” is in the draft. Nothing is live yet.", key)


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=_form_again)
def policy_rule(request: HttpRequest, key: str) -> HttpResponse:
    """Change one rule."""
    document = _document()
    policy, rule = parse_policy(document), _rule(document, key)
    # Deleted while it was changed: what was typed is kept, and written as a new one.
    if rule is None and not request.POST.get("seen"):
        raise NotFound("This rule does not exist.")
    if rule is not None and request.method != "POST":
        return _form_page(request, document, RuleForm.of_rule(rule, policy), key)
    form = RuleForm.of_post(request.POST, policy)
    entry = _entry(request, form, document, key)
    if entry is None:
        return _drawn(request, document, form, key)
    seen = request.POST.get("seen", "")
    actions.change_rule(key, entry, seen=seen, actor=actor_of(request))
    return _to_rule(request, f"“{entry['name']}” is saved in the draft.", key)


def _entry(
    request: HttpRequest, form: RuleForm, document: Mapping[str, Any], key: str = ""
) -> dict[str, Any] | None:
    """Return the rule to save; None where a row was added or taken, or something is wrong."""
    if request.POST.get("do", "save") != "save":
        form.apply(request.POST["do"])
        return None
    return form.check(document, key)


def _drawn(
    request: HttpRequest, document: Mapping[str, Any], form: RuleForm, key: str = ""
) -> HttpResponse:
    return _form_page(request, document, form, key, status=422 if form.summary else 200)


def _to_rule(request: HttpRequest, text: str, key: str) -> HttpResponse:
    """Say what happened and go back to the rule in the list, which takes the focus."""
    messages.success(request, text)
    return HttpResponseRedirect(f"{reverse('policies')}#rule-{key}")


@staff_view(permission=Permission.POLICY_EDIT, methods=["POST"], refused=show_policies)
def policy_rule_move(request: HttpRequest, key: str) -> HttpResponse:
    """Move a rule to a place: the one of a button, or the one that was typed."""
    wanted = request.POST.get("to") or request.POST.get("position", "")
    seen = request.POST.get("seen", "")
    if not (wanted.isascii() and wanted.isdigit() and 0 < len(wanted) < 6):
        raise InvalidInput("Type the number of the place to move to.", field="position")
    moved = actions.move_rule(key, int(wanted), seen=seen, actor=actor_of(request))
    return _to_rule(request, f"Rule {moved.before} moved to {moved.after}.", key)


@staff_view(permission=Permission.POLICY_EDIT, methods=["POST"], refused=show_policies)
def policy_rule_switch(request: HttpRequest, key: str) -> HttpResponse:
    """Switch a rule on or off."""
    on = request.POST.get("on") == "1"
    actions.switch_rule(key, on=on, seen=request.POST.get("seen", ""), actor=actor_of(request))
    return _to_rule(request, "The rule is on." if on else "The rule is off.", key)


@staff_view(permission=Permission.POLICY_EDIT, methods=["POST"], refused=show_policies)
def policy_rule_duplicate(request: HttpRequest, key: str) -> HttpResponse:
    """Copy a rule."""
    seen = request.POST.get("seen", "")
    copy = actions.duplicate_rule(key, seen=seen, actor=actor_of(request))
    return _to_rule(request, "The copy is switched off until you change it.", copy)


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=show_policies)
def policy_rule_delete(request: HttpRequest, key: str) -> HttpResponse:
    """Ask whether to take a rule away, then do it."""
    if request.method == "POST":
        seen = request.POST.get("seen", "")
        actions.delete_rule(key, seen=seen, actor=actor_of(request))
        return done(request, "The rule is deleted from the draft.", "policies")
    document = _document()
    line = _line(parse_policy(document), key)
    if line is None:
        raise NotFound("This rule does not exist.")
    context = {"line": line, "seen": document_digest(document)}
    return page(request, "backoffice/policy_rule_delete.html", "policies", context)
