"""What of an order may come back now, line by line, in the engine's own words."""

from __future__ import annotations

from dataclasses import dataclass

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.clock import now
from returns_portal.core.errors import Conflict
from rma.policy.document import Policy
from rma.policy.engine import offer
from rma.policy.facts import build
from rma.policy.live import live_policy
from rma.policy.types import LineOffer


@dataclass(frozen=True, slots=True)
class LineView:
    """An order line with what policy offers for it; ``offer`` is None without a live policy."""

    line: OrderLine
    offer: LineOffer | None

    @property
    def tone(self) -> str:
        if self.offer is None:
            return "neutral"
        return "success" if self.offer.returnable and not self.offer.fault_only else "warning"


def offers_of(order: Order, policy: Policy | None = None) -> list[LineView]:
    """Return the lines of ``order`` (loaded by ``order_for_return``) with their offers."""
    if policy is None:
        try:
            policy = live_policy()[1]
        except Conflict:
            return [LineView(line, None) for line in order.lines.all()]
    offers = offer(build(order, now(), policy=policy), policy)
    return [LineView(line, offers.line(str(line.pk))) for line in order.lines.all()]
