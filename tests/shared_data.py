"""Find recorded provider data kept beside the checkout; it is never copied into the project.

`shared_path("shopify/orders/x.json")` returns a path or skips the test loudly. The folder is
`../shared/data` next to the checkout (or any folder above it), or `RP_SHARED_DATA`.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


class SharedDataMissing(UserWarning):
    """Say in the run's summary that tests on recorded data did not run."""


def find_shared_data() -> Path | None:
    """Return the folder of recorded data, or None when this machine has none."""
    named = os.environ.get("RP_SHARED_DATA")
    if named:
        return Path(named) if Path(named).is_dir() else None
    for folder in CHECKOUT.parents:
        candidate = folder / "shared" / "data"
        if candidate.is_dir():
            return candidate
    return None


SHARED_DATA = find_shared_data()


def shared_path(relative: str) -> Path:
    """Return a recorded file or folder, or skip the calling test with a visible warning."""
    if SHARED_DATA is None:
        skip_loudly(f"{relative}: recorded data is not on this machine (set RP_SHARED_DATA)")
    found = SHARED_DATA / relative
    if not found.exists():
        skip_loudly(f"{relative} is not among the recorded data")
    return found


def shared_files(pattern: str) -> list[Path]:
    """Return the recorded files matching a glob, sorted; empty when there are none.

    For `pytest.mark.parametrize`, where skipping is too early: use `shared_path` in the body, or
    give the empty list to pytest, which marks the test as skipped.
    """
    return sorted(SHARED_DATA.glob(pattern)) if SHARED_DATA else []


def skip_loudly(reason: str) -> None:
    """Skip, and leave a warning in the summary so that nobody takes the run for a full one."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", SharedDataMissing)
        warnings.warn(reason, SharedDataMissing, stacklevel=3)
    pytest.skip(reason)
