"""Read recorded provider exchanges and damage their payloads in every way a provider may."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.shared_data import shared_files


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer."""

    source: str
    method: str
    url: str
    sent: Any
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def form(self) -> dict[str, str]:
        return dict((self.sent or {}).get("_form", []))


def exchanges(pattern: str) -> Iterator[Exchange]:
    """Yield every exchange of the recordings that match a glob."""
    for path in shared_files(pattern):
        recording = json.loads(path.read_text())
        if not isinstance(recording, dict):
            continue
        for one in recording.get("interactions", []):
            request, response = one["request"], one["response"]
            yield Exchange(
                source=path.name,
                method=request["method"],
                url=request["url"],
                sent=request.get("body"),
                status=response["status"],
                headers=response.get("headers") or {},
                body=response["body"],
            )


def payload(path: Path) -> Any:
    """Return a recorded body, without the note on where it comes from."""
    body = json.loads(path.read_text())
    if isinstance(body, dict):
        body.pop("_source", None)
    return body


ODD_VALUES: tuple[Any, ...] = (None, "", "a word from next year", 7, -1, 1.5, True, [], {}, [None])


def damaged(body: Any) -> Iterator[Any]:
    """Yield copies of a body with one thing changed each, at every place and depth."""
    if isinstance(body, dict):
        yield {**copy.deepcopy(body), "added_next_year": {"nested": [1]}}
    for path in _places(body, ()):
        parent, last = path[:-1], path[-1]
        changed = copy.deepcopy(body)
        place = _at(changed, parent)
        del place[last]
        yield changed
        for value in ODD_VALUES:
            changed = copy.deepcopy(body)
            _at(changed, parent)[last] = value
            yield changed


def _places(body: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(body, dict):
        children: Any = body.items()
    elif isinstance(body, list):
        # Two elements show what a list may hold; more only repeat it.
        children = list(enumerate(body))[:2]
    else:
        return
    for key, value in children:
        yield (*path, key)
        yield from _places(value, (*path, key))


def _at(body: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        body = body[key]
    return body
