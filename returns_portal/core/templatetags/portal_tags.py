"""Template tags that every page, e-mail and document may load: ``{% load portal_tags %}``.

Dates are shown in Django's current time zone and language: faces activate the merchant's zone for
the request, workers wrap rendering in ``timezone.override`` and ``translation.override``.
Parameters are listed in docs/frontend.md.
"""

from __future__ import annotations

import re
import zlib
from datetime import date, datetime
from functools import lru_cache

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.http import QueryDict
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from returns_portal.core import barcodes, clock, form_fields, words
from returns_portal.core.money import Money, format_money
from returns_portal.core.status_words import status_words

register = template.Library()

MINUS = "\N{MINUS SIGN}"
SPRITE = "img/icons.svg"
# Babel leaves out the space that CLDR asks for between a currency's letters and the number.
_CODE_BEFORE_DIGIT = re.compile(r"(?<=[A-Z])(?=\d)")


@register.simple_tag
def product_name() -> str:
    """Return the product's name; one setting holds it."""
    return str(getattr(settings, "PRODUCT_NAME", "Returns Portal"))


@register.simple_tag
def icon(name: str, size: str = "", flip: bool = False, label: str = "") -> SafeString:
    """Draw an icon of the sprite; hidden from screen readers unless ``label`` names it.

    ``size`` is sm, md, lg or xl. ``flip`` mirrors pointing icons in right-to-left layouts.
    """
    return _icon(name, size, flip, str(label))


# A page of the queue draws hundreds of the same few icons, badges and amounts.
@lru_cache(maxsize=1024)
def _icon(name: str, size: str, flip: bool, label: str) -> SafeString:
    return format_html(
        '<svg class="icon"{}{}{}><use href="{}#{}"/></svg>',
        format_html(' data-size="{}"', size) if size else "",
        SafeString(" data-flip") if flip else "",
        format_html(' role="img" aria-label="{}"', label)
        if label
        else SafeString(' aria-hidden="true"'),
        static(SPRITE),
        name,
    )


@register.simple_tag
def money(amount: Money | None, sign: bool = False) -> str:
    """Write an amount as people in the active language do, with a true minus; None is nothing.

    ``sign`` puts a plus before amounts above zero.
    """
    if amount is None:
        return ""
    text = _money(amount, words.babel_locale())
    return f"+{text}" if sign and amount.minor > 0 else text


@lru_cache(maxsize=4096)
def _money(amount: Money, locale: str) -> str:
    text = format_money(amount, locale).replace("-", MINUS)
    return _CODE_BEFORE_DIGIT.sub("\N{NO-BREAK SPACE}", text)


@register.simple_tag
def status_badge(
    key: str, audience: str = "staff", size: str = "", plain: bool = False
) -> SafeString:
    """Draw the badge of a status, icon and word and tone, from the one status table."""
    row = status_words(key)
    return badge(row.word(audience), row.tone, row.icon, size, plain)


@register.simple_tag
def status_word(key: str, audience: str = "staff") -> str:
    """Return the bare word of a status, for text and e-mails."""
    return status_words(key).word(audience)


@register.simple_tag
def badge(
    text: str, tone: str = "neutral", icon_name: str = "", size: str = "", plain: bool = False
) -> SafeString:
    """Draw a badge that is no status: a reason, a tag, a fact."""
    return format_html(
        '<span class="badge" data-tone="{}"{}{}>{}{}</span>',
        tone,
        format_html(' data-size="{}"', size) if size else "",
        SafeString(" data-plain") if plain else "",
        icon(icon_name) if icon_name else "",
        text,
    )


@register.simple_tag
def count(
    number: int | None, strong: bool = False, tone: str = "", full: bool = False
) -> SafeString:
    """Draw a counter: nothing at 0, 99+ above 99 unless ``full``."""
    if not number:
        return SafeString("")
    return format_html(
        '<span class="count"{}{}>{}</span>',
        SafeString(" data-strong") if strong else "",
        format_html(' data-tone="{}"', tone) if tone else "",
        number if full or number <= 99 else "99+",
    )


@register.simple_tag
def avatar(name: str, size: str = "") -> SafeString:
    """Draw a person's initials on a tint that stays the same for the name."""
    initials = "".join(part[0] for part in name.split()[:2]).upper() or "?"
    return format_html(
        '<span class="avatar" data-hue="{}"{} title="{}" aria-hidden="true">{}</span>',
        zlib.crc32(name.encode()) % 4 + 1,
        format_html(' data-size="{}"', size) if size else "",
        name,
        initials,
    )


@register.simple_tag
def thumb(url: str | None, size: str = "", alt: str = "") -> SafeString:
    """Draw a product picture (xs, sm, lg, xl); without an address, a drawing of a parcel."""
    sized = format_html(' data-size="{}"', size) if size else ""
    source = url or _no_picture()
    return format_html(
        '<img class="thumb"{} src="{}" alt="{}" width="96" height="96" loading="lazy"'
        ' decoding="async">',
        sized,
        source,
        alt,
    )


@lru_cache(maxsize=1)
def _no_picture() -> str:
    return static("img/no-picture.svg")


