"""Who may call which address: one table per face, walked by ``test_access_walk``."""

from __future__ import annotations
