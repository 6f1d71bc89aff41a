"""What a policy means for goods that were a gift: the receiver gets credit, and pays nothing."""

from __future__ import annotations

from dataclasses import replace

from rma.policy.bonus import NO_BONUS
from rma.policy.fees import NO_RESTOCKING
from rma.policy.model import Policy
from rma.states import ResolutionKind

OUTCOME = ResolutionKind.STORE_CREDIT


def gift_terms(policy: Policy) -> Policy:
    """Return the terms that a gift is priced by.

    Fees would come as a surprise to somebody who sees no prices, a bonus is for whoever does
    without a refund, and the delivery was the buyer's to pay.
    """
    return replace(
        policy,
        fee=policy.fee.set_to(0),
        restocking=NO_RESTOCKING,
        restocking_bp=0,
        credit_bonus=NO_BONUS,
        shipping_back="never",
    )
