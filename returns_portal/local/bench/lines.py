"""The answers: one JSON object a line, each with what it was measured on."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TextIO


@cache
def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _read("/proc/cpuinfo").splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    total = next(
        (line.split()[1] for line in _read("/proc/meminfo").splitlines() if "MemTotal" in line), "0"
    )
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        "cpu": model,
        "memory_mb": int(total) // 1024,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def load() -> float:
    """Return how many processes wanted a core over the last minute: other people's work counts."""
    return round(os.getloadavg()[0], 1)


@dataclass(slots=True)
class Lines:
    """Prints each figure as it is known, and keeps it for ratios."""

    output: TextIO | None
    postgres: str = ""
    values: dict[str, float] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def put(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        n: int = 1,
        seconds: float = 0.0,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """Print one figure. ``n`` things were measured in ``seconds``; aims are shown beside."""
        self.values[name] = value
        line: dict[str, Any] = {"name": name, "value": round(value, 3), "unit": unit}
        line |= {"n": n, "seconds": round(seconds, 2)}
        if at_most is not None or at_least is not None:
            met = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
            line["aim"] = f"<= {at_most:g}" if at_most is not None else f">= {at_least:g}"
            line["met"] = met
            if not met:
                self.missed.append(name)
        line["machine"] = machine() | {"postgres": self.postgres, "load": load()}
        print(json.dumps(line), file=self.output, flush=True)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the nearest rank: a value that was measured. No values give zero."""
    if not values:
        return 0.0
    return sorted(values)[-(-len(values) * percent // 100) - 1]


class Clock:
    """Measures the seconds of a block."""

    def __enter__(self) -> Clock:
        self.start = time.perf_counter()
        self.seconds = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self.start
