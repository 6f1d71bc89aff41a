"""Turning a kind and its context into a subject, a text and an HTML part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation

from notifications.catalogue import MessageKind


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to be stored. ``subject`` is one line."""

    subject: str
    text: str
    html: str


def render_message(
    kind: MessageKind,
    context: dict[str, Any],
    *,
    locale: str,
    time_zone: str,
    subject: str = "",
    note: str = "",
) -> Rendered:
    """Render ``kind`` in the shopper's language and the merchant's time zone.

    ``subject`` and ``note`` are the merchant's own words; a subject may name ``{rma_number}``,
    ``{order_number}`` and ``{merchant_name}`` and nothing else.
    """
    with translation.override(locale or "en"), timezone.override(ZoneInfo(time_zone)):
        own = _fill(subject, context) if subject else ""
        line = own or render_to_string(f"emails/{kind}.subject.txt", context)
        full = {**context, "subject": _one_line(line), "note": note}
        return Rendered(
            subject=full["subject"],
            text=render_to_string(f"emails/{kind}.txt", full).strip() + "\n",
            html=render_to_string(f"emails/{kind}.html", full),
        )


def _fill(subject: str, context: dict[str, Any]) -> str:
    """Put three known values into a merchant's subject; braces of any other kind stay as typed."""
    for name in ("rma_number", "order_number", "merchant_name"):
        subject = subject.replace("{" + name + "}", str(context[name]))
    return subject


def _one_line(text: str) -> str:
    """Return text fit for a header: no line breaks, no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:250]
