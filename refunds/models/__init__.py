"""Refunds, store credit and the books."""

from __future__ import annotations

from refunds.models.books import Journal, JournalEntry
from refunds.models.credit import StoreCredit, StoreCreditEntry
from refunds.models.gateway import BuiltinGatewayRefund
from refunds.models.refunds import Refund, RefundAllocation

__all__ = [
    "BuiltinGatewayRefund",
    "Journal",
    "JournalEntry",
    "Refund",
    "RefundAllocation",
    "StoreCredit",
    "StoreCreditEntry",
]
