"""A merchant's logo and favicon: checked, re-encoded, kept under the media folder."""

from __future__ import annotations

import hashlib
import struct
import warnings
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageOps

from returns_portal.core.brand import ICON_SIZES
from returns_portal.core.errors import InvalidInput
from returns_portal.core.scope import current_merchant_id

_FORMATS = ("PNG", "JPEG", "WEBP")
_MAX_PIXELS = 4_000_000
_BOX = (800, 240)
# What a logo may weigh: the portal's first page has 60 kB for everything.
_LIGHT = 16_000


def read_logo(content: bytes) -> bytes:
    """Check a logo and draw it anew as PNG of at most 800 by 240 pixels and 16 kB.

    One that weighs more gets fewer colours, then fewer pixels. Raises InvalidInput.
    """
    drawn = _read(content)
    drawn.thumbnail(_BOX)
    png = _png(drawn)
    while len(png) > _LIGHT:
        png = _png(drawn.quantize(method=Image.Quantize.FASTOCTREE))
        drawn.thumbnail((drawn.width * 3 // 4, drawn.height * 3 // 4))
    return png


def read_icon(content: bytes) -> dict[int, bytes]:
    """Check a favicon and draw it anew as one square PNG for each size, whole and in the middle.

    Home screens fill what is see-through with black, so the large one stands on white. Raises
    InvalidInput.
    """
    drawn = _read(content)
    if min(drawn.size) < min(ICON_SIZES):
        raise InvalidInput("This icon is too small. Use one of at least 32 × 32 pixels.")
    squares = {size: ImageOps.pad(drawn, (size, size), color="#0000") for size in ICON_SIZES}
    largest = max(ICON_SIZES)
    ground = Image.new("RGBA", (largest, largest), "white")
    ground.alpha_composite(squares[largest])
    squares[largest] = ground.convert("RGB")
    return {size: _png(square) for size, square in squares.items()}


def _read(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Odd tags beside the picture: they are dropped anyway.
            warnings.simplefilter("ignore")
            return _drawn(content)
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, struct.error):
        # What Pillow raises for files of other kinds, truncated or malformed.
        raise InvalidInput("We can’t read this picture. Use a PNG, JPEG or WebP.") from None


def _png(drawn: Image.Image) -> bytes:
    encoded = BytesIO()
    drawn.save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


def _drawn(content: bytes) -> Image.Image:
    with Image.open(BytesIO(content), formats=_FORMATS) as picture:
        if picture.width * picture.height > _MAX_PIXELS:
            raise InvalidInput("This picture has too many pixels. Use one up to 2,000 × 2,000.")
        return picture.convert("RGBA")


def store_logo(png: bytes) -> str:
    """Write a logo that was read; return its path under the media folder.

    The name is the picture's digest, so an address never shows two pictures.
    """
    path = f"logos/{current_merchant_id()}/{_digest(png)}.png"
    _write(path, png)
    return path


def store_icon(squares: Mapping[int, bytes]) -> str:
    """Write a favicon that was read; return what its paths begin with, up to ``-<size>.png``."""
    path = f"icons/{current_merchant_id()}/{_digest(squares[max(squares)])}"
    for size, png in squares.items():
        _write(f"{path}-{size}.png", png)
    return path


def _digest(png: bytes) -> str:
    return hashlib.sha256(png).hexdigest()[:16]


def _write(path: str, png: bytes) -> None:
    target = Path(settings.MEDIA_ROOT) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(png)
