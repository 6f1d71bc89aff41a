"""Files of our own below MEDIA_ROOT."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from returns_portal.core.ids import new_token


def write_whole(relative: str, content: bytes) -> None:
    """Write a file below MEDIA_ROOT whole or not at all; an earlier one of its name is replaced."""
    target = Path(settings.MEDIA_ROOT) / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_suffix(f".{new_token(6)}.part")
    with half.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(target)
