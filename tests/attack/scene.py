"""Two shops in full swing, built once for a whole module of attacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.test import Client
from django.urls import clear_script_prefix, get_resolver, reverse, set_script_prefix

from inventory.models import Location
from returns_portal.core.actor import SYSTEM
from returns_portal.core.ids import new_id
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.review import ask_for_information, decline_return
from rma.evidence import store_photo
from rma.models import Photo, Return, ReturnDraft
from tests import flows
from tests.api.conftest import EVERYTHING, make_key
from tests.architecture.access import backoffice
from tests.architecture.access.world import World, build_world
from tests.factories import make_merchant
from tests.portal.conftest import Shopper, picture

OFFICE = "returns_portal.backoffice.urls"
PORTAL = "returns_portal.portal.urls"
ROOT = "returns_portal.urls"


@dataclass(frozen=True, slots=True)
class Scene:
    """One shop: its rows, a shopper in the middle of a return, and a program's key."""

    world: World
    asked: Return
    declined: Return
    waiting: Return
    draft_token: str
    draft_photo: Photo
    line_id: UUID
    cookie: str
    key: str

    @property
    def merchant(self) -> Merchant:
        return self.world.merchant

    def staff(self, role: str) -> Client:
        """Return a browser in which the member of ``role`` is signed in."""
        client = Client(raise_request_exception=False)
        client.force_login(self.world.members[role])
        return client

    def shopper(self) -> Client:
        """Return the browser that holds the draft's proof."""
        client = Client(raise_request_exception=False)
        client.cookies["rp_drafts"] = self.cookie
        return client


