"""The contract between refunds and the systems that pay money back.

A provider is built for one merchant account and one call site; it holds no state of ours and knows
no models. ``docs/adding-a-provider.md`` lists the steps to add one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from returns_portal.core.money import Money

Raw = dict[str, Any]
"""An answer as the provider sent it: kept for people and for disputes, never read by our code."""


class RefundStatus(StrEnum):
    """Where a refund stands at the provider. ``SUCCEEDED`` is not final: it can still fail."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def no_money_moved(self) -> bool:
        """Tell whether the shopper is still owed the money."""
        return self in (RefundStatus.FAILED, RefundStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do, asked before anything is offered.

    ``key_lifetime`` is how long the provider honours an idempotency key; past it the caller reads
    with :meth:`RefundProvider.find` instead of sending again. None: the key never expires.
    """

    partial: bool
    idempotent: bool
    webhook: bool
    key_lifetime: timedelta | None = None
    settled_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """One refund to make. Frozen with the operation: a retry sends exactly the same bytes."""

    operation_id: str
    payment_reference: str
    amount: Money
    reason: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """A refund as the provider sees it now."""

    provider_refund_id: str
    status: RefundStatus
    amount: Money
    failure_reason: str | None = None
    operation_id: str | None = None
    payment_reference: str | None = None
    raw: Raw = field(default_factory=dict)


class NoticeKind(StrEnum):
    """What a webhook is about. ``OTHER`` is stored, counted and ignored."""

    REFUND = "refund"
    PAYMENT = "payment"
    DISPUTE = "dispute"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ProviderNotice:
    """A verified hint that something changed. Handlers re-read the object; order is not promised.

    ``payment_references`` holds every name the payment goes by at the provider. ``live`` is False
    for the provider's test mode, which must not move live money.
    """

    event_id: str
    event_type: str
    kind: NoticeKind
    provider_refund_id: str | None = None
    payment_references: tuple[str, ...] = ()
    operation_id: str | None = None
    status: RefundStatus | None = None
    occurred_at: datetime | None = None
    live: bool = True
    raw: Raw = field(default_factory=dict)


class RefundProvider(ABC):
    """Pay money back through one merchant's account at one provider.

    Every method may raise Declined, Unavailable or Unknown from ``integrations.outcomes`` and
    nothing else. Reads never raise Unknown: a read that failed can simply be repeated.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    @abstractmethod
    def __init__(self, credentials: Mapping[str, object]) -> None:
        """Take one account's opened credentials. Raises Declined where one is missing."""

    @abstractmethod
    def send(self, order: RefundOrder, *, key: str) -> RefundAnswer:
        """Ask for the refund. Called once per attempt, outside any transaction.

        ``key`` is stored by the caller before the first attempt and never changes for the
        operation; repeating the call with the same key and order is safe where
        ``capabilities.idempotent``.
        """

    @abstractmethod
    def find(self, order: RefundOrder, *, key: str) -> RefundAnswer | None:
        """Look for the refund this operation may already have made; None when there is none.

        Called after Unknown, or before sending again when the key may have expired. Never writes.
        """

    @abstractmethod
    def read(self, provider_refund_id: str) -> RefundAnswer:
        """Return the refund's present state. Called after a webhook and by the poll."""

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> list[ProviderNotice]:
        """Verify a webhook on its raw bytes and say what it hints at.

        Raises BadSignature before anything is parsed and InvalidInput for a signed body that is no
        JSON object. Kinds and fields we do not know come back as ``OTHER`` instead of raising.
        """
        raise NotImplementedError(f"{self.name} sends no webhooks")
