"""Returns and what hangs on them."""

from __future__ import annotations

from rma.models.appeals import Appeal
from rma.models.carrier import BuiltinParcel
from rma.models.changes import ReturnChange
from rma.models.drafts import ReturnDraft
from rma.models.fit import KeptSize
from rma.models.links import OrderLink
from rma.models.marks import ShopperMark
from rma.models.matches import RuleMatch
from rma.models.notes import Note, Photo
from rma.models.policy import PolicyVersion
from rma.models.promises import Promise
from rma.models.receiving import Inspection, Receipt, ReceiptLine
from rma.models.rehearsal import Rehearsal, RehearsalPart, RehearsedReturn
from rma.models.resolution import Exchange, Repair, Resolution
from rma.models.returns import Return, ReturnLine
from rma.models.shipping import Shipment, TrackingEvent
from rma.models.windows import GrantedWindow, PromisedWindow
from rma.models.withdrawal import Withdrawal

__all__ = [
    "Appeal",
    "BuiltinParcel",
    "Exchange",
    "GrantedWindow",
    "Inspection",
    "KeptSize",
    "Note",
    "OrderLink",
    "Photo",
    "PolicyVersion",
    "Promise",
    "PromisedWindow",
    "Receipt",
    "ReceiptLine",
    "Rehearsal",
    "RehearsalPart",
    "RehearsedReturn",
    "Repair",
    "Resolution",
    "Return",
    "ReturnChange",
    "ReturnDraft",
    "ReturnLine",
    "RuleMatch",
    "Shipment",
    "ShopperMark",
    "TrackingEvent",
    "Withdrawal",
]
