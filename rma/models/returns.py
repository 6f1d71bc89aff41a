"""A return and its lines. Money is minor units of the return's ``currency``."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.commerce.models import Customer, Order, OrderLine, Variant
from returns_portal.core.clock import now
from returns_portal.core.money import Money
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from returns_portal.tenancy.models import User
from rma.models.policy import PolicyVersion
from rma.states import ReturnStatus


class Return(TenantModel):
    """A return authorization: what the shopper wants to send back, and what was decided.

    ``stage`` is derived from the states of everything below and stored by ``rma.stages`` at the
    end of each action. ``operation_id`` comes from the form or the API call and makes a second
    submit find the first return. ``token`` opens the shopper's status page.
    """

    class Channel(models.TextChoices):
        PORTAL = "portal", "Portal"
        STAFF = "staff", "Staff"
        API = "api", "API"

    class Method(models.TextChoices):
        LABEL = "label", "Prepaid label"
        OWN = "own", "Own carrier"

    number = models.CharField(max_length=24)
    order = TenantForeignKey(Order, related_name="returns", db_index=True)
    # Who was given the goods and returns them instead of the buyer; null for the buyer.
    receiver = TenantForeignKey(Customer, null=True, blank=True, related_name="+")
    status = models.CharField(
        max_length=12,
        choices=[(s.value, s.name.replace("_", " ").title()) for s in ReturnStatus],
        default=ReturnStatus.REQUESTED,
    )
    stage = models.CharField(max_length=12)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    operation_id = models.CharField(max_length=64)
    token = models.CharField(max_length=48)
    method = models.CharField(max_length=8, choices=Method.choices, default=Method.LABEL)
    currency = models.CharField(max_length=3)
    # What the shopper expects back in money and in credit, after the fee, as shown at confirm.
    expected_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    # The calculation behind expected_minor, as shown: refunds.calculation's breakdown as JSON.
    quote = models.JSONField(default=dict)
    policy_version = TenantForeignKey(PolicyVersion, related_name="+")
    # Facts and decision of rma.policy, as JSON, so that it can be explained and replayed.
    facts = models.JSONField(default=dict)
    decision = models.JSONField(default=dict)
    # The sum of the risk points of the decision; null where the policy scores nobody.
    risk_score = models.PositiveSmallIntegerField(null=True, blank=True)
    # Why a person has to look, in a few words; empty when policy decided.
    review_reason = models.CharField(max_length=160, blank=True)
    shopper_name = models.CharField(max_length=160, blank=True)
    # For search: folded name, order number key, blind index of the e-mail.
    name_key = models.CharField(max_length=160, blank=True)
    order_number_key = models.CharField(max_length=60, blank=True)
    email_index = models.BinaryField(max_length=16, default=b"")
    locale = models.CharField(max_length=16, blank=True)
    assignee = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    decline_reason = models.CharField(max_length=500, blank=True)
    info_question = models.CharField(max_length=500, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=now)
    decided_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # Staff should have decided by then.
    due_at = models.DateTimeField(null=True, blank=True)
    # An approval that is not used by then runs out.
    expires_at = models.DateTimeField(null=True, blank=True)
    refund_promised_on = models.DateField(null=True, blank=True)
    # When the shopper is next reminded to send the parcel; null where nobody is.
    remind_at = models.DateTimeField(null=True, blank=True)
    # When each outcome is set in motion, by kind (rma.policy.processing), as decided at the
    # request; empty where everything waits for the inspection.
    processing = models.JSONField(default=dict)
    # Something is settled, while goods or other outcomes are still due.
    part_settled = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "number"], name="return_number"),
            models.UniqueConstraint(fields=["merchant", "operation_id"], name="return_operation"),
            models.UniqueConstraint(fields=["token"], name="return_token"),
        ]
        indexes = [
            models.Index(fields=["merchant", "stage", "created_at", "id"], name="return_stage"),
            models.Index(fields=["merchant", "-created_at", "-id"], name="return_when"),
            models.Index(fields=["merchant", "order_number_key"], name="return_order_number"),
            models.Index(fields=["merchant", "email_index"], name="return_email"),
            models.Index(fields=["merchant", "name_key"], name="return_name"),
            models.Index(
                fields=["merchant", "assignee", "stage"],
                condition=Q(assignee__isnull=False),
                name="return_assignee",
            ),
            models.Index(
                fields=["merchant", "expires_at"],
                condition=Q(status__in=["open", "needs_info"]),
                name="return_expiry",
            ),
            models.Index(
                fields=["merchant", "remind_at"],
                condition=Q(status="open", remind_at__isnull=False),
                name="return_reminder",
            ),
            models.Index(
                fields=["merchant", "refund_promised_on"],
                condition=Q(status="open"),
                name="return_promise",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_gift(self) -> bool:
        return self.receiver_id is not None

    @property
    def contact_email(self) -> str:
        """Return the address that may read about this return: of a gift, its receiver's alone."""
        return str((self.receiver or self.order).email)

    @property
    def expected(self) -> Money:
        return Money(self.expected_minor, self.currency)


class ReturnLine(TenantModel):
    """Units of one order line in a return, with the reason, the wish and the decision on it."""

    rma = TenantForeignKey(Return, related_name="lines", db_index=True)
    order_line = TenantForeignKey(OrderLine, related_name="return_lines", db_index=True)
    position = models.PositiveSmallIntegerField(default=0)
    quantity = models.PositiveIntegerField()
    reason = models.CharField(max_length=40)
    comment = models.CharField(max_length=1000, blank=True)
    answers = models.JSONField(default=dict)
    # refund, store_credit or exchange (rma.states.ResolutionKind)
    wanted = models.CharField(max_length=16)
    exchange_variant = TenantForeignKey(Variant, null=True, blank=True, related_name="+")
    # What a unit of the replacement costs, gross, as the catalogue said when it was asked for; null
    # for an even exchange, in which no money moves.
    exchange_unit_minor = models.BigIntegerField(null=True, blank=True)
    # This line's share of the quote, before the fee.
    expected_minor = models.BigIntegerField(default=0)
    is_accepted = models.BooleanField(null=True, blank=True)
    # Units whose claim on the order line was given back (declined, cancelled, expired, short).
    released_quantity = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "rma", "order_line", "reason"], name="return_line_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="return_line_positive"),
            models.CheckConstraint(
                condition=Q(released_quantity__lte=models.F("quantity")),
                name="return_line_released",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "reason"], name="return_line_reason")]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.order_line_id}"

    def replacement_minor(self, units: int) -> int | None:
        """Return what ``units`` of the replacement cost, gross; None for an even exchange."""
        return None if self.exchange_unit_minor is None else self.exchange_unit_minor * units
