"""What was promised and what became of it, in the shopper's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from returns_portal.core.words import day
from returns_portal.portal.showing.status import Facts
from rma.models import Promise
from rma.states import ReturnStatus

Step = Promise.Step


@dataclass(frozen=True, slots=True)
class Promised:
    """One sentence or two about the day; ``is_late`` while it is over and money is owed."""

    text: str
    is_late: bool = False


def promised(facts: Facts) -> Promised | None:
    """Return what to say about the refund date, or None when none stands."""
    steps = {one.step: one for one in facts.status.promises}
    when = facts.rma.refund_promised_on
    if when is None or not steps:
        return None
    if Step.PAID_LATE in steps:
        return Promised(_paid_late(steps[Step.PAID_LATE], facts.today))
    if Step.KEPT in steps:
        return Promised(_kept(steps[Step.KEPT], facts.today))
    if facts.rma.status != ReturnStatus.OPEN:
        return None
    if Step.MISSED in steps:
        said = _("We said by %(day)s.") % {"day": day(when, facts.today)}
        return Promised(f"{said} {_why_late(facts.status.stage.key)}", is_late=True)
    return Promised(_("Promised by %(day)s.") % {"day": day(when, facts.today)})


def _kept(step: Promise, today: date) -> str:
    return _("Promised by %(day)s. Sent on %(sent)s.") % _days(step, today)


def _paid_late(step: Promise, today: date) -> str:
    return _("We said by %(day)s. It went out on %(sent)s, and we’re sorry it was late.") % _days(
        step, today
    )


def _days(step: Promise, today: date) -> dict[str, str]:
    sent = day(step.settled_on, today) if step.settled_on else ""
    return {"day": day(step.promised_on, today), "sent": sent}


def _why_late(stage: str) -> str:
    if stage in ("approved", "label", "transit", "late", "hold"):
        return _(
            "It is late because your parcel has not reached our bench yet, and we will refund you "
            "once it has been checked."
        )
    if stage in ("received", "inspecting", "partial"):
        return _(
            "It is late because your items are still being checked, and we will refund you as soon "
            "as that is done."
        )
    return _(
        "It is late because the payment has not gone through yet, and we will keep at it until it "
        "has. You don’t need to do anything."
    )
