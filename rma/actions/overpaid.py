"""What was settled before the goods came, held against what came: never paid twice, and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from returns_portal.activity.staff_tasks import open_task
from returns_portal.core.money import Money, format_money, share
from rma.fees import Charged
from rma.goods import LineGoods
from rma.models import Resolution, Return
from rma.policy.processing import MOMENT_WORDS
from rma.states import KEPT, SENT, ResolutionKind, ResolutionStatus

Kind = ResolutionKind


def charged_already(rma: Return) -> Charged:
    """Return what earlier outcomes of the return have borne of its fees."""
    fixed = Counter[str]()
    held = 0
    for one in _alive(rma):
        # What stays with the shopper is no fee, however little is paid for it.
        held += 0 if one.kind in KEPT else one.breakdown.get("deduction_minor", 0)
        for fee in one.breakdown.get("fees", ()):
            fixed[fee["kind"]] += 0 if fee["waived"] else fee["charged_minor"]
    return Charged(fixed, held)


def paid_units(rma: Return) -> Counter[str]:
    """Return how many units of each return line are settled, by the line's id."""
    paid = Counter[str]()
    for one in _alive(rma):
        paid.update(one.units)
    return paid


def is_paid_already(rma: Return, goods: Iterable[LineGoods]) -> bool:
    """Say whether every accepted unit was paid for ahead of the goods."""
    if not rma.processing:
        return False
    paid = paid_units(rma)
    return all(one.accepted <= paid[str(one.line.pk)] for one in goods)


def note_paid_early(rma: Return, goods: Sequence[LineGoods]) -> None:
    """Put before a person what was settled for units that did not come or were not accepted.

    Once all of them are known. Nothing is taken back by itself.
    """
    lost = {str(one.line.pk): one.line.quantity - one.accepted for one in goods if one.is_settled}
    if not any(lost.values()):
        return
    parts = [words for one in _alive(rma) if (words := _words(rma, one, goods, lost))]
    missing = sum(one.missing for one in goods if one.is_settled)
    others = sum(lost.values()) - missing
    _open(
        rma,
        f"{rma.number}: {' and '.join(parts)} too early",
        f"Of the units paid for ahead, {missing} did not come and {others} were not accepted. "
        "Nothing is taken back by itself. Write to the shopper, then close this task.",
    )


def ask_for_goods_paid(rma: Return) -> None:
    """Put a return before a person whose goods were not sent in time, though it is paid."""
    every = [_paid(one) for one in _alive(rma)]
    _open(
        rma,
        f"{rma.number}: {' and '.join(every)}, and the goods were not sent in time",
        "Ask the shopper for them. If nothing comes, receive the parcel as missing: that ends the "
        "return. Nothing is taken back by itself.",
    )


def _alive(rma: Return) -> list[Resolution]:
    owed = Resolution.objects.filter(rma=rma).exclude(status=ResolutionStatus.CANCELLED)
    return list(owed.order_by("kind"))


def _words(rma: Return, owed: Resolution, goods: Sequence[LineGoods], lost: dict[str, int]) -> str:
    """Return what of ``owed`` went out for units that are lost; empty where none are."""
    mine = {key: units for key, units in owed.units.items() if lost.get(key)}
    if not mine:
        return ""
    gone = sum(lost[key] for key in mine)
    when = MOMENT_WORDS[rma.processing.get(owed.kind, "hand")]
    if owed.kind in SENT:
        return f"{gone} replacement{'s' if gone > 1 else ''} released {when}"
    return f"{_written(_worth(owed, goods, lost))} paid {when}"


def _worth(owed: Resolution, goods: Sequence[LineGoods], lost: dict[str, int]) -> Money:
    """Return what ``owed`` paid for the lost units: all of it where every unit is lost."""
    if all(lost.get(key) == units for key, units in owed.units.items()):
        return owed.amount
    prices = {
        one["line"]: (one["refund_minor"], one["quantity"]) for one in owed.breakdown["lines"]
    }
    minor = 0
    for one in goods:
        key = str(one.line.pk)
        if key in owed.units and lost.get(key):
            paid, units = prices[str(one.line.order_line_id)]
            minor += share(paid, lost[key], units)
    return Money(min(minor, owed.amount_minor), owed.currency)


def _paid(owed: Resolution) -> str:
    if owed.kind in SENT:
        return "a replacement was released"
    return f"{_written(owed.amount)} was paid"


def _written(amount: Money) -> str:
    # A scan may come while another language is active.
    return format_money(amount, "en")


def _open(rma: Return, title: str, detail: str) -> None:
    open_task(
        kind="paid_early",
        key=f"paid_early:{rma.pk}",
        subject_kind="return",
        subject_id=rma.pk,
        about_id=rma.pk,
        title=title,
        detail=detail,
    )
