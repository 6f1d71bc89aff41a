"""The stack being measured, and how steps and requests reach it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from returns_portal.local.bench import http_load
from returns_portal.local.bench.lines import Lines
from returns_portal.local.environment import inherited
from returns_portal.local.layout import CHECKOUT
from returns_portal.local.progress import LocalError
from returns_portal.local.stack import Stack


@dataclass(frozen=True, slots=True)
class Size:
    """How much to do. ``seconds`` bounds each load, ``pool`` the orders that requests use up."""

    seconds: float
    pool: int
    returns: int
    visits: int
    labels: int


FULL = Size(seconds=12, pool=24_000, returns=100_000, visits=200, labels=40)
QUICK = Size(seconds=3, pool=6_000, returns=5_000, visits=60, labels=8)


@dataclass(slots=True)
class Bench:
    """A running stack and what has been found out about it."""

    stack: Stack
    size: Size
    lines: Lines
    port: int
    facts: dict[str, Any] = field(default_factory=dict)
    used: int = 0

    def step(self, name: str, **values: Any) -> dict[str, Any]:
        """Run one step in a process of its own and return its answer."""
        return answer_of(self.start_step(name, **values), name)

    def start_step(self, name: str, **values: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", "bench_step", name, json.dumps(values)]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=inherited() | self.stack.variables,
            cwd=CHECKOUT,
        )

    def take(self, count: int) -> dict[str, Any]:
        """Return the next ``count`` orders of the pool as a step's values."""
        first = self.used + 1
        self.used = min(self.used + count, self.size.pool)
        return {
            "first": first,
            "last": self.used,
            "order": self.facts["order"],
            "line": self.facts["line"],
        }

    def requests(self, count: int) -> Iterator[bytes]:
        """Yield return requests, each for an order of its own."""
        pool = self.take(count)
        for number in range(pool["first"], pool["last"] + 1):
            order, line = (copy_of(self.facts[name], number) for name in ("order", "line"))
            wanted = {
                "order_line": line,
                "quantity": 1,
                "reason": "changed_mind",
                "resolution": "refund",
            }
            body = json.dumps({"order": order, "lines": [wanted]}).encode()
            yield http_load.post_json(
                self.port, "/api/v1/returns/", body, key=self.facts["key"], operation=f"n-{number}"
            )


def copy_of(model: str, number: int) -> str:
    """Return the id of copy ``number``: the same rule as in ``cloning``."""
    digest = hashlib.md5(f"{model}~{number}".encode(), usedforsecurity=False)
    return str(UUID(digest.hexdigest()))


def answer_of(step: subprocess.Popen[str], name: str) -> dict[str, Any]:
    """Wait for a step and return its answer.

    Raises: LocalError with the end of what it said when it fails.
    """
    output, errors = step.communicate(timeout=1800)
    if step.returncode != 0:
        raise LocalError(f"The step {name} failed:\n{errors[-3000:]}")
    answer: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return answer
