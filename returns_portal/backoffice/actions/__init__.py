"""Administrative changes that no domain below makes: team, keys, settings, provider accounts."""

from __future__ import annotations
