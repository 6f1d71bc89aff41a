"""Programs from outside that some tests need: a browser, a reader of PDFs.

`./test` installs them where it may (root on Debian). Where one is missing its tests skip with a
visible warning; in continuous integration (CI=true) its absence is a failure.
"""

from __future__ import annotations

import os
import shutil
import warnings

import pytest


class ProgramMissing(UserWarning):
    """Say in the run's summary which tests did not run, and what to install."""


def required(name: str, *, package: str) -> str:
    """Return a program's path, or skip the calling test loudly."""
    found = shutil.which(name)
    if found is None:
        skip_or_fail(f"{name} is missing (Debian: apt-get install {package})")
    return str(found)


def skip_or_fail(reason: str) -> None:
    """Skip with a warning that stays visible; fail where every test has to run."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; continuous integration must run this test")
    with warnings.catch_warnings():
        warnings.simplefilter("always", ProgramMissing)
        warnings.warn(reason, ProgramMissing, stacklevel=3)
    pytest.skip(reason)
