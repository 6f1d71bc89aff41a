"""The commands behind `./run` and `./test`; bootstrap.py starts them in the environment.

`run` and `test` are for everyone. `exec COMMAND` runs a command on the test servers, and
`manage COMMAND` runs a management command on what `./run` has running.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from returns_portal.local import run_command, test_command
from returns_portal.local.environment import inherited, read_environment
from returns_portal.local.layout import CHECKOUT, RUN_HOME, Layout
from returns_portal.local.progress import LocalError

USAGE = "Usage: python -m returns_portal.local {run|test|exec|manage} [arguments]"


def manage(arguments: list[str]) -> NoReturn:
    """Replace this process by a management command on the running stack."""
    try:
        variables = read_environment(Layout(RUN_HOME).environment)
    except LocalError as problem:
        sys.exit(str(problem))
    os.chdir(CHECKOUT)
    command = [sys.executable, "manage.py", *arguments]
    os.execve(command[0], command, inherited() | variables)


def main(arguments: list[str]) -> int:
    """Run one of the commands."""
    match arguments:
        case ["run", *rest]:
            return run_command.main(rest)
        case ["test", *rest]:
            return test_command.main(rest)
        case ["exec", *command] if command:
            return test_command.main([], command=command)
        case ["manage", *rest] if rest:
            manage(rest)
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
