"""The policy in force: one small query, and the parsed document kept for as long as it runs.

A published version never changes, so its parsed form is cached by its id without any expiry.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from returns_portal.core import scope
from returns_portal.core.errors import Conflict
from rma.models import PolicyVersion, Return
from rma.policy.document import Policy, parse_policy
from rma.policy.gifts import gift_terms
from rma.policy.tailoring import tailor
from rma.policy.types import OrderFacts, RequestFacts, from_json
from rma.policy.withdrawal_terms import STATUTORY, Terms


def live_policy() -> tuple[UUID, Policy]:
    """Return the id and the policy of the live version. Raises Conflict when there is none."""
    version_id = (
        PolicyVersion.objects.filter(status=PolicyVersion.Status.LIVE)
        .values_list("pk", flat=True)
        .first()
    )
    return required(version_id)


def live_terms() -> Terms:
    """Return what the live version says about withdrawal; the law alone before there is one."""
    try:
        return live_policy()[1].withdrawal
    except Conflict:
        return STATUTORY


def live_gifts() -> bool:
    """Tell whether the live version takes gifts back by code; no policy takes nothing."""
    try:
        return live_policy()[1].gift_returns
    except Conflict:
        return False


def required(version_id: UUID | None) -> tuple[UUID, Policy]:
    """Return the id with its policy; Conflict when the merchant has published none yet."""
    if version_id is None:
        raise Conflict(
            "This shop has not published its return policy yet. Publish one under Policies.",
            code="no_policy",
        )
    return version_id, policy_of(version_id)


def policy_of(version_id: UUID) -> Policy:
    """Return the policy of a published version, as it was and stays."""
    return _parsed(scope.current_merchant_id(), version_id)


def policy_of_return(rma: Return) -> Policy:
    """Return the policy ``rma`` was requested under, as its rules left it for this request."""
    return terms_of_return(rma)[0]


def terms_of_return(rma: Return) -> tuple[Policy, dict[tuple[str, str], int]]:
    """Return the policy of ``rma`` and the restocking fees, basis points by (line, reason)."""
    policy, restocking = _tailored(rma)
    return (gift_terms(policy), {}) if rma.is_gift else (policy, restocking)


def _tailored(rma: Return) -> tuple[Policy, dict[tuple[str, str], int]]:
    policy = policy_of(rma.policy_version_id)
    if not policy.rules or not rma.facts:
        return policy, {}
    order = from_json(OrderFacts, rma.facts["order"])
    request = from_json(RequestFacts, rma.facts["request"])
    tailored = tailor(policy, order, request)
    return tailored.whole, tailored.restocking(request)


def document_to_edit() -> dict[str, Any] | None:
    """Return the document of the draft, else of the live version; None where there is neither."""
    versions = {
        version.status: version.document
        for version in PolicyVersion.objects.filter(
            status__in=[PolicyVersion.Status.DRAFT, PolicyVersion.Status.LIVE]
        )
    }
    return versions.get(PolicyVersion.Status.DRAFT) or versions.get(PolicyVersion.Status.LIVE)


@lru_cache(maxsize=512)
def _parsed(_merchant_id: UUID, version_id: UUID) -> Policy:
    """The merchant is part of the key, so that a cached policy never crosses to another one."""
    version = PolicyVersion.objects.only("number", "document").get(pk=version_id)
    return parse_policy(version.document, version=version.number)
