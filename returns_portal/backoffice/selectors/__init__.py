"""What the back office's pages read and the domains do not offer themselves."""

from __future__ import annotations
