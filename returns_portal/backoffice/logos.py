"""A merchant's logo: checked, re-encoded, kept under the media folder."""

from __future__ import annotations

import hashlib
import struct
import warnings
from io import BytesIO
from pathlib import Path

from django.conf import settings
from PIL import Image

from returns_portal.core.errors import InvalidInput
from returns_portal.core.scope import current_merchant_id

_FORMATS = ("PNG", "JPEG", "WEBP")
_MAX_PIXELS = 4_000_000
_BOX = (800, 240)


def read_logo(content: bytes) -> bytes:
    """Check a logo and draw it anew as PNG, at most 800 by 240 pixels. Raises InvalidInput."""
    try:
        with warnings.catch_warnings():
            # Odd tags beside the picture: they are dropped anyway.
            warnings.simplefilter("ignore")
            drawn = _drawn(content)
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, struct.error):
        # What Pillow raises for files of other kinds, truncated or malformed.
        raise InvalidInput("We can’t read this picture. Use a PNG, JPEG or WebP.") from None
    drawn.thumbnail(_BOX)
    encoded = BytesIO()
    drawn.save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


def _drawn(content: bytes) -> Image.Image:
    with Image.open(BytesIO(content), formats=_FORMATS) as picture:
        if picture.width * picture.height > _MAX_PIXELS:
            raise InvalidInput("This logo has too many pixels. Use one up to 2,000 × 2,000.")
        return picture.convert("RGBA")


def store_logo(png: bytes) -> str:
    """Write a logo that was read; return its path under the media folder.

    The name is the picture's digest, so an address never shows two pictures.
    """
    name = f"{hashlib.sha256(png).hexdigest()[:16]}.png"
    path = Path("logos") / str(current_merchant_id()) / name
    target = Path(settings.MEDIA_ROOT) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(png)
    return str(path)