def build_scene(slug: str) -> Scene:
    """Build a shop; needs a database that may be written for good and a media folder."""
    world = build_world(make_merchant(slug))
    with merchant_scope(world.merchant.pk):
        waiting, asked, declined = (
            flows.request(flows.order(number=f"NL-{n}", prices=(30_000,))) for n in (4, 5, 6)
        )
        with transaction.atomic():
            ask_for_information(asked.pk, actor=SYSTEM, question="Which part is torn?")
            decline_return(declined.pk, actor=SYSTEM, reason="Worn outdoors.")
        lines = flows.lines_of(flows.order(number="NL-7", prices=(2000, 3000), quantity=2))
    flows.drain()
    shopper = Shopper(world.merchant)
    shopper.find("NL-7")
    shopper.choose(lines[0])
    shopper.want(lines[0])
    with merchant_scope(world.merchant.pk):
        with transaction.atomic():
            draft = ReturnDraft.objects.get(token=shopper.token)
            photo = store_photo(picture(), draft=draft, draft_line_id=lines[0].pk, actor=SYSTEM)
        return Scene(
            world=world,
            asked=flows.fresh(asked),
            declined=flows.fresh(declined),
            waiting=flows.fresh(waiting),
            draft_token=shopper.token,
            draft_photo=photo,
            line_id=lines[0].pk,
            cookie=shopper.client.cookies["rp_drafts"].value,
            key=make_key(world.merchant, EVERYTHING),
        )


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a face with the words that fill it for a scene."""

    name: str
    urlconf: str
    prefix: str
    kwargs: Mapping[str, Any]
    query: str = ""

    @property
    def url(self) -> str:
        set_script_prefix(self.prefix)
        try:
            return reverse(self.name, urlconf=self.urlconf, kwargs=dict(self.kwargs) or None)
        finally:
            clear_script_prefix()

    def with_garbage(self, word: str) -> Iterator[str]:
        """Yield the address with ``word``, already quoted, in place of each of its parts."""
        url = self.url
        for value in self.kwargs.values():
            yield url.replace(str(value), word, 1)


def office_addresses(scene: Scene) -> list[Address]:
    prefix = f"/app/{scene.merchant.slug}/"
    return [
        Address(name, OFFICE, prefix, dict(entry.kwargs(scene.world)), entry.query)
        for name, entry in backoffice.ENTRIES.items()
    ]


def portal_addresses(scene: Scene) -> list[Address]:
    """Return every address of the portal, for the draft and for a return of the scene."""
    prefix = f"/r/{scene.merchant.slug}/"
    drafts = {
        "items", "items_summary", "photos", "draft_photo", "remove_photo", "resolution", "quote",
        "products", "method", "method_quote", "returns",
    }  # fmt: skip
    known: dict[str, dict[str, Any]] = {
        "brand_css": {"version": "abc123"},
        "logo": {"name": "0123456789abcdef.png"},
        "icon": {"name": "0123456789abcdef-32.png"},
        "photos": {"line_id": scene.line_id},
        "products": {"line_id": scene.line_id},
        "draft_photo": {"photo_id": scene.draft_photo.pk},
        "remove_photo": {"photo_id": scene.draft_photo.pk},
        "return_photo": {"photo_id": scene.world.photo.pk},
        "start": {"order_id": scene.world.order_id},
    }
    plain = {
        "find", "track", "gift", "link", "my_orders", "start", "withdraw", "policy", "help",
        "brand_css", "logo", "icon",
    }  # fmt: skip
    found = []
    for name in names_of(PORTAL):
        words = dict(known.get(name, {}))
        if name in drafts:
            words["token"] = scene.draft_token
        elif name in {"answer"}:
            words["token"] = scene.asked.token
        elif name in {"withdrawn", "withdrawal_paper"}:
            words["token"] = scene.world.withdrawal.token
        elif name not in plain:
            words["token"] = scene.world.rma.token
        found.append(Address(name, PORTAL, prefix, words))
    return found


def root_addresses(scene: Scene) -> list[Address]:
    """Return every address outside the faces, the API's as well."""
    known: dict[str, dict[str, Any]] = {
        "webhook": {"token": scene.world.account.webhook_token},
        "accept_invitation": {"token": "x" * 43},
        "account_reset_password_from_key": {"uidb36": "abc", "key": "set-password"},
        "api_order": {"pk": scene.world.order_id},
        "api_order_link": {"pk": scene.world.order_id},
        "api_order_gift_code": {"pk": scene.world.order_id},
        "api_order_windows": {"pk": scene.world.order_id},
        "api_order_window": {"pk": scene.world.order_id, "window_id": scene.world.grant.pk},
        "api_return": {"pk": scene.world.rma.pk},
        "api_return_approve": {"pk": scene.waiting.pk},
        "api_return_decline": {"pk": scene.waiting.pk},
        "api_unknown": {"path": "nothing/here"},
    }
    names = [name for name in names_of(ROOT) if name]
    return [
        Address(
            name,
            ROOT,
            "/",
            {**known.get(name, {})},
        )
        for name in names
    ]


def names_of(urlconf: str) -> list[str]:
    """Return the names of every address of a face, in its order."""
    found: list[str] = []
    for pattern in get_resolver(urlconf).url_patterns:
        inner = getattr(pattern, "url_patterns", None)
        for one in inner if inner is not None else [pattern]:
            if one.name not in found:
                found.append(str(one.name))
    return found


_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind = 'r'
      AND c.relname NOT LIKE 'django_%' ORDER BY 1
"""


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [row[0] for row in cursor.fetchall()]


def print_of_rows(merchant: Merchant, names: list[str]) -> dict[str, tuple[int, str]]:
    """Return, per table, how many rows a merchant sees and a fingerprint of all of them."""
    query = " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text"  # noqa: S608
        f' FROM "{name}" t'
        for name in names
    )
    with merchant_scope(merchant.pk), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(query)
        return {name: (count, fingerprint) for name, count, fingerprint in cursor.fetchall()}


def missing_twin(address: Address) -> Address:
    """Return the address of a row that nobody has."""
    words = {
        name: new_id() if isinstance(value, UUID) else value
        for name, value in address.kwargs.items()
    }
    return Address(address.name, address.urlconf, address.prefix, words, address.query)


def place_of(scene: Scene) -> UUID:
    with merchant_scope(scene.merchant.pk), transaction.atomic():
        return Location.objects.get(is_default=True).pk
