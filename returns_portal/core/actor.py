"""Who does something: a shopper, a member of staff, an API key, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    SHOPPER = "shopper"
    MEMBER = "member"
    API_KEY = "api_key"
    SYSTEM = "system"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Actor:
    """The doer of an action, as recorded on its event. ``permissions`` are those in force now."""

    kind: ActorKind
    id: str = ""
    name: str = ""
    permissions: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Tell whether the actor holds ``permission``; the system holds all of them."""
        return self.kind is ActorKind.SYSTEM or permission in self.permissions


SYSTEM = Actor(ActorKind.SYSTEM, name="Returns Portal")
SHOPPER = Actor(ActorKind.SHOPPER, name="Shopper")


def provider(name: str) -> Actor:
    """Return the actor for a fact that a provider reported."""
    return Actor(ActorKind.PROVIDER, id=name, name=name)
