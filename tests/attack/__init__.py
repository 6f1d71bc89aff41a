"""What a hostile visitor sends, and what must never come of it."""

from __future__ import annotations
