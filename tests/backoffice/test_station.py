"""The bench: what a scan opens, what was in the parcel, where each unit goes."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from inventory.models import StockLevel, StockMovement
from returns_portal.activity.models import StaffTask
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.models import Inspection, Photo, ReceiptLine, Return
from tests import flows
from tests.backoffice.conftest import HOME, at_bench
from tests.pictures import png_bytes

pytestmark = pytest.mark.django_db
STATION = f"{HOME}station/"


@pytest.fixture
def expected(shop: Merchant) -> Return:
    return at_bench(shop, quantity=2)


def parcel(client: Client, rma: Return, **changes: object) -> dict[str, object]:
    """Return the receiving form as the page shows it, with changes."""
    form = client.get(f"{STATION}{rma.number}/").context["receive"]
    return {
        name: value
        for name, value in {
            **{name: form.initial.get(name, "") for name in form.fields},
            **changes,
        }.items()
        if value is not None
    }


def line_field(shop: Merchant, rma: Return, what: str) -> str:
    with merchant_scope(shop.pk):
        return f"{what}-{rma.lines.get().pk}"


def units(shop: Merchant, rma: Return) -> list[Inspection]:
    with merchant_scope(shop.pk):
        return list(Inspection.objects.filter(rma=rma).order_by("pk"))


def grade(client: Client, unit: Inspection, **changes: object) -> object:
    body = {"grade": "A", "accepted": "yes", "version": unit.version, **changes}
    return client.post(f"{STATION}units/{unit.pk}/", body)


def test_scan_of_a_return_number_opens_it(owner: Client, expected: Return) -> None:
    answer = owner.post(f"{STATION}scan/", {"scan": expected.number.replace("-", "")}, follow=True)

    assert answer.redirect_chain == [(f"{STATION}{expected.number}/", 302)]
    assert f"{expected.number} opened. 1 item." in answer.content.decode()


def test_scan_of_an_unknown_code_says_so(owner: Client, expected: Return) -> None:
    answer = owner.post(f"{STATION}scan/", {"scan": "4006381333931"})

    assert answer.status_code == 200
    assert answer.context["result"].tone == "danger"


def test_scan_of_an_item_in_the_open_parcel_takes_it_in_hand(
    owner: Client, shop: Merchant, expected: Return
) -> None:
    owner.post(f"{STATION}{expected.number}/receive/", parcel(owner, expected))

    answer = owner.post(f"{STATION}scan/", {"scan": "TR-1", "open": expected.number}, follow=True)

    assert "Right item. Grade it on the right." in answer.content.decode()
    assert answer.context["unit"] in units(shop, expected)


def test_scan_of_an_item_of_another_parcel_names_that_parcel(
    owner: Client, shop: Merchant, expected: Return
) -> None:
    with merchant_scope(shop.pk):
        placed = flows.order(number="NL-3002", prices=(100, 200))
        other = flows.request(placed, flows.wish(flows.lines_of(placed)[1]), method="own")

    answer = owner.post(f"{STATION}scan/", {"scan": "TR-2", "open": expected.number}, follow=True)

    assert f"Not in this parcel. Belongs to {other.number}?" in answer.content.decode()


def test_receive_puts_goods_on_hold_and_queues_each_unit(
    owner: Client, shop: Merchant, expected: Return
) -> None:
    answer = owner.post(f"{STATION}{expected.number}/receive/", parcel(owner, expected))

    assert answer.status_code == 302
    assert [unit.status for unit in units(shop, expected)] == ["pending", "pending"]
    with merchant_scope(shop.pk):
        assert list(
            StockLevel.objects.filter(quantity__gt=0).values_list("bucket", "quantity")
        ) == [("on_hold", 2)]


def test_receive_sent_twice_receives_once(owner: Client, shop: Merchant, expected: Return) -> None:
    form = parcel(owner, expected)

    owner.post(f"{STATION}{expected.number}/receive/", form)
    owner.post(f"{STATION}{expected.number}/receive/", form)

    assert len(units(shop, expected)) == 2


def test_short_wrong_and_extra_are_facts_for_a_person(
    owner: Client, shop: Merchant, expected: Return
) -> None:
    form = parcel(
        owner,
        expected,
        **{
            line_field(shop, expected, "came"): "",
            line_field(shop, expected, "short"): "1",
            line_field(shop, expected, "wrong"): "1",
            "extra": "1",
            "extra_note": "A single sock",
        },
    )

    owner.post(f"{STATION}{expected.number}/receive/", form)

    with merchant_scope(shop.pk):
        found = set(ReceiptLine.objects.values_list("status", "quantity", "note"))
        assert StaffTask.objects.filter(kind="unexpected_goods").count() == 1
    assert found == {("short", 1, ""), ("wrong_item", 1, ""), ("extra", 1, "A single sock")}


def test_nothing_entered_is_refused(owner: Client, shop: Merchant, expected: Return) -> None:
    form = parcel(owner, expected, **{line_field(shop, expected, "came"): ""})

    answer = owner.post(f"{STATION}{expected.number}/receive/", form)

    assert answer.status_code == 400
    assert units(shop, expected) == []


def test_inspect_moves_the_unit_where_the_engine_suggests(
    owner: Client, shop: Merchant, expected: Return
) -> None:
    owner.post(f"{STATION}{expected.number}/receive/", parcel(owner, expected))
    first, _ = units(shop, expected)

    grade(owner, first)

    with merchant_scope(shop.pk):
        moved = StockMovement.objects.get(key=f"inspection:{first.pk}")
    assert (moved.from_bucket, moved.to_bucket, moved.quantity) == ("on_hold", "sellable", 1)


def test_inspect_by_a_second_person_is_a_conflict_in_words(
    owner: Client, shop: Merchant, expected: Return
) -> None:
    owner.post(f"{STATION}{expected.number}/receive/", parcel(owner, expected))
    first, _ = units(shop, expected)
    grade(owner, first)

    answer = grade(owner, first, grade="D", disposition="dispose")

    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "Owner Person has inspected this unit meanwhile" in answer.content.decode()  # type: ignore[attr-defined]
    with merchant_scope(shop.pk):
        assert StockMovement.objects.filter(key=f"inspection:{first.pk}").count() == 1


def test_unit_that_is_not_accepted_needs_a_reason(
    owner: Client, shop: Merchant, expected: Return
) -> None:
    owner.post(f"{STATION}{expected.number}/receive/", parcel(owner, expected))
    first, _ = units(shop, expected)

    refused = grade(owner, first, accepted="no")
    grade(owner, first, accepted="no", rejection="Worn outdoors.")

    assert refused.status_code == 400  # type: ignore[attr-defined]
    found = units(shop, expected)[0]
    assert (found.is_accepted, found.rejection) == (False, "Worn outdoors.")


def test_bench_photo_is_kept_with_the_unit(owner: Client, shop: Merchant, expected: Return) -> None:
    owner.post(f"{STATION}{expected.number}/receive/", parcel(owner, expected))
    first, _ = units(shop, expected)

    owner.post(
        f"{STATION}units/{first.pk}/photo/",
        {"photo": SimpleUploadedFile("sole.png", png_bytes(), "image/png")},
    )
    refused = owner.post(
        f"{STATION}units/{first.pk}/photo/",
        {"photo": SimpleUploadedFile("sole.png", b"GIF89a no picture", "image/png")},
    )

    assert refused.status_code == 400
    with merchant_scope(shop.pk):
        assert Photo.objects.filter(inspection=first).count() == 1


def test_bench_remembers_its_location(owner: Client, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        from_elsewhere = "01234567-89ab-7def-8123-456789abcdef"

    assert owner.post(f"{STATION}location/", {"location": from_elsewhere}).status_code == 400
