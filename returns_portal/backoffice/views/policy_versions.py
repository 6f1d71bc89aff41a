"""Versions of the policy: the list, one as it was, two compared, out to a file and in from one."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.policy_versions import ImportForm, ReplaceForm
from returns_portal.backoffice.paging import keyset
from returns_portal.backoffice.policy_change_words import compare
from returns_portal.backoffice.policy_words import in_words
from returns_portal.core.errors import DomainError, NotFound
from returns_portal.tenancy.permissions import Permission
from rma.actions.policy import having
from rma.actions.policy_versions import draft_at_risk, import_policy, start_from_version
from rma.models import PolicyVersion
from rma.policy.document import parse_policy
from rma.policy.schema import document_schema
from rma.policy.yaml_reading import read_policy_file
from rma.policy.yaml_writing import to_yaml

Status = PolicyVersion.Status
# Older ones are compared by their address; nobody scrolls through more.
MOST_CHOICES = 200


def _version(number: int) -> PolicyVersion:
    version = PolicyVersion.objects.filter(number=number).first()
    if version is None:
        raise NotFound("There is no such version.")
    return version


def _draft_at_risk() -> PolicyVersion | None:
    rows = PolicyVersion.objects.filter(status__in=[Status.DRAFT, Status.LIVE])
    return draft_at_risk(list(rows))


@staff_view(permission=Permission.POLICY_EDIT)
def policy_versions(request: HttpRequest) -> HttpResponse:
    """List every version, the newest first."""
    rows = PolicyVersion.objects.defer("document")
    context = {
        "slice": keyset(rows, request, order=("-number", "pk")),
        "live": rows.filter(status=Status.LIVE).first(),
    }
    return page(request, "backoffice/policy_versions.html", "policies", context)


def _show_version(
    request: HttpRequest,
    number: int,
    *,
    form: ReplaceForm | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    version = _version(number)
    context = {
        "version": version,
        "groups": in_words(parse_policy(version.document)),
        "live": PolicyVersion.objects.filter(status=Status.LIVE).defer("document").first(),
        "at_risk": _draft_at_risk(),
        "form": form or ReplaceForm(),
    }
    return page(
        request,
        "backoffice/policy_version.html",
        "policies",
        context,
        error=error,
        status=409 if form else 200,
    )


@staff_view(permission=Permission.POLICY_EDIT)
def policy_version(request: HttpRequest, number: int) -> HttpResponse:
    """Show one version as it was."""
    return _show_version(request, number)


def _start_again(
    request: HttpRequest, number: int, *, error: DomainError, **_: object
) -> HttpResponse:
    form = ReplaceForm(request.POST)
    if error.field not in form.fields:
        return _show_version(request, number, error=error)
    form.add_error(error.field, error.message)
    return _show_version(request, number, form=form)


@staff_view(permission=Permission.POLICY_EDIT, methods=["POST"], refused=_start_again)
def policy_start_from(request: HttpRequest, number: int) -> HttpResponse:
    """Make an old version the draft."""
    replace = request.POST.get("replace") == "on"
    draft = start_from_version(number, actor=actor_of(request), replace=replace)
    text = f"The draft v{draft.number} says what v{number} said. Nothing is live yet."
    return done(request, text, "policies")


@staff_view(permission=Permission.POLICY_EDIT)
def policy_export(request: HttpRequest, number: int) -> HttpResponse:
    """Send one version as a file."""
    version = _version(number)
    answer = HttpResponse(to_yaml(version.document), content_type="application/yaml")
    answer["Content-Disposition"] = f'attachment; filename="policy-v{version.number}.yaml"'
    return answer


@staff_view(permission=Permission.POLICY_EDIT)
def policy_schema(request: HttpRequest) -> HttpResponse:
    """Send the schema that an editor checks policy files with."""
    return JsonResponse(
        document_schema(),
        json_dumps_params={"indent": 2, "ensure_ascii": False},
        content_type="application/schema+json",
    )


@staff_view(permission=Permission.POLICY_EDIT)
def policy_compare(request: HttpRequest) -> HttpResponse:
    """Show in words what one version says otherwise than another."""
    choices = list(PolicyVersion.objects.defer("document").order_by("-number")[:MOST_CHOICES])
    after = _asked(request, "to", _newest(choices))
    before = _asked(request, "from", _other(choices, after))
    sections = compare(before.document, after.document) if before and after else []
    context = {
        "choices": choices,
        "before": before,
        "after": after,
        "sections": sections,
        "count": sum(len(section.told) for section in sections),
    }
    return page(request, "backoffice/policy_compare.html", "policies", context)


def _asked(
    request: HttpRequest, name: str, otherwise: PolicyVersion | None
) -> PolicyVersion | None:
    number = request.GET.get(name, "")
    if not number:
        return otherwise
    if not number.isdecimal() or len(number) > 9:
        raise NotFound("There is no such version.")
    return _version(int(number))


def _newest(choices: Sequence[PolicyVersion]) -> PolicyVersion | None:
    """Return what people most likely ask about: the draft, what is scheduled, what is live."""
    for status in (Status.DRAFT, Status.SCHEDULED, Status.LIVE):
        found = having(choices, status)
        if found is not None:
            return found
    return next(iter(choices), None)


def _other(choices: Sequence[PolicyVersion], after: PolicyVersion | None) -> PolicyVersion | None:
    """Return what ``after`` is compared with: the live version, or the one before it."""
    live = having(choices, Status.LIVE)
    if after is None or (live is not None and live.number != after.number):
        return live
    return next((one for one in choices if one.number < after.number), after)


def _import_page(
    request: HttpRequest, *, form: ImportForm | None = None, error: DomainError | None = None
) -> HttpResponse:
    context = {
        "form": form or ImportForm(),
        "at_risk": _draft_at_risk(),
        "mistakes": error.facts.get("errors", []) if error else [],
    }
    status = error.status if error else 422 if form else 200
    return page(request, "backoffice/policy_import.html", "policies", context, status=status)


def _import_again(request: HttpRequest, *, error: DomainError, **_: object) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES)
    form.add_error(error.field if error.field in form.fields else None, _summary(error))
    return _import_page(request, form=form, error=error)


def _summary(error: DomainError) -> str:
    mistakes = error.facts.get("errors", [])
    return "Mend the places below and choose the file again." if mistakes else error.message


@staff_view(permission=Permission.POLICY_EDIT, methods=["GET", "POST"], refused=_import_again)
def policy_import(request: HttpRequest) -> HttpResponse:
    """Make a policy from a file the draft."""
    if request.method != "POST":
        return _import_page(request)
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _import_page(request, form=form)
    draft = import_policy(
        read_policy_file(form.raw),
        actor=actor_of(request),
        replace=form.cleaned_data["replace"],
    )
    return done(request, f"The file is draft v{draft.number}. Nothing is live yet.", "policies")
