"""The command, as somebody at a terminal meets it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from returns_portal.commerce.imports import Tally
from returns_portal.commerce.management.commands.import_orders import Progress
from returns_portal.commerce.models import Order
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests.commerce.platforms.payloads import csv_row, csv_text, shopify_order, woo_order
from tests.shared_data import shared_files, shared_path


def run(merchant: str, source: str, *files: Path) -> str:
    """Run the command and return what it printed; a CommandError ends up in the text."""
    out = io.StringIO()
    try:
        call_command("import_orders", *files, merchant=merchant, source=source, stdout=out)
    except CommandError as refused:
        out.write(f"exit {refused.returncode}: {refused}\n")
    return out.getvalue()


def stored(merchant: Merchant) -> list[str]:
    with merchant_scope(merchant.pk), transaction.atomic():
        return list(Order.objects.order_by("number").values_list("number", flat=True))


def test_import_good_and_bad_keeps_the_good_and_names_the_bad(
    merchant: Merchant, tmp_path: Path
) -> None:
    bad = shopify_order(name="#2", id=2, admin_graphql_api_id=None, total_price="12,90")
    file = tmp_path / "orders.json"
    file.write_text(json.dumps([shopify_order(), bad]))

    printed = run("northloom", "shopify", file)

    assert printed.splitlines() == [
        "orders.json: order #2: total_price: '12,90' is no amount. Write it like 19.90.",
        "1 order kept (1 created, 0 updated, 0 unchanged), 1 refused.",
    ]
    assert stored(merchant) == ["#1001"]


def test_import_twice_leaves_everything_unchanged(merchant: Merchant, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(csv_text(csv_row(), csv_row(order_number="A-2")))
    run("northloom", "csv", file)

    assert run("northloom", "csv", file).splitlines() == [
        "2 orders kept (0 created, 0 updated, 2 unchanged), 0 refused."
    ]


def test_import_several_files_goes_on_after_a_missing_one(
    merchant: Merchant, tmp_path: Path
) -> None:
    file = tmp_path / "orders.json"
    file.write_text(json.dumps(woo_order()))

    printed = run("northloom", "woocommerce", tmp_path / "missing.json", file).splitlines()

    assert printed[0].endswith("missing.json: file: file: No such file or directory.")
    assert printed[1] == "1 order kept (1 created, 0 updated, 0 unchanged), 1 refused."


def test_import_number_the_database_cannot_hold_costs_that_order_only(
    merchant: Merchant, tmp_path: Path
) -> None:
    line = shopify_order()["line_items"][0] | {"price": "999999999999999", "quantity": 1_000_000}
    file = tmp_path / "orders.json"
    file.write_text(json.dumps([shopify_order(name="#2", id=2, admin_graphql_api_id=None,
                                              line_items=[line]), shopify_order()]))  # fmt: skip

    printed = run("northloom", "shopify", file).splitlines()

    assert printed[-1].startswith("1 order kept")
    assert any("order #2: " in line for line in printed)
    assert stored(merchant) == ["#1001"]


def test_import_nothing_good_exits_two(merchant: Merchant, tmp_path: Path) -> None:
    file = tmp_path / "orders.json"
    file.write_text("[]")

    printed = run("northloom", "shopify", file).splitlines()

    assert printed == [
        "orders.json: file: file: The file holds no order.",
        "0 orders kept (0 created, 0 updated, 0 unchanged), 1 refused.",
        "exit 2: No order was imported.",
    ]


def test_import_for_unknown_merchant_exits_two(db: None, tmp_path: Path) -> None:
    assert run("nobody", "csv", tmp_path) == "exit 2: There is no merchant 'nobody'.\n"


def test_import_contradicting_order_is_kept_with_a_warning(
    merchant: Merchant, tmp_path: Path
) -> None:
    file = tmp_path / "orders.json"
    file.write_text(json.dumps(shopify_order(total_price="130.00")))

    printed = run("northloom", "shopify", file).splitlines()

    assert printed[0].startswith("orders.json: order #1001: warning: total_price: ")
    assert printed[1].endswith("0 refused, 1 with warnings.")


@pytest.mark.parametrize("shop", ["shopify", "woocommerce"])
def test_import_every_recorded_file_keeps_orders_and_never_breaks(
    merchant: Merchant, shop: str
) -> None:
    shared_path(shop)

    printed = run("northloom", shop, *shared_files(f"{shop}/**/*.json")).splitlines()

    assert "exit" not in printed[-1]
    kept = {
        "shopify": "#1001 #1013 #1401 #1755 #9999",
        "woocommerce": "211 3207 324 357 459 560 723 727 728 729 960 961",
    }
    assert stored(merchant) == kept[shop].split()


def test_progress_on_a_terminal_rewrites_one_line_and_clears_it() -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    progress = Progress(stream)

    progress.show("a.json", Tally(created=1))
    progress.shown_at -= 2
    progress.show("a.json", Tally(created=7, refused=2))
    progress.clear()

    assert stream.getvalue() == "\ra.json: 7 kept, 2 refused\r\x1b[K"
