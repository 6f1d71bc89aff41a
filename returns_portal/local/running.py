"""The variables of what `./run` has running, kept in a file for commands in another terminal."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from returns_portal.local.layout import RUN_HOME, Layout, write_private
from returns_portal.local.progress import LocalError

ENVIRONMENT = Layout(RUN_HOME).environment
# With any of these set the caller has servers of their own in mind.
DECISIVE = ("DATABASE_URL", "DATABASE_URL_FILE", "SECRET_KEY", "SECRET_KEY_FILE")


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Keep the variables of a running stack, readable by its owner alone."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
    write_private(path, "".join(lines))


def read_environment(path: Path) -> dict[str, str]:
    """Return the variables of the running stack.

    Raises: LocalError when nothing runs.
    """
    try:
        text = path.read_text()
    except OSError as missing:
        raise LocalError(
            "Returns Portal does not run here: start it with ./run first."
        ) from missing
    variables = {}
    for line in text.splitlines():
        name, _, quoted = line.partition("=")
        variables[name] = shlex.split(quoted)[0] if quoted else ""
    return variables


def adopt(path: Path = ENVIRONMENT) -> bool:
    """Work on what `./run` has running, unless the caller's environment names servers.

    Lets `manage.py COMMAND` in another terminal mean the obvious thing; returns whether it did.
    """
    if any(os.environ.get(name) for name in DECISIVE) or not path.exists():
        return False
    os.environ.update(read_environment(path))
    return True
