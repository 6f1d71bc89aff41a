"""The parcel: its label and what the carrier says about it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.core.clock import now
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.returns import Return
from rma.states import ShipmentStatus


class Shipment(TenantModel):
    """One parcel of a return. At most one is alive per return.

    ``provider_shipment_id`` is stored before anything is bought, so that a purchase cut off in the
    middle can be found again instead of repeated. ``cost_minor`` is minor units of ``currency``.
    """

    rma = TenantForeignKey(Return, related_name="shipments", db_index=True)
    account = TenantForeignKey(ProviderAccount, null=True, blank=True, related_name="+")
    # The driver: builtin, easypost, manual.
    carrier_driver = models.CharField(max_length=24)
    status = models.CharField(
        max_length=20,
        choices=[(s.value, s.name.replace("_", " ").title()) for s in ShipmentStatus],
        default=ShipmentStatus.PENDING,
    )
    provider_shipment_id = models.CharField(max_length=80, blank=True)
    # What was prepared (rate, service, cost) as the driver needs it again to buy or find.
    prepared = models.JSONField(default=dict)
    carrier = models.CharField(max_length=60, blank=True)
    service = models.CharField(max_length=60, blank=True)
    tracking_code = models.CharField(max_length=80, blank=True)
    # Upper case, letters and digits only: what scanners and people type.
    tracking_key = models.CharField(max_length=80, blank=True)
    tracking_url = models.CharField(max_length=500, blank=True)
    cost_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    label_path = models.CharField(max_length=200, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    ready_at = models.DateTimeField(null=True, blank=True)
    last_scan_at = models.DateTimeField(null=True, blank=True)
    polled_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "rma"],
                condition=~Q(status__in=["void", "failed"]),
                name="shipment_alive_once",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "tracking_key"], name="shipment_tracking"),
            models.Index(
                fields=["merchant", "polled_at"],
                condition=Q(status__in=["ready", "in_transit"]),
                name="shipment_poll",
            ),
        ]

    def __str__(self) -> str:
        return self.tracking_code or str(self.pk)


class TrackingEvent(TenantModel):
    """One scan as the carrier reported it. Append-only; ``fingerprint`` makes it appear once."""

    shipment = TenantForeignKey(Shipment, related_name="scans", db_index=True)
    status = models.CharField(max_length=24)
    message = models.CharField(max_length=300, blank=True)
    place = models.CharField(max_length=160, blank=True)
    occurred_at = models.DateTimeField()
    fingerprint = models.BinaryField(max_length=16)
    received_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "shipment", "fingerprint"], name="tracking_event_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.occurred_at}"
