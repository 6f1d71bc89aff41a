"""Template tags of the back office."""

from __future__ import annotations
