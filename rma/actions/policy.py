"""Changing the return policy: one draft at a time, published as a version that never changes."""

from __future__ import annotations

from collections.abc import Mapping
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


def save_draft(document: Mapping[str, Any], *, actor: Actor) -> PolicyVersion:
    """Keep ``document`` as the draft, after reading it.

    Raises InvalidInput with every mistake by path (see ``parse_policy``). Open returns and the live
    version are untouched.
    """
    parse_policy(document)
    with action_transaction():
        versions = list(PolicyVersion.objects.select_for_update().order_by("number"))
        draft = next((one for one in versions if one.status == Status.DRAFT), None)
        if draft is None:
            number = versions[-1].number + 1 if versions else 1
            draft = PolicyVersion(number=number)
        draft.document = dict(document)
        draft.save()
        record_event(
            EventKind.SETTINGS_CHANGED,
            subject_kind="policy",
            subject_id=draft.pk,
            actor=actor,
            what="policy_draft",
            number=draft.number,
        )
        return draft


def publish_policy(*, actor: Actor, name: str = "") -> PolicyVersion:
    """Put the draft into force; the version before is retired. Open returns keep theirs.

    Raises Conflict when there is no draft.
    """
    with action_transaction():
        versions = list(
            PolicyVersion.objects.select_for_update()
            .filter(status__in=[Status.LIVE, Status.DRAFT])
            .order_by("number")
        )
        draft = next((one for one in versions if one.status == Status.DRAFT), None)
        if draft is None:
            raise Conflict("There is no draft to publish. Change something first.", code="no_draft")
        parse_policy(draft.document)
        for version in versions:
            if version.status == Status.LIVE:
                version.status = Status.RETIRED
                version.save(update_fields=["status"])
        draft.status = Status.LIVE
        draft.name = name or draft.name
        draft.published_at, draft.published_by = now(), actor.name
        draft.save(update_fields=["status", "name", "published_at", "published_by"])
        record_event(
            EventKind.POLICY_PUBLISHED,
            subject_kind="policy",
            subject_id=draft.pk,
            actor=actor,
            number=draft.number,
        )
        return draft
