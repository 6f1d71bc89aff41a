"""A merchant open for business, and a shopper with a browser that keeps cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from returns_portal.commerce.models import Order, OrderLine, Variant
from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.models import PolicyVersion, Return
from tests import flows

EMAIL = "maya@example.com"


class Shopper:
    """Somebody at the portal of one merchant."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant
        self.client = Client()
        self.token = ""

    def url(self, path: str = "") -> str:
        return f"/r/{self.merchant.slug}/{path}"

    def get(self, path: str = "", **extra: Any) -> Any:
        return self.client.get(self.url(path), **extra)

    def post(self, path: str = "", sent: Any = None, **extra: Any) -> Any:
        return self.client.post(self.url(path), sent or {}, **extra)

    def find(self, order: str = "NL-1001", who: str = EMAIL) -> Any:
        """Look an order up and remember its draft."""
        response = self.post("", {"order": order, "who": who})
        if response.status_code == 302:
            self.token = response["Location"].split("/")[-2]
        return response

    def step(self, name: str, sent: Any = None, **extra: Any) -> Any:
        """Open a step of the draft, or send its form."""
        path = f"r/{self.token}/{name}"
        return self.get(path, **extra) if sent is None else self.post(path, sent, **extra)

    def choose(self, *lines: OrderLine, reason: str = "changed_mind", **more: Any) -> Any:
        """Send the items form with ``lines`` ticked."""
        sent: dict[str, Any] = {}
        for line in lines:
            sent |= item(line, reason=reason, **more)
        return self.step("items", sent)

    def want(self, *lines: OrderLine, wanted: str = "refund") -> Any:
        return self.step("resolution", {f"wish-{one.pk.hex}-wanted": wanted for one in lines})

    def confirm(self, method: str = "label", **more: Any) -> Any:
        return self.step("method", {"method": method, **more})

    def ask_for(self, *lines: OrderLine, method: str = "label", **more: Any) -> Return:
        """Walk from the first page to the confirmed return."""
        self.find()
        self.choose(*lines, **more)
        self.want(*lines)
        response = self.confirm(method)
        token = response["Location"].split("/")[-1]
        with transaction.atomic():
            return Return.objects.get(token=token)


def item(line: OrderLine, *, reason: str = "changed_mind", **more: Any) -> dict[str, Any]:
    """Return one ticked card of the items form."""
    fields = {"chosen": "on", "quantity": "1", "reason": reason, **more}
    return {f"item-{line.pk.hex}-{name}": value for name, value in fields.items()}


def picture(name: str = "shoe.jpg", size: tuple[int, int] = (64, 48)) -> SimpleUploadedFile:
    """Return an upload of a small real JPEG."""
    drawn = BytesIO()
    Image.new("RGB", size, "#556677").save(drawn, "JPEG")
    return SimpleUploadedFile(name, drawn.getvalue(), content_type="image/jpeg")


def is_ticked(page: str) -> bool:
    """Tell whether any control of a page is ticked."""
    return re.search(r"<input[^>]* checked", page) is not None


def text(response: Any) -> str:
    return str(response.content.decode())


def publish(**changes: Any) -> PolicyVersion:
    """Publish the live policy with changes; ``fee__amount_minor=0`` reaches into a section."""
    with transaction.atomic():
        live = PolicyVersion.objects.get(status="live")
        document = dict(live.document)
        for path, wanted in changes.items():
            section, _, name = path.partition("__")
            document[section] = {**document[section], name: wanted} if name else wanted
        save_draft(document, actor=SYSTEM)
        return publish_policy(actor=SYSTEM)


def sizes(line: OrderLine, **stock: int) -> dict[str, Variant]:
    """Give a line's product these sizes with so many units on sale; ``S`` is the one bought."""
    with transaction.atomic():
        own = line.variant
        assert own is not None
        Variant.objects.filter(pk=own.pk).update(options={"Size": "S"}, title="S")
        made = {"S": own}
        for size in stock:
            if size not in made:
                made[size], _ = Variant.objects.get_or_create(
                    source=own.source,
                    external_id=f"{own.external_id}-{size}",
                    defaults={
                        "product_id": own.product_id,
                        "title": size,
                        "options": {"Size": size},
                        "sku": f"{own.sku}-{size}",
                        "price_minor": own.price_minor,
                        "currency": own.currency,
                    },
                )
    for size, units in stock.items():
        line.variant_id = made[size].pk
        flows.stock(line, units)
    line.variant_id = own.pk
    return made


def statements(shopper: Shopper, path: str) -> int:
    """Count the SQL statements of a page."""
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert shopper.get(path).status_code == 200
    return len(caught)


@pytest.fixture
def shop(merchant: Merchant, tmp_path: Path, settings: Any) -> Iterator[Merchant]:
    """Return a merchant with policy, location, gateway and carrier, and be in its scope.

    Provider calls to the built-in ones may happen inside the test's own transaction.
    """
    settings.MEDIA_ROOT = tmp_path
    flows.open_for_business(merchant)
    connection.testing_inside_atomic = True
    with merchant_scope(merchant.pk):
        yield merchant
    del connection.testing_inside_atomic


@pytest.fixture
def order(shop: Merchant) -> Order:
    """Return an order of two lines, paid by card and delivered three days ago."""
    return flows.order(prices=(8550, 11700))


@pytest.fixture
def lines(order: Order) -> list[OrderLine]:
    return flows.lines_of(order)


@pytest.fixture
def shopper(shop: Merchant) -> Shopper:
    return Shopper(shop)
