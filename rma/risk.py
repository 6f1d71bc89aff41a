"""Reading risk: who is on a list, and how right the score was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from returns_portal.core.clock import now
from rma.models import Inspection, Return, ShopperMark
from rma.states import ReturnStatus


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the requests with a score from ``review_at`` on: what people found.

    ``confirmed`` were declined by a person or had a unit not accepted at inspection, ``cleared``
    were closed without either; the others are still under way.
    """

    scored: int
    flagged: int
    confirmed: int
    cleared: int

    @property
    def percent(self) -> int | None:
        """Return how many of those decided were confirmed, in whole percent; None of none."""
        decided = self.confirmed + self.cleared
        return None if not decided else (self.confirmed * 200 + decided) // (decided * 2)


def precision(since: datetime, review_at: int) -> Precision:
    """Count the requests since ``since`` by what became of them. One statement."""
    refused = Inspection.objects.filter(
        rma=OuterRef("pk"), return_line__isnull=False, is_accepted=False
    )
    by_person = Q(status=ReturnStatus.DECLINED) & ~Q(decided_by__startswith="Policy v")
    flagged = Q(risk_score__gte=review_at)
    confirmed = flagged & (by_person | Q(is_refused=True))
    cleared = flagged & Q(status=ReturnStatus.CLOSED, is_refused=False)
    found = (
        Return.objects.filter(created_at__gte=since, risk_score__isnull=False)
        .annotate(is_refused=Exists(refused))
        .aggregate(
            scored=Count("pk"),
            flagged=Count("pk", filter=flagged),
            confirmed=Count("pk", filter=confirmed),
            cleared=Count("pk", filter=cleared),
        )
    )
    return Precision(**found)


def standing_marks() -> QuerySet[ShopperMark]:
    """Return the marks that count now, newest first."""
    in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=now())
    return ShopperMark.objects.filter(in_time, ended_at__isnull=True).order_by("-created_at", "-pk")


def mark_of(email_index: bytes) -> ShopperMark | None:
    """Return the mark of a shopper that counts now. One statement."""
    return standing_marks().filter(email_index=email_index).first() if email_index else None
