"""One policy document beside another, for what a sentence needs: names, currency, order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rma.policy.model import in_language

# Parts of a reason that have a name of their own.
_PARTS = {"questions": "question", "details": "detail"}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two documents, for what a sentence needs beside the value: names, currency."""

    document: Mapping[str, Any]

    @property
    def currency(self) -> str:
        return str(self.document.get("currency", ""))

    def at(self, path: Sequence[str]) -> Any:
        """Return what stands at ``path``, entries of lists by their key; None for nothing."""
        found: Any = self.document
        for step in path:
            if isinstance(found, list):
                found = next((one for one in found if one.get("key") == step), None)
            elif isinstance(found, Mapping):
                found = found.get(step)
            else:
                return None
        return found

    def keys_at(self, path: Sequence[str]) -> list[str]:
        return [one["key"] for one in self.at(path) or ()]

    def name_of(self, path: Sequence[str]) -> str:
        """Return how people call an entry: its label or name, else its key."""
        entry = self.at(path)
        if isinstance(entry, Mapping):
            labels = entry.get("labels")
            return in_language(labels, "en") if labels else str(entry.get("name") or path[-1])
        return path[-1]

    def about(self, path: Sequence[str]) -> str:
        """Return the reason or rule that ``path`` lies in, with detail and question if any."""
        if path[0] not in ("reasons", "rules") or self.at(path[:2]) is None:
            return ""
        kind = "Reason" if path[0] == "reasons" else "Rule"
        about = f"{kind} “{self.name_of(path[:2])}”"
        for place in range(2, len(path) - 1, 2):
            part = _PARTS.get(path[place])
            if part is None:
                break
            about += f", {part} “{self.name_of(path[: place + 2])}”"
        return about

    def reasons(self, keys: Sequence[str]) -> str:
        known = {
            one["key"]: one
            for reason in self.at(("reasons",)) or ()
            for one in (reason, *(reason.get("details") or ()))
        }
        return listed(
            [in_language(known[key]["labels"], "en") if key in known else key for key in keys]
        )


def listed(words: Sequence[str]) -> str:
    """Return words with commas between; ``none`` where there are none."""
    return ", ".join(words) or "none"
