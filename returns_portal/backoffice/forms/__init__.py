"""The back office's forms, one module per area. They check shape; actions check truth."""

from __future__ import annotations
