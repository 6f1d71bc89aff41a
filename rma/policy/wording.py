"""The words of the policy: one short sentence for the shopper and one for staff per answer.

Every "no" names the rule and the date. Pure text; nothing is decided here. Shoppers read it in the
active language; what staff read is put together inside :func:`for_staff`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext, override, pgettext_lazy
from django.utils.translation import gettext as _

from returns_portal.core import words
from returns_portal.core.money import Money, format_money
from returns_portal.core.own_texts import NONE, own_wording
from rma.policy.model import Reason, in_language

# Translators: what a shopper may get, inside a list such as "refund, credit or exchange"
_RESOLUTION_WORDS: dict[str, Promise] = {
    "refund": pgettext_lazy("in a list", "refund"),
    "store_credit": pgettext_lazy("in a list", "credit"),
    "exchange": pgettext_lazy("in a list", "exchange"),
    "replacement": pgettext_lazy("in a list", "replacement"),
    "repair": pgettext_lazy("in a list", "repair"),
    "keep_item": pgettext_lazy("in a list", "keep it for a part"),
    "donate": pgettext_lazy("in a list", "give it to charity"),
}
_MOST_NAMED = 3
_NUMBER_WORDS = {1: "One", 2: "Two", 3: "Three", 4: "Four", 5: "Five"}
# What new policies begin with; merchants may give any reason labels of their own.
_USUAL_REASONS: tuple[Promise, ...] = (
    gettext_lazy("Too small"),
    gettext_lazy("Too large"),
    gettext_lazy("Changed my mind"),
    gettext_lazy("Not as described"),
    gettext_lazy("Faulty or damaged"),
    gettext_lazy("Wrong item sent"),
    gettext_lazy("Arrived late"),
    gettext_lazy("Another reason"),
    gettext_lazy("Does not fit"),
    gettext_lazy("Too long"),
    gettext_lazy("Too short"),
    gettext_lazy("Too narrow"),
    gettext_lazy("Too wide"),
)
# What photos are to show in policies to start from, inside a list such as "the item, the box".
_USUAL_SUBJECTS: tuple[Promise, ...] = (
    gettext_lazy("the item"),
    gettext_lazy("the box"),
    gettext_lazy("the damage close up"),
    gettext_lazy("the serial number"),
)


@contextmanager
def for_staff() -> Iterator[None]:
    """Put sentences together for staff inside the block: in English and the product's own words."""
    with own_wording(NONE), override("en"):
        yield


def reason_label(reason: Reason) -> str:
    """Return a reason as shoppers read it: the merchant's words, else ours for a usual reason.

    A detail is said with its reason: ``Does not fit: Too small``.
    """
    own = detail_label(reason)
    if reason.parent is None:
        return own
    # Translators: why an item comes back, and what exactly, e.g. "Does not fit" and "Too small"
    return _("%(reason)s: %(detail)s") % {"reason": detail_label(reason.parent), "detail": own}


def detail_label(reason: Reason) -> str:
    """Return a reason's own words, without the reason it is a detail of."""
    language = get_language() or "en"
    return reason.labels.get(language) or _(reason.label(language))


def photo_subjects(reason: Reason) -> str:
    """Return what the photos are to show, as shoppers read it; empty where nothing is named."""
    language = get_language() or "en"
    said = (labels.get(language) or _(in_language(labels, language)) for labels in reason.photos_of)
    return _(", ").join(said)


def photos_wanted(reason: Reason, item: str) -> str:
    """Ask for the photos that ``reason`` needs of ``item``, each by name where it names them."""
    count, subjects = reason.photo_count, photo_subjects(reason)
    named = {"n": count, "item": item, "subjects": subjects}
    if not subjects and reason.photo_by_score and count == 1:
        return _("Add a photo of %(item)s, so that we can decide") % named
    if not subjects:
        words = ngettext(
            "Add a photo of %(item)s that shows what is wrong",
            "Add %(n)d photos of %(item)s that show what is wrong",
            count,
        )
        return words % named
    if count > len(reason.photos_of):
        # Translators: subjects is a list such as "the item, the box"
        return _("Add photos of %(item)s, at least %(n)d: %(subjects)s") % named
    # Translators: subjects is a list such as "the item, the box"
    return _("Add photos of %(item)s: %(subjects)s") % named


def inside(label: str) -> str:
    """Return a label for the middle of a sentence, where English begins it small."""
    return label.lower() if (get_language() or "en").startswith("en") else label


def fault_still() -> str:
    return _("If it's faulty, you can still report a fault")


def checked_first() -> str:
    return _("We check this request first. You'll hear from us by e-mail")


