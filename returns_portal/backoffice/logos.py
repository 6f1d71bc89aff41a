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


def _drawn(content: bytes) -> Image.Image:
    with Image.open(BytesIO(content), formats=_FORMATS) as picture:
        if picture.width * picture.height > _MAX_PIXELS:
            raise InvalidInput(
                "This logo has too many pixels. Use one up to 2,000 × 2,000.", field="logo"
            )
        return picture.convert("RGBA")


def store_logo(content: bytes) -> str:
    """Write a logo as PNG, at most 800 by 240 pixels; return its path under the media folder.

    The name is the picture's digest, so an address never shows two pictures.
    """
    try:
        with warnings.catch_warnings():
            # Odd tags beside the picture: they are dropped anyway.
            warnings.simplefilter("ignore")
            drawn = _drawn(content)
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, struct.error):
        # What Pillow raises for files of other kinds, truncated or malformed.
        raise InvalidInput(
            "We can’t read this picture. Use a PNG, JPEG or WebP.", field="logo"
        ) from None
    drawn.thumbnail(_BOX)
    encoded = BytesIO()
    drawn.save(encoded, "PNG", optimize=True)
    body = encoded.getvalue()
    path = (
        Path("logos") / str(current_merchant_id()) / f"{hashlib.sha256(body).hexdigest()[:16]}.png"
    )
    target = Path(settings.MEDIA_ROOT) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)
    return str(path)
