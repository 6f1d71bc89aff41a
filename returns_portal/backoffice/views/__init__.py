"""The back office's pages, one module per area."""

from __future__ import annotations
