"""Turning a kind and its context into a subject, a text and an HTML part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from notifications.catalogue import MessageKind
from notifications.plain import numbered
from returns_portal.tenancy.models import Merchant
from returns_portal.tenancy.own_texts import speaking_for

# Both parts share their leads; only the HTML part prints these words bold.
_BOLD, _END = SafeString("<b>"), SafeString("</b>")
_PLACEHOLDER = re.compile(r"\{(rma_number|order_number|merchant_name)\}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to be stored. ``subject`` is one line."""

    subject: str
    text: str
    html: str


@contextmanager
def speaking(merchant: Merchant, language: str) -> Iterator[None]:
    """Build and render inside the block in the shopper's language, with the merchant's own texts
    and in its time zone."""
    with speaking_for(merchant, language), timezone.override(ZoneInfo(merchant.time_zone)):
        yield


def render_message(
    kind: MessageKind, context: dict[str, Any], *, subject: str = "", note: str = ""
) -> Rendered:
    """Render ``kind`` in the active language and time zone; see :func:`speaking`.

    ``subject`` and ``note`` are the merchant's own words; a subject may name ``{rma_number}``,
    ``{order_number}`` and ``{merchant_name}`` and nothing else.
    """
    own = _one_line(_fill(subject, context))
    line = own or _one_line(render_to_string(f"emails/{kind}.subject.txt", context))
    full = {
        **context,
        "subject": line,
        "note": note.strip(),
        "lead_template": f"emails/leads/{kind}.txt",
        "step_lines": numbered(context["steps"]),
    }
    return Rendered(
        subject=line,
        text=_tidy(render_to_string(f"emails/{kind}.txt", {**full, "b": "", "eb": ""})),
        html=_tidy(render_to_string(f"emails/{kind}.html", {**full, "b": _BOLD, "eb": _END})),
    )


def _tidy(text: str) -> str:
    """Return a part without trailing space and with one empty line between paragraphs."""
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"


def _fill(subject: str, context: dict[str, Any]) -> str:
    """Put three known values into a merchant's subject; braces of any other kind stay as typed.

    In one pass, so that a value which itself contains braces is never filled in again.
    """
    return _PLACEHOLDER.sub(lambda found: str(context[found[1]]), subject)


def _one_line(text: str) -> str:
    """Return text fit for a header: no line breaks, no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:250]
