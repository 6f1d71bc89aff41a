"""The scanning station: scan, receive, inspect; one page that always knows the next step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from inventory.models import Location
from inventory.selectors import default_location, locations
from returns_portal.backoffice.base import actor_of, page, staff_view
from returns_portal.backoffice.filters import uuid_or_none
from returns_portal.backoffice.forms.station import InspectForm, ReceiveForm
from returns_portal.backoffice.return_words import WANTED_WORDS, reason_word
from returns_portal.backoffice.scan_words import ScanResult, scan_result
from returns_portal.core.clock import now
from returns_portal.core.errors import DomainError, InvalidInput, NotFound
from returns_portal.core.ids import new_token
from returns_portal.tenancy.permissions import Permission
from rma.actions.inspection import inspect_unit, suggest_for
from rma.actions.receiving import receive_parcel
from rma.evidence import store_photo
from rma.goods import INSPECTED, goods_of
from rma.models import Inspection, Receipt
from rma.policy.disposition import CHECKS, GRADE_WORDS, Grade
from rma.scanning import find_by_scan
from rma.selectors import ReturnDetail, return_detail
from rma.states import ResolutionKind

RECEIVE, INSPECT = Permission.GOODS_RECEIVE, Permission.GOODS_INSPECT
GRADE_TONES = {Grade.A: "success", Grade.B: "info", Grade.C: "warning", Grade.D: "danger"}
_COOKIE = "bench"


def _location(request: HttpRequest) -> Location:
    """Return the bench's location, remembered on the device, else the default one."""
    chosen = uuid_or_none(request.COOKIES.get(_COOKIE))
    found = Location.objects.filter(pk=chosen, is_active=True).first() if chosen else None
    return found or default_location()


def _bench(request: HttpRequest, context: dict[str, Any], **options: Any) -> HttpResponse:
    today = now() - timedelta(hours=12)
    context |= {
        "location": _location(request),
        "locations": locations(),
        "parcels_today": Receipt.objects.filter(received_at__gte=today).count(),
        "waiting": Inspection.objects.exclude(status__in=INSPECTED).count(),
    }
    return page(request, "backoffice/station.html", "station", context, **options)


@staff_view(permission=RECEIVE)
def station(request: HttpRequest) -> HttpResponse:
    """Wait for a scan."""
    return _bench(request, {})


@staff_view(permission=RECEIVE, methods=["POST"])
def choose_location(request: HttpRequest) -> HttpResponse:
    """Remember on this device at which location the bench stands."""
    chosen = Location.objects.filter(
        pk=uuid_or_none(request.POST.get("location")), is_active=True
    ).first()
    if chosen is None:
        raise InvalidInput("Choose one of the locations.", field="location")
    response = HttpResponseRedirect(reverse("station"))
    path = reverse("station")
    response.set_cookie(
        _COOKIE, str(chosen.pk), max_age=31_536_000, httponly=True, path=path, samesite="Lax"
    )
    return response


@staff_view(permission=RECEIVE, methods=["POST"])
def scan(request: HttpRequest) -> HttpResponse:
    """Take what the scanner read and go to what it means."""
    hit = find_by_scan(request.POST.get("scan", "").strip())
    opened = request.POST.get("open", "")
    result = scan_result(hit, opened)
    if result.number:
        query = f"?unit={result.unit_id}" if result.unit_id else ""
        messages.add_message(request, result.level, result.text, extra_tags=result.sound)
        return HttpResponseRedirect(reverse("station_return", args=[result.number]) + query)
    return _show(request, opened, result=result) if opened else _bench(request, {"result": result})


def _show(
    request: HttpRequest,
    number: str,
    *,
    error: DomainError | None = None,
    form: ReceiveForm | None = None,
    inspect_form: InspectForm | None = None,
    result: ScanResult | None = None,
    **_: object,
) -> HttpResponse:
    found = return_detail(number)
    goods = goods_of(found.rma.pk)
    unit = _unit_in_hand(request, found)
    context: dict[str, Any] = {
        "rma": found.rma,
        "goods": [_goods_row(found, entry) for entry in goods],
        "units": [_unit_row(found, one) for one in found.inspections],
        "unit": unit,
        "receive": form or _receive_form(request, goods, error),
        "can_receive": unit is None and any(entry.missing for entry in goods),
        "is_awaited": any(entry.awaited for entry in goods),
        "result": result,
    }
    if unit is not None:
        context |= _in_hand(found, unit, inspect_form)
    status = 422 if form or inspect_form else 200
    return _bench(request, context, error=error, status=status)


def _receive_form(request: HttpRequest, goods: list[Any], error: DomainError | None) -> ReceiveForm:
    """Return the form as it was sent when the action refused it, else one with what may come."""
    if error is not None and "location" in request.POST:
        return ReceiveForm(request.POST, goods=goods)
    initial = {"operation_id": new_token(), "location": _location(request).pk}
    initial |= {f"came-{entry.line.pk}": entry.awaited for entry in goods}
    return ReceiveForm(goods=goods, initial=initial)


def _unit_in_hand(request: HttpRequest, found: ReturnDetail) -> Inspection | None:
    """Return the unit that was scanned or chosen, else the first one that waits."""
    waiting = [one for one in found.inspections if one.status not in INSPECTED]
    wanted = request.GET.get("unit") or request.POST.get("unit")
    chosen = next((one for one in waiting if str(one.pk) == wanted), None)
    return chosen or next(iter(waiting), None)


def _goods_row(found: ReturnDetail, entry: Any) -> dict[str, Any]:
    line = next(one for one in found.lines if one.pk == entry.line.pk)
    return {
        "entry": entry,
        "sold": line.order_line,
        "reason": reason_word(found.policy, line.reason),
        "came": f"came-{line.pk}",
        "short": f"short-{line.pk}",
        "wrong": f"wrong-{line.pk}",
    }


