"""Dates and times as people read them in the active language. Plain text, no markup."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from babel.dates import format_date, format_skeleton
from django.utils.translation import get_language, ngettext, to_locale
from django.utils.translation import gettext as _

from returns_portal.core import clock

# CLDR has no pattern for a full weekday and month without the year, so each language has its own.
_DAY_PATTERNS = {
    "ar": "EEEE، d MMMM",
    "da": "EEEE 'den' d. MMMM",
    "de": "EEEE, d. MMMM",
    "es": "EEEE, d 'de' MMMM",
    "nb": "EEEE d. MMMM",
    "pl": "EEEE, d MMMM",
}
_DAY_PATTERN = "EEEE d MMMM"


def babel_locale() -> str:
    """Return the active language as Babel names it."""
    return to_locale(get_language() or "en")


def day(when: date, today: date) -> str:
    """Return ``Thursday 3 December``, with the year when it is not this year's."""
    return _day(when, when.year != today.year, babel_locale())


@lru_cache(maxsize=1024)
def _day(when: date, with_year: bool, locale: str) -> str:
    pattern = _DAY_PATTERNS.get(locale.split("_")[0], _DAY_PATTERN)
    return format_date(when, f"{pattern} y" if with_year else pattern, locale=locale)


def stamp(moment: datetime) -> str:
    """Return ``19 Nov 09:41`` for a moment already in the reader's zone, 24-hour clock."""
    with_year = moment.year != clock.now().astimezone(moment.tzinfo).year
    return f"{_short_day(moment.date(), with_year, babel_locale())} {moment:%H:%M}"


@lru_cache(maxsize=1024)
def _short_day(when: date, with_year: bool, locale: str) -> str:
    if locale.split("_")[0] == "en":
        return format_date(when, "d MMM y" if with_year else "d MMM", locale=locale)
    return format_skeleton("yMMMd" if with_year else "MMMd", when, locale=locale)


def ago(moment: datetime, now: datetime) -> str:
    """Return ``2 min ago``, ``3 h ago``, ``5 d ago`` or, for the future, ``in 3 h``."""
    past = now - moment
    distance = abs(past)
    if distance < timedelta(minutes=1):
        return _("just now")
    span = _span(distance)
    # Translators: span is a length of time such as "3 h"
    template = _("%(span)s ago") if past > timedelta() else _("in %(span)s")
    return template % {"span": span}


def _span(distance: timedelta) -> str:
    minutes = int(distance.total_seconds() // 60)
    if minutes < 60:
        return ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        return ngettext("%(n)d h", "%(n)d h", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d d", "%(n)d d", distance.days) % {"n": distance.days}
