"""Figures per day, made from the facts below and thrown away at will; and which days to remake."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantModel


class DailyReturnFact(TenantModel):
    """One day's figures for one currency, country and reason; ``reason`` empty means any reason.

    ``day`` is a calendar day in the merchant's zone. The first group of columns belongs to the
    orders placed on that day, the others to the returns requested on it, whenever the rest of
    their story happens. A return with two reasons stands in both reasons' rows and once in the
    row for any. Money is minor units of ``currency``; amounts are never converted.
    """

    day = models.DateField()
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2, blank=True)
    reason = models.CharField(max_length=40, blank=True)

    # Orders placed on the day. Value is after discounts, before tax and shipping.
    orders = models.IntegerField(default=0)
    units_sold = models.IntegerField(default=0)
    value_sold_minor = models.BigIntegerField(default=0)
    orders_returned = models.IntegerField(default=0)
    units_returned = models.IntegerField(default=0)
    value_returned_minor = models.BigIntegerField(default=0)

    # Returns requested on the day, and those of them that turned out not to be one.
    requested = models.IntegerField(default=0)
    declined = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)
    expired = models.IntegerField(default=0)
    units = models.IntegerField(default=0)

    # How those that are closed ended.
    ended_full = models.IntegerField(default=0)
    ended_partial = models.IntegerField(default=0)
    ended_credit = models.IntegerField(default=0)
    ended_exchange = models.IntegerField(default=0)
    ended_nothing = models.IntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    credited_minor = models.BigIntegerField(default=0)
    exchanged_minor = models.BigIntegerField(default=0)

    # Minutes from request to the last money, one entry per return; and returns still waiting.
    refund_minutes = ArrayField(models.IntegerField(), default=list)
    awaiting_money = models.IntegerField(default=0)

    # Cost. ``unpriced`` counts labels and lost units without a known amount.
    labels_minor = models.BigIntegerField(default=0)
    labels_unpriced = models.IntegerField(default=0)
    lost_minor = models.BigIntegerField(default=0)
    lost_unpriced = models.IntegerField(default=0)
    fees_minor = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "reason", "day", "currency", "country"], name="daily_fact_once"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "day"], name="daily_fact_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.currency} {self.country} {self.reason}"


class DirtyDay(TenantModel):
    """A day whose figures are behind the facts. The mark goes when the day has been remade."""

    day = models.DateField()
    marked_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "day"], name="dirty_day_once"),
        ]

    def __str__(self) -> str:
        return str(self.day)
