"""Versions of the policy beyond publishing at once: on a date, taken back, started from again,
and the draft that is given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.activity.staff_tasks import open_task
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput, NotFound
from rma.actions.policy import (
    Status,
    draft_to_publish,
    having,
    keep_draft,
    lock_versions,
    put_in_force,
)
from rma.actions.policy_rules import changed_meanwhile, document_digest
from rma.models import PolicyVersion
from rma.policy.document import parse_policy

FURTHEST = timedelta(days=2 * 366)


def schedule_policy(at: datetime, *, actor: Actor, name: str = "") -> PolicyVersion:
    """Let the draft come into force at ``at``; until then it can be taken back, never changed.

    Raises InvalidInput for a time that has passed or lies more than two years ahead, Conflict when
    there is no draft or another version waits already.
    """
    if not now() < at <= now() + FURTHEST:
        raise InvalidInput("Choose a time in the next two years.", field="at", code="not_ahead")
    with action_transaction():
        versions = lock_versions()
        waiting = having(versions, Status.SCHEDULED)
        if waiting is not None:
            raise Conflict(
                f"v{waiting.number} is scheduled already. Take it back first.", code="scheduled"
            )
        draft = draft_to_publish(versions)
        draft.status, draft.effective_at = Status.SCHEDULED, at
        draft.name, draft.published_by = name or draft.name, actor.name
        draft.save(update_fields=["status", "effective_at", "name", "published_by"])
        _tell(draft, "policy_scheduled", actor, effective_at=at.isoformat())
        return draft


def take_back_policy(*, actor: Actor) -> PolicyVersion:
    """Make the scheduled version the draft again.

    Raises Conflict when none is scheduled any more, or when another draft stands in its place.
    """
    with action_transaction():
        versions = lock_versions()
        waiting = having(versions, Status.SCHEDULED)
        if waiting is None:
            raise Conflict("No version is scheduled any more. Look at the list.", code="no_plan")
        draft = having(versions, Status.DRAFT)
        if draft is not None:
            raise Conflict(
                f"There is a draft, v{draft.number}. Publish or discard it before you take back "
                f"v{waiting.number}, or cancel v{waiting.number}.",
                code="draft_exists",
            )
        waiting.status, waiting.effective_at, waiting.published_by = Status.DRAFT, None, ""
        waiting.save(update_fields=["status", "effective_at", "published_by"])
        _tell(waiting, "policy_taken_back", actor)
        return waiting


def cancel_scheduled_policy(*, actor: Actor) -> PolicyVersion:
    """Let the scheduled version never come into force, whatever draft there is beside it.

    It stays to be read and started from. Raises Conflict when none is scheduled any more.
    """
    with action_transaction():
        waiting = having(lock_versions(), Status.SCHEDULED)
        if waiting is None:
            raise Conflict("No version is scheduled any more. Look at the list.", code="no_plan")
        planned = waiting.effective_at
        waiting.status, waiting.effective_at = Status.RETIRED, None
        waiting.save(update_fields=["status", "effective_at"])
        when = planned.isoformat() if planned else ""
        _tell(waiting, "policy_cancelled", actor, effective_at=when)
        return waiting


def discard_draft(*, seen: str, actor: Actor) -> int:
    """Give the draft up for good and return its number; the live version is untouched.

    Raises Conflict when there is none, or when it is not the one ``seen`` (``document_digest``).
    """
    with action_transaction():
        draft = having(lock_versions(), Status.DRAFT)
        if draft is None:
            raise Conflict("There is no draft any more. Look at the policy.", code="no_draft")
        if document_digest(draft.document) != seen:
            raise changed_meanwhile()
        _tell(draft, "policy_discarded", actor)
        draft.delete()
        return draft.number


def start_from_version(number: int, *, actor: Actor, replace: bool = False) -> PolicyVersion:
    """Make the document of version ``number`` the draft: the way back to an older policy.

    Publishing it makes a new version. Raises NotFound without that version, Conflict when a draft
    with changes would be lost and ``replace`` does not say so.
    """
    with action_transaction():
        versions = lock_versions()
        source = next((one for one in versions if one.number == number), None)
        if source is None:
            raise NotFound("There is no such version.")
        if source.status == Status.DRAFT:
            raise Conflict(f"v{number} is the draft already. Change it.", code="is_draft")
        parse_policy(source.document)
        _refuse_to_lose(versions, replace)
        return keep_draft(versions, source.document, actor=actor, started_from=number)


def import_policy(
    document: Mapping[str, Any], *, actor: Actor, replace: bool = False
) -> PolicyVersion:
    """Make a document from a file the draft.

    Raises InvalidInput with every mistake by path, or for another currency than that of the policy
    in force; Conflict when a draft with changes would be lost and ``replace`` does not say so.
    """
    parse_policy(document)
    with action_transaction():
        versions = lock_versions()
        _refuse_other_currency(versions, document)
        _refuse_to_lose(versions, replace)
        return keep_draft(versions, document, actor=actor, imported=True)


def draft_at_risk(versions: Sequence[PolicyVersion]) -> PolicyVersion | None:
    """Return the draft of ``versions`` if it has changes that replacing it would lose."""
    draft, live = having(versions, Status.DRAFT), having(versions, Status.LIVE)
    if draft is None or (live is not None and draft.document == live.document):
        return None
    return draft


def _refuse_to_lose(versions: Sequence[PolicyVersion], replace: bool) -> None:
    draft = None if replace else draft_at_risk(versions)
    if draft is not None:
        raise Conflict(
            f"The draft v{draft.number} has changes. Say that it may be replaced, or publish it "
            "first.",
            code="draft_exists",
            field="replace",
        )


def _refuse_other_currency(versions: Sequence[PolicyVersion], document: Mapping[str, Any]) -> None:
    """A fee of 495 is another one in yen: amounts never change their currency by a file."""
    live = having(versions, Status.LIVE)
    if live is None or live.document["currency"] == document["currency"]:
        return
    message = f"The policy in force is in {live.document['currency']}. Write the amounts in it."
    raise InvalidInput(
        f"currency: {message}",
        code="other_currency",
        field="file",
        facts={"errors": [{"path": "currency", "message": message}]},
    )


def publish_due_policy() -> int:
    """Put the scheduled version of the merchant in scope into force once its time has come.

    Returns how many came into force: 1 or 0. Of two sweeps at the same time one finds it. A version
    that can no longer be read stays where it is and is put before a person.
    """
    due = PolicyVersion.objects.filter(status=Status.SCHEDULED, effective_at__lte=now())
    with action_transaction():
        if not due.exists():
            return 0
        versions = lock_versions()
        version = having(versions, Status.SCHEDULED)
        if version is None or version.effective_at is None or version.effective_at > now():
            return 0
        try:
            parse_policy(version.document)
        except InvalidInput as unreadable:
            _ask_a_person(version, unreadable.message)
            return 0
        put_in_force(version, versions, actor=SYSTEM)
        return 1


def _ask_a_person(version: PolicyVersion, mistake: str) -> None:
    open_task(
        kind="policy_unreadable",
        key=f"policy:{version.pk}",
        subject_kind="policy",
        subject_id=version.pk,
        title=f"Policy v{version.number} could not come into force",
        detail=f"{mistake} Take it back under Policies and mend it.",
    )


def _tell(version: PolicyVersion, what: str, actor: Actor, **facts: Any) -> None:
    record_event(
        EventKind.SETTINGS_CHANGED,
        subject_kind="policy",
        subject_id=version.pk,
        actor=actor,
        what=what,
        number=version.number,
        **facts,
    )
