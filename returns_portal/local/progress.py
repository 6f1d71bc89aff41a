"""What the person at the terminal sees, and the one error that ends a command."""

from __future__ import annotations

import os
import time
from pathlib import Path

# The clock goes on from where bootstrap.py handed over.
_STARTED = time.monotonic() - float(os.environ.pop("RP_ELAPSED", "0"))


class LocalError(Exception):
    """Carry one clear sentence saying what to do."""


def say(text: str) -> None:
    """Print one progress line with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:5.1f}s] {text}", flush=True)


def log_tail(path: Path, lines: int = 12) -> str:
    """Return the last lines of a log, indented for printing under an error."""
    try:
        with path.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - 16_384))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return f"    ({path} cannot be read)"
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
