"""Events, their deliveries to handlers, their seals, and the tasks left for people."""

from __future__ import annotations

from django.db import models

from returns_portal.core.clock import now
from returns_portal.tenancy.base import CrossMerchantModel, TenantForeignKey


class Event(CrossMerchantModel):
    """One thing that happened: append-only; timeline, audit trail and outbox at once.

    ``facts`` holds ids and small values only, never personal ones; handlers read the rest again.
    """

    kind = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=24)
    subject_id = models.UUIDField()
    # The object on whose timeline the event shows, e.g. the return of a refund. Loose on purpose:
    # activity knows neither.
    about_id = models.UUIDField(null=True, blank=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_name = models.CharField(max_length=120, blank=True)
    facts = models.JSONField(default=dict)
    request_id = models.CharField(max_length=32, blank=True)
    occurred_at = models.DateTimeField()

    class Meta(CrossMerchantModel.Meta):
        indexes = [
            models.Index(fields=["merchant", "about_id", "id"], name="event_about"),
            models.Index(fields=["merchant", "kind", "occurred_at"], name="event_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"


class Delivery(CrossMerchantModel):
    """One event on its way to one handler; claimed with a lease, tried until done or given up."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        GIVEN_UP = "given_up", "Given up"

    event = TenantForeignKey(Event, related_name="deliveries")
    handler = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "event", "handler"], name="delivery_once"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(status="waiting"), name="delivery_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handler} {self.status}"


class EventSeal(CrossMerchantModel):
    """An event's place in the merchant's hash chain; append-only, made by the sealing sweep.

    Kept apart from the event so that writers of one merchant do not wait for each other.
    """

    event = TenantForeignKey(Event, related_name="+")
    position = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "position"], name="seal_position"),
            models.UniqueConstraint(fields=["merchant", "event"], name="seal_event"),
        ]

    def __str__(self) -> str:
        return str(self.position)


class StaffTask(CrossMerchantModel):
    """Something only a person can settle, with the evidence and what to do."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"

    kind = models.CharField(max_length=40)
    # Equal keys are one task: the same trouble found twice opens nothing new.
    key = models.CharField(max_length=120)
    subject_kind = models.CharField(max_length=24)
    subject_id = models.UUIDField()
    about_id = models.UUIDField(null=True, blank=True)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    opened_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=120, blank=True)
    done_note = models.TextField(blank=True)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "key"],
                condition=models.Q(status="open"),
                name="staff_task_open_once",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "status", "opened_at"], name="staff_task_open")]

    def __str__(self) -> str:
        return self.title