def _unit_row(found: ReturnDetail, unit: Inspection) -> dict[str, Any]:
    line = next((one for one in found.lines if one.pk == unit.return_line_id), None)
    return {
        "row": unit,
        "title": line.order_line.title if line else "Extra item",
        "variant": line.order_line.variant_title if line else str(unit.variant or ""),
        "reason": reason_word(found.policy, line.reason) if line else "Nobody asked for it",
        "picture": line.order_line.image_url if line else "",
        "is_done": unit.status in INSPECTED,
        "tone": GRADE_TONES[Grade(unit.grade)] if unit.grade else "",
    }


def _in_hand(found: ReturnDetail, unit: Inspection, form: InspectForm | None) -> dict[str, Any]:
    """Return what the right half shows of the one unit in hand."""
    line = next((one for one in found.lines if one.pk == unit.return_line_id), None)
    suggestions = {
        grade.value: suggest_for(unit, found.rma, grade=grade.value, checklist={})
        for grade in Grade
    }
    return {
        "form": form or InspectForm(initial={"version": unit.version}),
        "hand": _unit_row(found, unit),
        "line": line,
        "sku": line.order_line.sku if line else "",
        "wants": WANTED_WORDS[ResolutionKind(line.wanted)] if line else "Nothing",
        "shopper_photos": found.photos_of(line) if line else [],
        "bench_photos": [photo for photo in found.photos if photo.inspection_id == unit.pk],
        "grades": [
            {"value": grade.value, "words": GRADE_WORDS[grade], "tone": GRADE_TONES[grade],
             "place": suggestions[grade].disposition.value.capitalize(),
             "why": suggestions[grade].why}
            for grade in Grade
        ],
        "checks": list(CHECKS.items()),
        "number_of": len(found.inspections),
        "left": sum(one.status not in INSPECTED for one in found.inspections),
    }  # fmt: skip


@staff_view(permission=RECEIVE)
def station_return(request: HttpRequest, number: str) -> HttpResponse:
    """Show the parcel on the bench and the unit in hand."""
    return _show(request, number)


@staff_view(permission=RECEIVE, methods=["POST"], refused=_show)
def receive(request: HttpRequest, number: str) -> HttpResponse:
    """Record what the parcel held."""
    rma = return_detail(number).rma
    form = ReceiveForm(request.POST, goods=goods_of(rma.pk))
    if not form.is_valid():
        return _show(request, number, form=form)
    receive_parcel(
        rma.pk,
        location_id=form.cleaned_data["location"],
        units=form.units(),
        operation_id=form.cleaned_data["operation_id"],
        actor=actor_of(request),
        note=form.cleaned_data["note"],
    )
    messages.success(request, f"{rma.number} is received. Grade the first item.", extra_tags="item")
    return HttpResponseRedirect(reverse("station_return", args=[rma.number]))


def _show_unit(
    request: HttpRequest,
    inspection_id: UUID,
    *,
    error: DomainError | None = None,
    form: InspectForm | None = None,
    **_: object,
) -> HttpResponse:
    if error is not None and error.status != 409 and "grade" in request.POST:
        form = InspectForm(request.POST)
    return _show(request, _number_of(inspection_id), error=error, inspect_form=form)


def _number_of(inspection_id: UUID) -> str:
    unit = Inspection.objects.filter(pk=inspection_id).select_related("rma").first()
    if unit is None:
        raise NotFound("This unit isn’t here. Scan the return again.")
    return unit.rma.number


@staff_view(permission=INSPECT, methods=["POST"], refused=_show_unit)
def inspect(request: HttpRequest, inspection_id: UUID) -> HttpResponse:
    """Decide on one unit; without a choice of shelf it goes where the engine suggests."""
    number = _number_of(inspection_id)
    form = InspectForm(request.POST)
    if not form.is_valid():
        return _show_unit(request, inspection_id, form=form)
    entered = form.cleaned_data
    unit = inspect_unit(
        inspection_id,
        grade=entered["grade"],
        disposition=entered["disposition"] or _suggestion_for(inspection_id, form),
        accepted=entered["accepted"] == "yes",
        note=entered["note"],
        checklist=form.checklist(),
        rejection=entered["rejection"],
        expected_version=entered["version"],
        actor=actor_of(request),
    )
    text = f"Grade {unit.grade}. Put it in {unit.disposition}."
    messages.success(request, text, extra_tags="item")
    return HttpResponseRedirect(reverse("station_return", args=[number]))


def _suggestion_for(inspection_id: UUID, form: InspectForm) -> str:
    unit = Inspection.objects.select_related(
        "rma", "return_line", "return_line__order_line", "variant"
    ).get(pk=inspection_id)
    suggestion = suggest_for(
        unit, unit.rma, grade=form.cleaned_data["grade"], checklist=form.checklist()
    )
    return suggestion.disposition.value


@staff_view(permission=INSPECT, methods=["POST"], refused=_show_unit)
def unit_photo(request: HttpRequest, inspection_id: UUID) -> HttpResponse:
    """Keep a photo of the unit in hand."""
    number = _number_of(inspection_id)
    upload = request.FILES.get("photo")
    if upload is None:
        raise InvalidInput("Choose a photo.", field="photo")
    unit = Inspection.objects.select_related("rma", "return_line").get(pk=inspection_id)
    store_photo(upload, actor=actor_of(request), inspection=unit, return_line=unit.return_line)
    messages.success(request, "Photo kept.", extra_tags="parcel")
    return HttpResponseRedirect(reverse("station_return", args=[number]) + f"?unit={unit.pk}")
