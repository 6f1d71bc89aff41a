"""How much memory and processor time the running programs really take."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """One program with all its processes. ``pss``: shared pages counted once, split fairly."""

    processes: int
    pss_mb: float
    largest_rss_mb: float


def usage(root: int) -> Usage:
    """Return what process ``root`` and everything it started take now."""
    pids = _tree(root)
    sizes = [_sizes(pid) for pid in pids]
    return Usage(
        len(pids),
        sum(pss for pss, _ in sizes) / 1024,
        max((rss for _, rss in sizes), default=0) / 1024,
    )


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = _parent(entry)
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def _parent(entry: Path) -> int:
    try:
        # The name in parentheses may hold anything; the fields follow the last one.
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return -1


def _sizes(pid: int) -> tuple[int, int]:
    """Return (PSS, RSS) in kilobytes; RSS twice where the kernel does not tell the PSS."""
    for name in ("smaps_rollup", "status"):
        try:
            text = Path(f"/proc/{pid}/{name}").read_text()
        except OSError:
            continue
        fields = {
            line.split(":")[0]: int(line.split()[1])
            for line in text.splitlines()
            if line.startswith(("Pss:", "Rss:", "VmRSS:"))
        }
        rss = fields.get("Rss", fields.get("VmRSS", 0))
        if rss:
            return fields.get("Pss", rss), rss
    return 0, 0


def cpu_seconds(root: int) -> float:
    """Return the processor time of process ``root`` and all it started, ended children included."""
    ticks = 0
    for pid in _tree(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")
