"""The scope holds in SQL, by the manager and by row-level security, each on its own."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from inventory.models import Location, StockLevel
from returns_portal.activity.models import Event
from returns_portal.commerce.models import Product, Variant
from returns_portal.core.clock import now
from returns_portal.core.errors import ScopeError
from returns_portal.core.ids import new_id
from returns_portal.core.scope import merchant_scope, system_scope
from returns_portal.tenancy.models import Membership, Merchant
from tests import factories

pytestmark = pytest.mark.django_db


def _location(merchant: Merchant, code: str = "A") -> Location:
    with merchant_scope(merchant.pk):
        return Location.objects.create(name=code, code=code)


@pytest.mark.parametrize(
    "ask",
    [
        lambda rows: list(rows.all()),
        lambda rows: rows.count(),
        lambda rows: rows.exists(),
        lambda rows: rows.update(name="x"),
        lambda rows: rows.all().delete(),
        lambda rows: rows.aggregate(n=models.Count("pk")),
        lambda rows: list(rows.all().union(rows.all())),
        lambda rows: list(rows.iterator()),
        lambda rows: rows.values_list("pk").first(),
        lambda rows: rows.create(name="x", code="x"),
        lambda rows: rows.bulk_create([Location(name="x", code="x")]),
    ],
)
def test_query_without_scope_raises(ask: object) -> None:
    with pytest.raises(ScopeError):
        ask(Location.objects)  # type: ignore[operator]


def test_rows_of_another_merchant_are_invisible_and_untouchable(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    theirs = _location(other_merchant)
    with merchant_scope(merchant.pk):
        assert not Location.objects.filter(pk=theirs.pk).exists()
        assert Location.objects.update(name="taken") == 0
        assert Location.objects.all().delete()[0] == 0
    with merchant_scope(other_merchant.pk):
        assert Location.objects.get().name == "A"


def test_row_level_security_alone_hides_foreign_rows(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    mine, theirs = _location(merchant), _location(other_merchant)
    with merchant_scope(merchant.pk), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM inventory_location")
        assert cursor.fetchall() == [(mine.pk,)]
        cursor.execute("UPDATE inventory_location SET name = 'x' WHERE id = %s", [theirs.pk])
        assert cursor.rowcount == 0


def test_raw_sql_without_scope_sees_nothing(merchant: Merchant) -> None:
    _location(merchant)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM inventory_location")
        assert cursor.fetchone() == (0,)


def test_row_level_security_refuses_a_foreign_insert(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    statement = (
        "INSERT INTO inventory_location (id, merchant_id, name, code, address, is_default,"
        " is_active) VALUES (%s, %s, 'x', 'x', '{}', false, true)"
    )
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        merchant_scope(merchant.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [new_id(), other_merchant.pk])


def test_save_refuses_a_row_of_another_merchant(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    row = Location(name="x", code="x", merchant=other_merchant)
    with merchant_scope(merchant.pk), pytest.raises(ScopeError):
        row.save()


def test_reference_into_another_merchant_is_refused_by_the_database(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    theirs = _location(other_merchant)
    with merchant_scope(merchant.pk):
        product = Product.objects.create(source="csv", external_id="1", title="Mug")
        variant = Variant.objects.create(
            product=product, source="csv", external_id="1", currency="EUR"
        )
        with pytest.raises(IntegrityError), transaction.atomic():
            StockLevel.objects.create(variant=variant, location=theirs, bucket="sellable")
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_savepoint_rollback_keeps_the_right_scope(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    _location(merchant, "MINE")
    _location(other_merchant, "THEIRS")
    with merchant_scope(merchant.pk):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            with merchant_scope(other_merchant.pk):
                assert Location.objects.get().code == "THEIRS"
            1 / 0  # noqa: B018
        assert Location.objects.get().code == "MINE"


@pytest.mark.django_db(transaction=True)
def test_scoped_statement_outside_a_transaction_is_refused(merchant: Merchant) -> None:
    with merchant_scope(merchant.pk), pytest.raises(ScopeError):
        Location.objects.count()


@pytest.mark.django_db(transaction=True)
def test_setting_ends_with_its_transaction(merchant: Merchant) -> None:
    with merchant_scope(merchant.pk), transaction.atomic():
        Location.objects.create(name="A", code="A")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.merchant_id', true)")
        assert not cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM inventory_location")
        assert cursor.fetchone() == (0,)


def test_system_scope_crosses_only_the_tables_that_allow_it(merchant: Merchant) -> None:
    factories.make_member(merchant, "owner")
    _location(merchant)
    with system_scope():
        assert Membership.all_tenants.count() == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM inventory_location")
            assert cursor.fetchone() == (0,)


def test_append_only_rows_refuse_change(scoped: Merchant) -> None:
    event = Event.objects.create(
        kind="x", subject_kind="x", subject_id=new_id(), actor_kind="system",
        occurred_at=now(),
    )  # fmt: skip
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(kind="y")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        event.delete()
