"""The commands behind `./run`, `./test` and `./bench`; bootstrap.py starts them in the environment.

`run`, `test` and `bench` are for everyone. `exec COMMAND` runs a command on the test servers; on
what `./run` has running, `manage COMMAND` runs a management command and `with COMMAND` any other.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from returns_portal.local import run_command, test_command
from returns_portal.local.bench import command as bench_command
from returns_portal.local.environment import inherited
from returns_portal.local.layout import CHECKOUT, RUN_HOME, Layout
from returns_portal.local.progress import LocalError
from returns_portal.local.running import read_environment

USAGE = "Usage: python -m returns_portal.local {run|test|bench|exec|manage|with} [arguments]"


def on_running_stack(command: list[str]) -> NoReturn:
    """Replace this process by a command with the variables of what `./run` has running."""
    try:
        variables = read_environment(Layout(RUN_HOME).environment)
    except LocalError as problem:
        sys.exit(str(problem))
    os.chdir(CHECKOUT)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = inherited() | variables | {"PATH": programs}
    try:
        os.execvpe(command[0], command, environment)
    except OSError as refused:
        sys.exit(f"{command[0]} cannot be started: {refused.strerror}.")


def main(arguments: list[str]) -> int:
    """Run one of the commands."""
    match arguments:
        case ["run", *rest]:
            return run_command.main(rest)
        case ["test", *rest]:
            return test_command.main(rest)
        case ["bench", *rest]:
            return bench_command.main(rest)
        case ["exec", *command] if command:
            return test_command.main([], command=command)
        case ["manage", *rest] if rest:
            on_running_stack([sys.executable, "manage.py", *rest])
        case ["with", *command] if command:
            on_running_stack(command)
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
