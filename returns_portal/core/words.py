"""Dates and times as people read them in the active language. Plain text, no markup."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date, format_skeleton
from babel.numbers import format_percent
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from returns_portal.core import clock
from returns_portal.core.languages import format_locale

# CLDR has no pattern for a full weekday and month without the year, so each language has its own:
# without the year, and with it.
_DAY_PATTERNS = {
    "ar": ("EEEE، d MMMM", "EEEE، d MMMM y"),
    "da": ("EEEE 'den' d. MMMM", "EEEE 'den' d. MMMM y"),
    "de": ("EEEE, d. MMMM", "EEEE, d. MMMM y"),
    "es": ("EEEE, d 'de' MMMM", "EEEE, d 'de' MMMM 'de' y"),
    "ja": ("M月d日EEEE", "y年M月d日EEEE"),
    "nb": ("EEEE d. MMMM", "EEEE d. MMMM y"),
    "pl": ("EEEE, d MMMM", "EEEE, d MMMM y"),
    "pt": ("EEEE, d 'de' MMMM", "EEEE, d 'de' MMMM 'de' y"),
}
_DAY_PATTERN = ("EEEE d MMMM", "EEEE d MMMM y")


def babel_locale() -> str:
    """Return the active language as Babel names it."""
    return format_locale(get_language() or "en")


def day(when: date, today: date) -> str:
    """Return ``Thursday 3 December``, with the year when it is not this year's."""
    return _day(when, when.year != today.year, babel_locale())


@lru_cache(maxsize=1024)
def _day(when: date, with_year: bool, locale: str) -> str:
    plain, dated = _DAY_PATTERNS.get(locale.split("_")[0], _DAY_PATTERN)
    return format_date(when, dated if with_year else plain, locale=locale)


def plain_day(when: date, today: date) -> str:
    """Return ``17 November`` in the active language, with the year when it is another one."""
    return _plain_day(when, when.year != today.year, babel_locale())


@lru_cache(maxsize=1024)
def _plain_day(when: date, with_year: bool, locale: str) -> str:
    if locale.split("_")[0] == "en":
        return format_date(when, "d MMMM y" if with_year else "d MMMM", locale=locale)
    text = format_skeleton("yMMMMd" if with_year else "MMMMd", when, locale=locale)
    return _unbroken(text)


def short_day(when: date, today: date) -> str:
    """Return ``17 Nov`` in the active language, with the year when it is another one."""
    text = _short_day(when, when.year != today.year, babel_locale())
    return text if babel_locale().split("_")[0] == "en" else _unbroken(text)


def dated(when: date) -> str:
    """Return ``17 Nov 2026`` in the active language, always with the year."""
    return _short_day(when, True, babel_locale())


def percent(basis_points: int) -> str:
    """Return ``12.5%`` for 1250 as the active language writes it."""
    part = Decimal(basis_points) / 10_000
    return format_percent(part, locale=babel_locale(), decimal_quantization=False)


def _unbroken(text: str) -> str:
    """Keep a date on one line: a full stop in ``17. November`` ends no sentence."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


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
