"""Changing the return policy: one draft at a time, published as a version that never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict
from rma.models import PolicyVersion
from rma.policy.document import parse_policy

Status = PolicyVersion.Status


def lock_versions() -> list[PolicyVersion]:
    """Lock every version of the merchant in scope, oldest first, without their documents.

    All of them and not only those of a status: a status may change while the lock is waited for,
    and a row that was left out would then be missed. Who waited reads again: a draft that was
    started meanwhile is not in what it was waiting for.
    """
    locked = PolicyVersion.objects.select_for_update().order_by("number")
    list(locked.values_list("pk"))
    return list(locked.defer("document"))


def having(versions: Sequence[PolicyVersion], status: Status) -> PolicyVersion | None:
    """Return the one of ``versions`` with ``status``: the draft, the scheduled or the live one."""
    return next((one for one in versions if one.status == status), None)


def save_draft(document: Mapping[str, Any], *, actor: Actor) -> PolicyVersion:
    """Keep ``document`` as the draft, after reading it.

    Raises InvalidInput with every mistake by path (see ``parse_policy``). Open returns and the live
    version are untouched.
    """
    parse_policy(document)
    with action_transaction():
        return keep_draft(lock_versions(), document, actor=actor)


def keep_draft(
    versions: Sequence[PolicyVersion], document: Mapping[str, Any], *, actor: Actor, **facts: Any
) -> PolicyVersion:
    """Make a document that was read the draft among locked ``versions``, with its event."""
    draft = having(versions, Status.DRAFT)
    if draft is None:
        draft = PolicyVersion(number=versions[-1].number + 1 if versions else 1)
    draft.document = dict(document)
    draft.save()
    record_event(
        EventKind.SETTINGS_CHANGED,
        subject_kind="policy",
        subject_id=draft.pk,
        actor=actor,
        what="policy_draft",
        number=draft.number,
        **facts,
    )
    return draft


def publish_policy(*, actor: Actor, name: str = "") -> PolicyVersion:
    """Put the draft into force; the version before is retired. Open returns keep theirs.

    Raises Conflict when there is no draft.
    """
    with action_transaction():
        versions = lock_versions()
        draft = draft_to_publish(versions)
        draft.name, draft.published_by = name or draft.name, actor.name
        draft.effective_at = now()
        put_in_force(draft, versions, actor=actor)
        return draft


def draft_to_publish(versions: Sequence[PolicyVersion]) -> PolicyVersion:
    """Return the draft, read once more. Raises Conflict when there is none."""
    draft = having(versions, Status.DRAFT)
    if draft is None:
        raise Conflict("There is no draft to publish. Change something first.", code="no_draft")
    parse_policy(draft.document)
    return draft


def put_in_force(
    version: PolicyVersion, versions: Sequence[PolicyVersion], *, actor: Actor
) -> None:
    """Make ``version`` the live one of the locked ``versions``; the one before is retired."""
    live = having(versions, Status.LIVE)
    if live is not None:
        live.status = Status.RETIRED
        live.save(update_fields=["status"])
    version.status, version.published_at = Status.LIVE, now()
    version.save(update_fields=["status", "name", "effective_at", "published_at", "published_by"])
    record_event(
        EventKind.POLICY_PUBLISHED,
        subject_kind="policy",
        subject_id=version.pk,
        actor=actor,
        number=version.number,
    )
