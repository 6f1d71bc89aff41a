"""Identifiers: time-ordered UUIDs for rows, opaque tokens for links."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """Return a version-7 UUID (RFC 9562): 60 bits of time, of which 12 below the millisecond.

    Time order keeps B-tree inserts at the right-hand edge, and rows made one after the other in
    one process in that order. Made here because PostgreSQL before 18 has no ``uuidv7()``.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    number = (milliseconds & (2**48 - 1)) << 80
    number |= 0x7 << 76
    number |= (rest * 4096 // 1_000_000) << 64
    number |= 0b10 << 62
    number |= secrets.randbits(62)
    return UUID(int=number)


def new_token(size: int = 24) -> str:
    """Return ``size`` random bytes as URL-safe text, for links that must not be guessed."""
    return secrets.token_urlsafe(size)
