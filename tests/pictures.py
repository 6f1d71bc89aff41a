"""Small real pictures for uploads."""

from __future__ import annotations

from io import BytesIO

from PIL import Image


def png_bytes(width: int = 40, height: int = 30, color: str = "#1f6f5b") -> bytes:
    """Return a PNG of one colour."""
    target = BytesIO()
    Image.new("RGB", (width, height), color).save(target, "PNG")
    return target.getvalue()
