"""Starting a draft from one of the policies that are there to start from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict
from rma.actions.policy import Status, having, keep_draft, lock_versions
from rma.actions.policy_rules import document_digest
from rma.models import PolicyVersion
from rma.policy.document import parse_policy


def start_draft(document: Mapping[str, Any], *, replacing: str = "", actor: Actor) -> PolicyVersion:
    """Make ``document`` the draft; the live version stays.

    Raises Conflict where there is a draft already, unless ``replacing`` is its digest: nobody's
    work goes unseen.
    """
    parse_policy(document)
    with action_transaction():
        versions = lock_versions()
        draft = having(versions, Status.DRAFT)
        if draft is not None and draft.document == document:
            return draft
        if draft is not None and document_digest(draft.document) != replacing:
            raise Conflict(
                f"v{draft.number} is a draft already. Replace it, or go back and keep it.",
                code="draft_exists",
            )
        return keep_draft(versions, document, actor=actor)