@register.simple_tag
def orgmark(name: str, colors: dict[str, str] | None = None) -> SafeString:
    """Draw a merchant's mark: the first letter in brand colours (``BrandTokens.colors``)."""
    shades = colors or {"fill": "#191c22", "on": "#ffffff"}
    return format_html(
        '<span class="orgmark" aria-hidden="true"><svg viewBox="0 0 30 30">'
        '<rect width="30" height="30" rx="8" fill="{}"/><text x="15" y="20.5" text-anchor="middle"'
        ' font-size="16" font-weight="600" fill="{}">{}</text></svg></span>',
        shades["fill"],
        shades["on"],
        name[:1].upper(),
    )


@register.simple_tag
def time_ago(moment: datetime | None) -> SafeString:
    """Say how long ago or in how long, with the exact time in ``title``; None is nothing."""
    if moment is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        words.stamp(_local(moment)),
        words.ago(moment, clock.now()),
    )


@register.simple_tag
def day(when: date | datetime | None) -> SafeString:
    """Write a date for shoppers, ``Thursday 3 December``; the year only when it is another one."""
    if when is None:
        return SafeString("")
    local = _local(when).date() if isinstance(when, datetime) else when
    text = words.day(local, _local(clock.now()).date())
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), text)


@register.simple_tag
def stamp(moment: datetime | None) -> SafeString:
    """Write a moment for staff, ``19 Nov 09:41``; the year only when it is another one."""
    if moment is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        words.stamp(_local(moment)),
    )


@register.filter
def day_text(when: date | datetime | None) -> str:
    """Write a date as ``day`` does, without markup; for plain-text e-mails and sentences."""
    if when is None:
        return ""
    local = _local(when).date() if isinstance(when, datetime) else when
    return words.day(local, _local(clock.now()).date())


@register.simple_tag(takes_context=True)
def query_string(context: Context, **changes: object) -> str:
    """Return this page's query string with ``changes``; None removes a key. Starts with ?."""
    query: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None and value != "":
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.inclusion_tag("components/button.html")
def button(label: str = "", **options: object) -> dict[str, object]:
    """Draw a button, or with ``url`` a link in its look; the options are in the component."""
    return {"label": label, **options}


@register.simple_tag
def barcode(text: str, width: str = "", height: str = "", label: str = "") -> SafeString:
    """Draw a Code 128 as inline SVG."""
    return barcodes.code128_svg(text, width=width, height=height, label=label)


@register.simple_tag
def qr(text: str, size: str = "", label: str = "", border: int = 4) -> SafeString:
    """Draw a QR code as inline SVG; ``border`` 2 where a white plate gives it room."""
    return barcodes.qr_svg(text, size=size, label=label, border=border)


@register.simple_tag
def field(bound: BoundField, **options: object) -> str:
    """Draw a form field with label, hint and error tied together.

    Options: ``size`` (lg, sm), ``hint``, ``label``, ``look`` (list, pills, choices, switch),
    ``hide_label`` and any HTML attribute with ``_`` for ``-``.
    """
    return render_to_string("components/field.html", form_fields.field_context(bound, options))


@register.simple_tag
def error_summary(*forms: BaseForm, title: str = "") -> str:
    """Draw the list of errors of the submitted ``forms`` with links to the fields."""
    errors = [error for form in forms if form for error in form_fields.form_errors(form)]
    if not errors:
        return ""
    return render_to_string("components/error_summary.html", {"errors": errors, "title": title})


@register.simple_block_tag
def card(content: str, title: str = "", **options: object) -> str:
    """Wrap content in a card. The options are listed in the component."""
    return render_to_string(
        "components/card.html", {"content": content, "title": title, "level": 2, **options}
    )


@register.simple_block_tag
def callout(content: str, tone: str = "info", title: str = "", icon_name: str = "") -> str:
    """Wrap a message in a callout: ``title`` is the fact, the content what to do."""
    return render_to_string(
        "components/callout.html",
        {
            # strip() returns plain text again, though what the block drew is escaped already.
            "text": SafeString(content.strip()),
            "title": title,
            "tone": tone,
            "icon_name": icon_name or form_fields.TONE_ICONS[tone],
        },
    )


@register.simple_block_tag
def dialog(content: str, id: str, title: str, note: str = "") -> str:  # noqa: A002  HTML's name
    """Wrap content in a native dialog, opened by any ``data-dialog-open="<id>"``."""
    return render_to_string(
        "components/dialog.html", {"content": content, "id": id, "title": title, "note": note}
    )


@register.filter
def tone_icon(tone: str) -> str:
    """Return the icon that goes with a tone."""
    return form_fields.TONE_ICONS[tone]


@register.filter
def message_tone(message: object) -> str:
    """Return the tone of a Django message: error is danger, debug is neutral."""
    level = getattr(message, "level_tag", "") or "info"
    return {"error": "danger", "debug": "neutral"}.get(level, level)


@register.simple_tag
def errors_heading(number: int) -> str:
    """Return the heading of an error summary."""
    return ngettext("Check this", "Check %(number)d things", number) % {"number": number}


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment)
