"""What a table says of one address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from returns_portal.tenancy.permissions import Permission
from tests.architecture.access.world import World

Words = Callable[[World], Mapping[str, Any]]


def nothing(_world: World) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One address: what it asks for, how it is called and with what.

    ``permission`` None means every member (back office) or everybody (other faces). ``kwargs`` fill
    the address, ``body`` the form or JSON of a POST. ``of_merchant`` is set where the address names
    a row, which another merchant's visitor must not find.
    """

    permission: Permission | None = None
    methods: tuple[str, ...] = ("GET",)
    kwargs: Words = nothing
    body: Words = nothing
    of_merchant: bool = False
    # What the face itself needs to know of the address, such as the query string.
    query: str = ""
    ok: frozenset[int] = field(default=frozenset({200, 201, 302, 400, 409, 422}))
