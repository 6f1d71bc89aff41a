"""Past returns for tests without a database: snapshots as they would have been stored."""

from __future__ import annotations

from typing import Any

from returns_portal.core.ids import new_id
from rma.policy.document import Policy
from rma.policy.engine import evaluate, snapshot
from rma.policy.types import OrderFacts, RequestFacts
from rma.rehearsal.comparing import PastReturn
from tests.rma.policy.builders import NOW, order, policy, request


def past(
    asked: RequestFacts | None = None,
    ordered: OrderFacts | None = None,
    under: Policy | None = None,
    **changes: Any,
) -> PastReturn:
    """Return a return decided ``under`` a policy, the default one unless told."""
    facts, wish = ordered or order(), asked or request()
    stored = snapshot(facts, wish, evaluate(facts, wish, under or policy()))
    values: dict[str, Any] = {
        "rma_id": new_id(),
        "number": "R-204817",
        "requested_at": NOW,
        "expected_minor": 8055,
        "facts": {"order": stored["order"], "request": stored["request"]},
        "decision": stored["decision"],
        **changes,
    }
    return PastReturn(**values)
