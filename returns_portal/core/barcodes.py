"""Draw Code 128 barcodes and QR codes as SVG for pages and documents, and QR as PNG for e-mail.

The SVG carries attributes only, no style, so that it passes the strict content security policy, and
stays black on white with its quiet zone inside the drawing.
"""

from __future__ import annotations

import base64
import io
import re

import segno
from barcode import Code128
from barcode.errors import BarcodeError
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from returns_portal.core.errors import InvalidInput

# Pure black: a near-black is printed as a raster of dots, which blurs the edges of bars.
INK = "#000"
QUIET_MODULES = 10
_LENGTH = re.compile(r"\d+(?:\.\d+)?(?:mm|in|px|pt)?")


def code128_svg(text: str, *, width: str = "", height: str = "", label: str = "") -> SafeString:
    """Return a Code 128 of ``text`` as inline SVG.

    ``width`` and ``height`` are CSS lengths ("88mm") put on the element; without them the drawing
    scales with its box. ``label`` is what a screen reader says, the text itself by default.
    Raises InvalidInput for text that Code 128 cannot hold.
    """
    modules = _modules(text)
    bars = "".join(
        f"M{run.start() + QUIET_MODULES} 0h{run.end() - run.start()}v40h-{run.end() - run.start()}z"
        for run in re.finditer("1+", modules)
    )
    return format_html(
        '<svg class="barcode" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} 40"'
        ' preserveAspectRatio="none" shape-rendering="crispEdges" role="img" aria-label="{}"{}>'
        '<path fill="#fff" d="M0 0h{}v40h-{}z"/><path fill="{}" d="{}"/></svg>',
        len(modules) + 2 * QUIET_MODULES,
        label or f"Barcode {text}",
        _size(width, height),
        len(modules) + 2 * QUIET_MODULES,
        len(modules) + 2 * QUIET_MODULES,
        INK,
        bars,
    )


def code128_module_count(text: str) -> int:
    """Return how many modules wide the drawing is, quiet zones included.

    Printers want whole dots: choose a module that is a multiple of the dot and multiply.
    """
    return len(_modules(text)) + 2 * QUIET_MODULES


def qr_svg(text: str, *, size: str = "", label: str = "", border: int = 4) -> SafeString:
    """Return a QR code of ``text`` (error correction M) as inline SVG.

    ``size`` is a CSS length for both sides, ``border`` the quiet zone in modules. ``label`` is what
    a screen reader says.
    """
    matrix = [list(row) for row in segno.make_qr(text, error="m").matrix_iter(border=border)]
    side = len(matrix)
    dots = "".join(
        f"M{run.start()} {y}h{run.end() - run.start()}v1h-{run.end() - run.start()}z"
        for y, row in enumerate(matrix)
        for run in re.finditer("1+", "".join("1" if dark else "0" for dark in row))
    )
    return format_html(
        '<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}"'
        ' shape-rendering="crispEdges" role="img" aria-label="{1}"{2}>'
        '<path fill="#fff" d="M0 0h{0}v{0}h-{0}z"/><path fill="{3}" d="{4}"/></svg>',
        side,
        label or "QR code",
        _size(size, size),
        INK,
        dots,
    )


def qr_png(text: str, *, scale: int = 6) -> bytes:
    """Return a QR code of ``text`` as PNG bytes, ``scale`` pixels a module; for e-mail."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(out, kind="png", scale=scale, border=4, dark=INK)
    return out.getvalue()


def svg_data_uri(svg: str) -> str:
    """Return an SVG as a data: address for the ``src`` of an image."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _modules(text: str) -> str:
    try:
        return str(Code128(text).build()[0])
    except BarcodeError as refusal:
        raise InvalidInput(f"{text!r} does not fit a Code 128 barcode.") from refusal


def _size(width: str, height: str) -> SafeString:
    for length in (width, height):
        if length and not _LENGTH.fullmatch(length):
            raise ValueError(f"{length!r} is no length")
    parts = [
        format_html(' {}="{}"', name, length)
        for name, length in (("width", width), ("height", height))
        if length
    ]
    return mark_safe("".join(parts))  # noqa: S308  joined from escaped pieces
