"""Small sound payloads for tests that change one thing about them."""

from __future__ import annotations

from typing import Any


def bag(amount: str, currency: str = "EUR", *, paid: str = "", paid_in: str = "") -> dict[str, Any]:
    """Return a Shopify money bag."""
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        "presentment_money": {"amount": paid or amount, "currency_code": paid_in or currency},
    }


def shopify_order(**changes: Any) -> dict[str, Any]:
    """Return a paid, delivered Shopify order of two jackets in the REST shape."""
    order: dict[str, Any] = {
        "id": 1001,
        "admin_graphql_api_id": "gid://shopify/Order/1001",
        "name": "#1001",
        "created_at": "2026-03-01T10:00:00+01:00",
        "updated_at": "2026-03-05T10:00:00Z",
        "currency": "EUR",
        "total_price": "129.00",
        "total_tax": "20.60",
        "total_discounts": "20.00",
        "taxes_included": True,
        "financial_status": "paid",
        "fulfillment_status": "fulfilled",
        "email": "maya@example.com",
        "payment_gateway_names": ["stripe"],
        "customer": {"id": 7, "first_name": "Maya", "last_name": "Lindqvist"},
        "shipping_address": {"name": "Maya Lindqvist", "zip": "114 55", "country_code": "SE"},
        "line_items": [
            {
                "id": 11,
                "product_id": 5,
                "variant_id": 6,
                "title": "Ridge jacket",
                "quantity": 2,
                "price": "70.00",
                "discount_allocations": [{"amount": "20.00"}],
                "tax_lines": [{"title": "Moms", "rate": 0.25, "price": "20.00"}],
            }
        ],
        "shipping_lines": [
            {
                "id": 21,
                "title": "Standard",
                "price": "9.00",
                "tax_lines": [{"title": "Moms", "rate": 0.25, "price": "0.60"}],
            }
        ],
        "fulfillments": [
            {
                "id": 31,
                "status": "success",
                "shipment_status": "delivered",
                "created_at": "2026-03-02T08:00:00Z",
                "updated_at": "2026-03-04T12:30:00Z",
                "tracking_number": "JD0146",
                "line_items": [{"id": 11, "quantity": 2}],
            }
        ],
    }
    return order | changes


def woo_order(**changes: Any) -> dict[str, Any]:
    """Return a completed WooCommerce order of one line."""
    order: dict[str, Any] = {
        "id": 501,
        "number": "501",
        "status": "completed",
        "currency": "EUR",
        "date_created_gmt": "2026-03-01T09:00:00",
        "date_paid_gmt": "2026-03-01T09:01:00",
        "date_completed_gmt": "2026-03-03T09:00:00",
        "total": "24.50",
        "total_tax": "4.50",
        "cart_tax": "3.50",
        "prices_include_tax": False,
        "payment_method": "stripe",
        "transaction_id": "ch_1",
        "billing": {"email": "kai@example.com", "postcode": "10115", "country": "DE"},
        "line_items": [
            {
                "id": 1,
                "name": "Wool socks",
                "product_id": 9,
                "variation_id": 0,
                "quantity": 3,
                "subtotal": "15.00",
                "total": "15.00",
                "total_tax": "3.50",
                "taxes": [{"id": 2, "total": "3.5"}],
            }
        ],
        "tax_lines": [{"rate_id": 2, "label": "VAT", "rate_percent": 19}],
        "shipping_lines": [
            {"id": 2, "method_title": "DHL", "total": "5.00", "total_tax": "1.00", "taxes": []}
        ],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    }
    return order | changes


def csv_text(*rows: dict[str, str]) -> str:
    """Return rows as CSV with the columns the first of them names."""
    names = list(rows[0])
    lines = [",".join(names)]
    lines += [",".join(row.get(name, "") for name in names) for row in rows]
    return "\n".join(lines) + "\n"


def csv_row(**changes: str) -> dict[str, str]:
    """Return one sound CSV row."""
    row = {
        "order_number": "A-1",
        "placed_at": "2026-03-01T10:00:00Z",
        "currency": "EUR",
        "title": "Ridge jacket",
        "quantity": "2",
        "unit_price": "70.00",
    }
    return row | changes
