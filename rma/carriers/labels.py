"""Fetch label files from where a carrier put them, trusting neither their size nor their kind."""

from __future__ import annotations

from returns_portal.core import http
from returns_portal.integrations.outcomes import Declined, Unavailable
from rma.carriers.base import LabelFormat

MAX_LABEL_BYTES = 5 * 1024 * 1024


def fetch_label_file(url: str) -> bytes:
    """Return a label file. Raises Declined for what can never be one, Unavailable to try again."""
    try:
        answer = http.request("GET", url, max_bytes=MAX_LABEL_BYTES)
    except (http.AddressRefused, http.AnswerTooBig) as error:
        raise Declined("label_refused", str(error)) from error
    except http.OutboundError as error:
        raise Unavailable("label_not_reachable", str(error)) from error
    if answer.status != 200:
        raise Unavailable(
            "label_not_ready", f"The carrier answered {answer.status} instead of the label."
        )
    if label_format_of(answer.body) is None:
        raise Declined("label_refused", "The carrier's file is no PDF, PNG or ZPL label.")
    return answer.body


def label_format_of(content: bytes) -> LabelFormat | None:
    """Return what a file is by its content, or None for what is no label."""
    if content.startswith(b"%PDF-"):
        return LabelFormat.PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return LabelFormat.PNG
    if content.lstrip()[:3] == b"^XA" or content.startswith(b"~"):
        return LabelFormat.ZPL
    return None