def not_returnable() -> str:
    return _("This item can't be returned")


def day(when: date, *, seen: date) -> str:
    """Return ``17 November``, with the year when it is not the year of ``seen``."""
    return words.plain_day(when, seen)


def short_day(when: date, *, seen: date) -> str:
    """Return ``17 Nov``, with the year when it is not the year of ``seen``."""
    return words.short_day(when, seen)


def span(days: int) -> str:
    """Return ``30 days``, ``1 day`` or, for whole years, ``2 years``."""
    if days and days % 365 == 0:
        return ngettext("%(n)d year", "%(n)d years", days // 365) % {"n": days // 365}
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def either(alternatives: Sequence[str]) -> str:
    """Join alternatives: ``a``, ``a or b``, ``a, b or c``."""
    *front, last = alternatives
    if not front:
        return last
    # Translators: the end of a list, e.g. "refund, credit" and "exchange"
    return _("%(front)s or %(last)s") % {"front": _(", ").join(front), "last": last}


def resolutions(keys: Sequence[str]) -> str:
    return either([str(_RESOLUTION_WORDS[key]) for key in keys])


def _first_named(keys: Sequence[str]) -> str:
    front = _(", ").join(str(_RESOLUTION_WORDS[key]) for key in keys[:_MOST_NAMED])
    # Translators: front is the beginning of a list, such as "refund, credit, exchange"
    return _("%(front)s and more") % {"front": front}


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def open_until(keys: Sequence[str], until: date | None, seen: date) -> str:
    """Say what is possible and through which day: ``Refund, credit or exchange until 6 Dec``.

    Of many outcomes the first are named; the next page shows them all.
    """
    outcomes = resolutions(keys) if len(keys) <= _MOST_NAMED else _first_named(keys)
    if until is None:
        return sentence_case(outcomes)
    # Translators: outcomes is a list such as "refund, credit or exchange"
    template = _("%(outcomes)s until %(day)s")
    return sentence_case(template % {"outcomes": outcomes, "day": short_day(until, seen=seen)})


def part_of(
    available: int, ordered: int, claimed: int, claim: tuple[str, date] | None, seen: date
) -> str:
    """Say how many of a line's units can come back and where the others are."""
    head = ngettext(
        "%(available)d of %(ordered)d can be returned",
        "%(available)d of %(ordered)d can be returned",
        available,
    )
    unsent = ordered - available - claimed
    tail = []
    if claim is not None:
        rma, since = claim
        known = {"count": _count(claimed), "rma": rma, "day": short_day(since, seen=seen)}
        # Translators: count is a number; English writes small ones as words
        words_of = ngettext(
            "%(count)s is already in return %(rma)s, started %(day)s",
            "%(count)s are already in return %(rma)s, started %(day)s",
            claimed,
        )
        tail.append(words_of % known)
    elif claimed:
        words_of = ngettext(
            "%(count)s is already returned", "%(count)s are already returned", claimed
        )
        tail.append(words_of % {"count": _count(claimed)})
    if unsent > 0:
        words_of = ngettext("%(count)s is not sent yet", "%(count)s are not sent yet", unsent)
        tail.append(words_of % {"count": _count(unsent)})
    return ". ".join([head % {"available": available, "ordered": ordered}, *tail])


def _count(quantity: int) -> str:
    """Return a number that begins a sentence: a word in English, where one is usual."""
    if (get_language() or "en").startswith("en"):
        return _NUMBER_WORDS.get(quantity, str(quantity))
    return str(quantity)


def window_over(
    days: int, until: date, start: date, anchor: str, seen: date, *, fault: bool
) -> str:
    """Say that the time is over: how long it was, counted from what, and its last day."""
    known = {
        "span": span(days),
        "start": day(start, seen=seen),
        "last": day(until, seen=seen),
    }
    if anchor == "delivered":
        template = _("Returns were open for %(span)s after delivery, until %(last)s")
        if fault:
            template = _("Faults could be reported for %(span)s after delivery, until %(last)s")
        return template % known
    if fault:
        return (
            _(
                "Faults could be reported for %(span)s after the expected delivery on %(start)s, "
                "until %(last)s"
            )
            % known
        )
    return (
        _("Returns were open for %(span)s after the expected delivery on %(start)s, until %(last)s")
        % known
    )


def granted_over(until: date, seen: date, *, fault: bool) -> str:
    """Say that a day somebody granted is over."""
    last = {"last": day(until, seen=seen)}
    if fault:
        return _("Faults could be reported until %(last)s") % last
    return _("Returns were open until %(last)s") % last


def money(minor: int, currency: str) -> str:
    return format_money(Money(minor, currency))
