"""Merchants and who works for them. Users and merchants are global, the rest is a tenant's."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models

from returns_portal.core.brand import SYSTEM_FONT
from returns_portal.core.clock import now
from returns_portal.core.ids import new_id, new_token
from returns_portal.tenancy.base import CrossMerchantModel, TenantModel
from returns_portal.tenancy.permissions import Role, permissions_of


class UserManager(BaseUserManager["User"]):
    """Makes users, who are known by their e-mail address alone."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email=(email or "").strip().lower())


class User(AbstractBaseUser):
    """A person who signs in. What they may do is decided by their memberships."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    @property
    def is_staff(self) -> bool:
        """The product has no platform-wide staff pages; roles are per merchant."""
        return False


class Merchant(models.Model):
    """A tenant: one shop with its own portal, team, policy and books."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$")],
    )
    name = models.CharField(max_length=120)
    legal_name = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    time_zone = models.CharField(max_length=64, default="UTC")
    # What shoppers are spoken to in when they ask for nothing we offer.
    locale = models.CharField(max_length=16, default="en")
    # The languages offered to shoppers, of core.languages; empty means all of them.
    languages = models.JSONField(default=list, blank=True)
    country = models.CharField(max_length=2, default="US")
    currency = models.CharField(max_length=3, default="USD")
    support_email = models.EmailField(blank=True)
    website = models.URLField(blank=True)
    postal_address = models.CharField(max_length=300, blank=True)
    # Where returns are sent: name, street1, street2, city, state, zip, country, phone.
    return_address = models.JSONField(default=dict)
    logo_path = models.CharField(max_length=200, blank=True)
    brand_color = models.CharField(
        max_length=7, default="#2f5d50", validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")]
    )
    brand_radius = models.PositiveSmallIntegerField(default=12)
    # A key of core.brand.FONTS.
    brand_font = models.CharField(max_length=16, default=SYSTEM_FONT)
    # The favicon's path below MEDIA_ROOT without its size: ``<icon_path>-32.png``.
    icon_path = models.CharField(max_length=200, blank=True)
    # The verified domain its portal answers at and its links lead to; empty is ours.
    portal_host = models.CharField(max_length=253, blank=True)
    # Pages of the shop that the foot of every portal page leads to; empty ones are left out.
    imprint_url = models.URLField(blank=True)
    privacy_url = models.URLField(blank=True)
    terms_url = models.URLField(blank=True)
    help_url = models.URLField(blank=True)
    # Grows with every change of the merchant's own texts; 0 while there never was one.
    texts_version = models.PositiveIntegerField(default=0)
    # Above this a second person must agree to a refund; null is no limit. Minor units of currency.
    second_person_above_minor = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.name


class Membership(CrossMerchantModel):
    """A user's role at a merchant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=[(r.value, r.name.title()) for r in Role])
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"

    @property
    def permissions(self) -> frozenset[str]:
        return permissions_of(self.role)


class Invitation(CrossMerchantModel):
    """An open offer to join a merchant's team, by a link that is mailed once."""

    email = models.EmailField()
    role = models.CharField(max_length=12, choices=[(r.value, r.name.title()) for r in Role])
    token_hash = models.BinaryField(max_length=32)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="invitation_token"),
            models.UniqueConstraint(
                fields=["merchant", "email"],
                condition=models.Q(accepted_at__isnull=True),
                name="invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return self.email


class ApiKey(CrossMerchantModel):
    """A program's way in: ``rp_<id>_<secret>``; only the secret's SHA-256 is kept."""

    name = models.CharField(max_length=80)
    key_id = models.CharField(max_length=16, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField(default=now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class PortalDomain(CrossMerchantModel):
    """A host name of a merchant's own at which its portal answers, once verified.

    Several merchants may enter a host; the first whose record is found has it.
    """

    class Outcome(models.TextChoices):
        FOUND = "found", "Found"
        MISSING = "missing", "No record"
        OTHER = "other", "Another value"
        NO_ANSWER = "no_answer", "No answer"
        TAKEN = "taken", "Used by another shop"

    host = models.CharField(max_length=253)
    # What the TXT record has to hold.
    token = models.CharField(max_length=48, default=new_token)
    verified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)
    # When the DNS is looked at next; null is not before somebody asks.
    due_at = models.DateTimeField(null=True, blank=True)
    # Somebody waits for the outcome.
    is_asked = models.BooleanField(default=False)
    checked_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    # Since when the record of a verified domain is missing.
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant"], name="portal_domain_one"),
            models.UniqueConstraint(
                fields=["host"],
                condition=models.Q(verified_at__isnull=False),
                name="portal_domain_verified_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="portal_domain_due",
            ),
        ]

    def __str__(self) -> str:
        return self.host


class OwnText(TenantModel):
    """A merchant's own wording of one text of the portal or its e-mails, in one language.

    ``key`` is that of ``core.text_entries``; ``original`` is kept to show what a text replaced that
    the product has no more. ``forms`` holds one text for each plural form of the language.
    """

    language = models.CharField(max_length=8)
    key = models.CharField(max_length=16)
    original = models.TextField()
    forms = models.JSONField()
    changed_at = models.DateTimeField(default=now)
    changed_by = models.CharField(max_length=120, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "language", "key"], name="own_text_once"),
        ]

    def __str__(self) -> str:
        return f"{self.language} {self.original[:40]}"
