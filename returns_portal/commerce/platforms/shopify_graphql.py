"""Translate an order from Shopify's GraphQL answers into the REST shape, key by key."""

from __future__ import annotations

import re
from typing import Any

from returns_portal.commerce.platforms.reading import FieldError, Node

_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
# GraphQL's name, in snake case, and REST's name for the same thing.
_RENAMED = {
    "original_unit_price_set": "price_set",
    "original_price_set": "price_set",
    "discounted_price_set": "discounted_price_set",
    "allocated_amount_set": "amount_set",
    "display_financial_status": "financial_status",
    "display_fulfillment_status": "fulfillment_status",
    "presentment_currency_code": "presentment_currency",
    "country_code_v2": "country_code",
    "fulfillment_line_items": "line_items",
    "parent_transaction": "parent",
    "is_gift_card": "gift_card",
}
_TOTAL_SETS = ("totalPriceSet", "currentTotalPriceSet")


def is_order(content: dict[str, Any]) -> bool:
    """Say whether this is a GraphQL order with lines and a total."""
    gid = content.get("id")
    return (
        isinstance(gid, str)
        and gid.startswith("gid://shopify/Order/")
        and "lineItems" in content
        and any(key in content for key in _TOTAL_SETS)
    )


def to_rest(order: Node) -> Node:
    """Return the order under REST's names. Paths in later errors use REST's names too."""
    content = _translate(order.content, 0)
    content["admin_graphql_api_id"] = content.pop("id")
    if "currency_code" in content:
        content["currency"] = content.pop("currency_code")
    codes = content.get("discount_codes")
    if isinstance(codes, list):
        content["discount_codes"] = [{"code": code} for code in codes if isinstance(code, str)]
    for line in _objects(content.get("line_items")):
        _flatten_line(line)
    for parcel in _objects(content.get("fulfillments")):
        _flatten_parcel(parcel)
    for each in _objects(content.get("transactions")):
        parent = each.get("parent")
        if isinstance(parent, dict):
            each["parent_id"] = parent.get("id")
    _complete_total(content)
    return Node(content, order.path)


def _objects(found: Any) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _translate(content: Any, depth: int) -> Any:
    if depth > 30:
        raise FieldError("record", "Nested too deeply to be an order.")
    if isinstance(content, list):
        return [_translate(each, depth + 1) for each in content]
    if not isinstance(content, dict):
        return content
    if isinstance(content.get("nodes"), list):
        return _translate(content["nodes"], depth + 1)
    if isinstance(content.get("edges"), list):
        edges = content["edges"]
        return [_translate(each["node"], depth + 1) for each in edges if _has_node(each)]
    renamed = {}
    for key, each in content.items():
        name = _CAMEL.sub(r"_\1", key).lower()
        renamed[_RENAMED.get(name, name)] = _translate(each, depth + 1)
    return renamed


def _has_node(edge: Any) -> bool:
    return isinstance(edge, dict) and "node" in edge


def _flatten_line(line: dict[str, Any]) -> None:
    variant = line.get("variant")
    if isinstance(variant, dict):
        line["variant_id"] = _tail(variant.get("id"))
        line.setdefault("barcode", variant.get("barcode"))
    product = line.get("product")
    if isinstance(product, dict):
        line["product_id"] = _tail(product.get("id"))
    image = line.get("image")
    if isinstance(image, dict) and "src" not in image:
        image["src"] = image.get("url")


def _flatten_parcel(parcel: dict[str, Any]) -> None:
    for item in _objects(parcel.get("line_items")):
        line = item.get("line_item")
        if isinstance(line, dict):
            item["id"] = line.get("id")
    tracking = _objects(parcel.get("tracking_info"))
    if tracking:
        parcel["tracking_number"] = tracking[0].get("number")
        parcel["tracking_company"] = tracking[0].get("company")
        parcel["tracking_url"] = tracking[0].get("url")
    if parcel.get("display_status") == "DELIVERED":
        parcel["shipment_status"] = "delivered"


def _complete_total(content: dict[str, Any]) -> None:
    """Rebuild the order's first total where only the present one was asked for.

    The present total has refunds taken off, so they are put back; without the refunded sum beside
    it the present total stands.
    """
    if "total_price_set" in content or "current_total_price_set" not in content:
        return
    now = content["current_total_price_set"]
    back = content.get("total_refunded_set")
    if not isinstance(now, dict) or not isinstance(back, dict):
        content["total_price_set"] = now
        return
    joined = {}
    for side, money in now.items():
        extra = back.get(side)
        if isinstance(money, dict) and isinstance(extra, dict):
            joined[side] = {**money, "amount": _add(money.get("amount"), extra.get("amount"))}
    content["total_price_set"] = joined


def _add(first: Any, second: Any) -> Any:
    """Add two decimal texts digit by digit; anything else is left for the reader to refuse."""
    pattern = r"-?[0-9]{1,15}(\.[0-9]{1,6})?"
    if not all(isinstance(each, str) and re.fullmatch(pattern, each) for each in (first, second)):
        return first
    scaled = [_scaled(each) for each in (first, second)]
    whole = sum(scaled)
    sign = "-" if whole < 0 else ""
    return f"{sign}{abs(whole) // 1_000_000}.{abs(whole) % 1_000_000:06d}"


def _scaled(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    whole, _, tail = text.lstrip("-").partition(".")
    return sign * (int(whole) * 1_000_000 + int(tail.ljust(6, "0") or 0))


def _tail(gid: Any) -> Any:
    return gid.rsplit("/", 1)[-1] if isinstance(gid, str) else gid
