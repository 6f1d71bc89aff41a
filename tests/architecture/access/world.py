"""A merchant with one row of everything that an address can name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from inventory.actions import add_location
from notifications.models import Message
from refunds.models import Refund, RefundAllocation
from returns_portal.activity.staff_tasks import open_task
from returns_portal.commerce.models import Variant
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.ids import new_id, new_token
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.models import (
    ApiKey,
    Invitation,
    Membership,
    Merchant,
    PortalDomain,
    User,
)
from returns_portal.tenancy.permissions import Role
from rma.actions.drafts import open_draft
from rma.actions.marks import mark_shopper
from rma.actions.policy import save_draft
from rma.actions.rehearsing import start_rehearsal
from rma.actions.windows import grant_window
from rma.evidence import store_photo
from rma.models import (
    Exchange,
    GrantedWindow,
    Inspection,
    Photo,
    Rehearsal,
    RehearsedReturn,
    Repair,
    Return,
    ReturnDraft,
    Withdrawal,
)
from rma.policy.document import default_policy
from tests import flows
from tests.factories import make_member
from tests.pictures import png_bytes


@dataclass(frozen=True, slots=True)
class World:
    """Names of the rows of one merchant, and its members by role."""

    merchant: Merchant
    members: dict[str, User]
    rma: Return
    refunded: Return
    received: Return
    order_id: UUID
    variant_id: UUID
    photo: Photo
    inspection_id: UUID
    exchange: Exchange
    repair: Repair
    refund: Refund
    part: RefundAllocation
    message: Message
    task_id: UUID
    account: ProviderAccount
    location_id: UUID
    invitation: Invitation
    membership_id: UUID
    key: ApiKey
    draft: ReturnDraft
    mark_id: UUID
    rehearsal: Rehearsal
    rehearsed: RehearsedReturn
    withdrawal: Withdrawal
    rule_key: str
    grant: GrantedWindow
    domain: PortalDomain


def build_world(merchant: Merchant) -> World:
    """Drive returns of ``merchant`` to the stages that addresses need."""
    flows.open_for_business(merchant)
    members = {role.value: make_member(merchant, role.value) for role in Role}
    with merchant_scope(merchant.pk):
        rma = flows.request(flows.order(number="NL-1"), method="own")
        done = flows.refunded(flows.order(number="NL-2"))
        third = flows.order(number="NL-3")
        line = flows.lines_of(third)[0]
        flows.stock(line, 5)
        swap = flows.wish(line, reason="too_small", wanted="exchange", variant_id=line.variant_id)
        received = flows.received(flows.approved(third, swap))
        with transaction.atomic():
            return _world(merchant, members, rma, done, received)


def _world(
    merchant: Merchant, members: dict[str, User], rma: Return, done: Return, received: Return
) -> World:
    refund = Refund.objects.get(about_id=done.pk)
    owner = members["owner"]
    rehearsal = start_rehearsal(30, SYSTEM)
    return World(
        merchant=merchant,
        members=members,
        rma=rma,
        refunded=done,
        received=received,
        order_id=rma.order_id,
        variant_id=Variant.objects.order_by("pk")[0].pk,
        photo=store_photo(
            SimpleUploadedFile("toe.png", png_bytes(), "image/png"), rma=rma, actor=SYSTEM
        ),
        inspection_id=Inspection.objects.filter(rma=received)[0].pk,
        exchange=Exchange.objects.get(return_line__rma=received),
        repair=Repair.objects.create(return_line=done.lines.get(), quantity=1),
        refund=refund,
        part=RefundAllocation.objects.filter(refund=refund)[0],
        message=Message.objects.create(
            rma=rma,
            event_id=new_id(), kind="received", recipient="maya@example.com",
            recipient_index=b"0" * 16, subject="We got it", text="We got it",
            html="<p>We got it</p>",
            due_at=now(), status=Message.Status.FAILED,
        ),
        task_id=open_task(
            kind="test", key=f"test:{rma.pk}", subject_kind="return", subject_id=rma.pk,
            title="Look at this",
        ).pk,
        account=ProviderAccount.objects.order_by("pk")[0],
        location_id=add_location(name="Shop", code="SHOP", address={}, actor=SYSTEM).pk,
        invitation=Invitation.objects.create(
            email="new@example.com", role=Role.AGENT, token_hash=new_token().encode()[:32],
            invited_by=owner, expires_at=now() + timedelta(days=1),
        ),
        membership_id=Membership.objects.get(user=members["agent"]).pk,
        key=ApiKey.objects.create(
            name="ERP", key_id=new_token(6), secret_hash=b"0" * 32, scopes=[], created_by=owner
        ),
        draft=open_draft(rma.order_id, actor=SHOPPER),
        mark_id=mark_shopper(
            received.order_id, kind="allow", reason="Known.", days=None, actor=SYSTEM
        ).pk,
        rehearsal=rehearsal,
        rehearsed=RehearsedReturn.objects.create(
            rehearsal=rehearsal, rma=rma, requested_at=rma.created_at, currency=rma.currency,
            verdict_before="allow", verdict_after="review", changed=["verdict"],
        ),
        withdrawal=flows.withdrawn(flows.order(number="NL-8")),
        rule_key=_rule_in_the_draft(merchant),
        grant=grant_window(
            done.order_id, until=(now() + timedelta(days=60)).date(), reason="Ill.",
            operation_id=new_token(), actor=SYSTEM,
        ),
        domain=PortalDomain.objects.create(
            host=f"returns.{merchant.slug}.example", token=new_token()
        ),
    )  # fmt: skip


def _rule_in_the_draft(merchant: Merchant) -> str:
    """Start a draft with one rule, whose key no other merchant has."""
    key = f"rule_of_{merchant.slug}"
    rule = {"key": key, "name": "By hand", "on": True, "when": None, "then": [{"do": "review"}]}
    save_draft({**default_policy(merchant.currency), "rules": [rule]}, actor=SYSTEM)
    return key
