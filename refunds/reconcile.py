"""Ask providers about refunds that have been under way for long, in case a webhook was lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from refunds.actions.execute import READ
from refunds.models import RefundAllocation
from refunds.planning import is_by_hand
from refunds.providers.registry import PROVIDERS
from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.calls import plan_call
from returns_portal.tenancy.models import Merchant

FIRST_ASK = timedelta(minutes=30)
MAY_BOUNCE_FOR = timedelta(days=4)
_HOURLY_FOR = timedelta(days=1)


def poll_refunds() -> int:
    """Plan one read for each refund that is due to be asked about, of all merchants."""
    merchants = Merchant.objects.filter(status=Merchant.Status.ACTIVE)
    return sum(poll_merchant_refunds(merchant) for merchant in merchants)


def poll_merchant_refunds(merchant: Merchant) -> int:
    """Plan the reads of one merchant; asking again within the same period plans nothing new."""
    moment = now()
    planned = 0
    with merchant_scope(merchant.pk), transaction.atomic():
        for part in _to_ask_about(moment):
            if part.sent_at is None or is_by_hand(part):
                continue
            plan_call(
                READ,
                key=f"poll-{part.pk}-{_period(part.sent_at, moment)}",
                subject_id=part.pk,
                account_id=part.account_id,
                about_id=part.refund.about_id,
                params={
                    "provider_refund_id": part.provider_refund_id,
                    "refund_id": str(part.refund_id),
                },
            )
            planned += 1
    return planned


def _to_ask_about(moment: datetime) -> QuerySet[RefundAllocation]:
    """Return the parts under way, and fresh successes where no webhook would tell of a bounce."""
    silent = [name for name, driver in PROVIDERS.items() if not driver.capabilities.webhook]
    under_way = Q(status=RefundAllocation.Status.PENDING, sent_at__lt=moment - FIRST_ASK)
    may_bounce = Q(
        status=RefundAllocation.Status.SUCCEEDED,
        account__provider__in=silent,
        sent_at__lt=moment - _HOURLY_FOR,
        sent_at__gt=moment - MAY_BOUNCE_FOR,
    )
    return (
        RefundAllocation.objects.filter(under_way | may_bounce)
        .exclude(provider_refund_id="")
        .select_related("refund", "account")
    )


def _period(sent_at: datetime, moment: datetime) -> int:
    """Number the asking periods: every hour on the first day, then every six hours."""
    waited = moment - sent_at
    if waited < _HOURLY_FOR:
        return int(waited / timedelta(hours=1))
    return 100 + int(waited / timedelta(hours=6))
