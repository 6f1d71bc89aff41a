"""Which of the merchant's own rules spoke, return by return."""

from __future__ import annotations

from django.db import models

from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.returns import Return


class RuleMatch(TenantModel):
    """One own rule that applied when a return was asked for.

    Kept beside the decision, which says the same in its JSON, so that how often a rule speaks and
    about which returns is counted and listed from an index. ``asked_at`` is the return's
    ``created_at``.
    """

    rma = TenantForeignKey(Return, related_name="rule_matches")
    rule = models.CharField(max_length=40)
    asked_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "rma", "rule"], name="rule_match_once"),
        ]
        indexes = [
            models.Index(fields=["merchant", "rule", "-asked_at", "rma"], name="rule_match_when"),
        ]

    def __str__(self) -> str:
        return self.rule
