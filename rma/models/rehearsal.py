"""Rehearsals: a policy draft decides a merchant's past returns again, and what differs is kept."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.policy import PolicyVersion
from rma.models.returns import Return


class Rehearsal(TenantModel):
    """One run of a draft over the returns that were requested from ``since`` until ``until``.

    ``document`` is the draft as it was; it never changes, so the result can be looked at and
    worked out again for any return. ``done`` counts returns of ``total``; ``totals`` is written
    once, at the end (``rma.rehearsal.totals``).
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    # The number the draft had, and the version that was live beside it, if there was one.
    number = models.PositiveIntegerField()
    is_draft = models.BooleanField(default=True)
    document = models.JSONField()
    live_version = TenantForeignKey(PolicyVersion, null=True, blank=True, related_name="+")
    days = models.PositiveSmallIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    started_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant"],
                condition=Q(status__in=["waiting", "running"]),
                name="rehearsal_active",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-created_at", "-id"], name="rehearsal_when")]

    def __str__(self) -> str:
        return f"v{self.number} over {self.days} days"

    @property
    def is_active(self) -> bool:
        return self.status in (self.Status.WAITING, self.Status.RUNNING)


class RehearsalPart(TenantModel):
    """A range of returns by id, ``after_id`` excluded and ``last_id`` included; None is open.

    Whoever holds ``claim_id`` may finish it until somebody else claims it after ``lease_until``.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"

    rehearsal = TenantForeignKey(Rehearsal, related_name="parts")
    position = models.PositiveIntegerField()
    after_id = models.UUIDField(null=True, blank=True)
    last_id = models.UUIDField(null=True, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    claim_id = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    totals = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "rehearsal", "position"], name="rehearsal_part"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rehearsal_id} part {self.position}"


class RehearsedReturn(TenantModel):
    """A past return that the draft decides in another way. Money is minor units of ``currency``.

    ``worth_minor`` is what was promised to the shopper, or, where the return was declined and so
    never priced, what was paid for its items. ``changed`` names what differs
    (``rma.rehearsal.comparing``).
    """

    rehearsal = TenantForeignKey(Rehearsal, related_name="returns")
    rma = TenantForeignKey(Return, related_name="+")
    requested_at = models.DateTimeField()
    title = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    worth_minor = models.BigIntegerField(default=0)
    verdict_before = models.CharField(max_length=8)
    verdict_after = models.CharField(max_length=8)
    rule_before = models.CharField(max_length=80, blank=True)
    rule_after = models.CharField(max_length=80, blank=True)
    fee_before_minor = models.BigIntegerField(default=0)
    fee_after_minor = models.BigIntegerField(default=0)
    changed = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "rehearsal", "rma"], name="rehearsed_return_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "rehearsal", "-requested_at", "-id"],
                name="rehearsed_return_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict_before} -> {self.verdict_after}"
