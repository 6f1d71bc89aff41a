"""What the bench found, in the shopper's words: the state of each item, and what we take of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from returns_portal.portal.showing.photos import found_photos
from rma.models import Inspection, Return
from rma.policy.disposition import Grade
from rma.states import InspectionStatus

_STATES = {
    Grade.A: gettext_lazy("Like new"),
    Grade.B: gettext_lazy("Opened, without marks"),
    Grade.C: gettext_lazy("Worn or marked"),
    Grade.D: gettext_lazy("Damaged"),
}
_DONE = (InspectionStatus.INSPECTED, InspectionStatus.DISPOSED)


def findings(rma: Return) -> list[dict[str, Any]]:
    """Return what was found of each item, alike units together, with photos. Two statements.

    An item that is none of the return's own is told without a state: it is not the shopper's goods
    that were judged.
    """
    units = (
        Inspection.objects.filter(rma=rma, status__in=_DONE)
        .select_related("return_line__order_line")
        .order_by("return_line__position", "pk")
    )
    pictures = found_photos(rma)
    alike: dict[tuple[object, ...], dict[str, Any]] = {}
    for unit in units:
        key = (unit.return_line_id, unit.grade, unit.is_accepted, unit.rejection)
        found = alike.setdefault(key, {"units": 0, "photos": [], **_words(unit)})
        found["units"] += 1
        found["photos"] += [
            {"url": url, "alt": _("Photo from our warehouse")}
            for photo, url in pictures
            if photo.inspection_id == unit.pk
        ]
    return [{**one, "title": _counted(one)} for one in alike.values()]


def _words(unit: Inspection) -> dict[str, Any]:
    line = unit.return_line
    if line is None:
        return {"name": _("Another item"), "state": "", "text": unit.rejection, "tone": "danger"}
    state = str(_STATES[Grade(unit.grade)]) if unit.grade else ""
    return {
        "name": line.order_line.title,
        "state": state,
        "text": _("Accepted") if unit.is_accepted else unit.rejection,
        "tone": "success" if unit.is_accepted else "danger",
    }


def _counted(found: Mapping[str, Any]) -> str:
    return f"{found['units']} × {found['name']}" if found["units"] > 1 else str(found["name"])
