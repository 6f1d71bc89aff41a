"""Named points at which tests can end the process, to prove that a restart loses nothing.

In production no point is armed and :func:`crashpoint` costs one dictionary look-up.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

VARIABLE = "RP_CRASHPOINT"

armed: dict[str, Callable[[], None]] = {}


def crashpoint(name: str) -> None:
    """Run what a test has armed under ``name``, if anything."""
    if name in armed:
        armed[name]()


def arm_from_environment() -> None:
    """Arm the point named by ``RP_CRASHPOINT`` with SIGKILL: nothing runs after it, no clean-up.

    ``call.answered`` dies at the first passage, ``call.answered#3`` at the third. Called where
    DEBUG is on and nowhere else, so that a stray variable can not harm production.
    """
    name, _, passages = os.environ.get(VARIABLE, "").partition("#")
    if not name:
        return
    left = int(passages or 1)

    def die() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    armed[name] = die
