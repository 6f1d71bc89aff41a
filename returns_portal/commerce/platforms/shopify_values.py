"""Shopify's ids and amounts: which twin of each to trust."""

from __future__ import annotations

from dataclasses import dataclass

from returns_portal.commerce.platforms.reading import (
    MAX_ID,
    FieldError,
    Node,
)
from returns_portal.core.money import Money


@dataclass(frozen=True, slots=True)
class Purse:
    """Reads amounts in the currency the shopper paid in, from ``x_set`` or plain ``x``."""

    currency: str
    shop_currency: str

    @property
    def is_foreign(self) -> bool:
        return self.currency != self.shop_currency

    def read(self, node: Node, key: str, *, default: Money | None = None) -> Money:
        """Return the amount under ``key``. A plain amount is in the shop's currency only."""
        side = "presentment_money" if self.is_foreign else "shop_money"
        amount = self._from_set(node, key, side, self.currency)
        if amount is not None:
            return amount
        if self.is_foreign and node.has(key):
            raise FieldError(
                node.at(f"{key}_set"),
                f"Missing. The shopper paid in {self.currency}, this amount is given in "
                f"{self.shop_currency} only.",
            )
        return node.money(key, self.currency, default=default)

    def read_shop(self, node: Node, key: str) -> Money:
        """Return the same amount in the shop's own currency."""
        amount = self._from_set(node, key, "shop_money", self.shop_currency)
        return amount if amount is not None else node.money(key, self.shop_currency)

    def _from_set(self, node: Node, key: str, side: str, currency: str) -> Money | None:
        money = node.child(f"{key}_set").child(side)
        if not money.has("amount"):
            return None
        stated = money.text("currency_code")
        if stated and stated != currency:
            raise FieldError(money.at("currency_code"), f"Expected {currency}, found {stated}.")
        return money.money("amount", currency)


def external_id(node: Node, *, default: str = "") -> str:
    """Return the id as text: the tail of the GraphQL id where there is one, else the number."""
    tail = gid_tail(node.text("admin_graphql_api_id", limit=200))
    found = (
        tail or gid_tail(node.text("id", limit=MAX_ID)) or node.text("id", limit=MAX_ID) or default
    )
    if not found:
        raise FieldError(node.at("id"), "Missing. It is how a later update finds this record.")
    return found


def gid_tail(gid: str) -> str:
    """Return ``"42"`` for ``gid://shopify/Order/42``, and nothing for other text."""
    if not gid.startswith("gid://"):
        return ""
    return gid.rsplit("/", 1)[-1].split("?", 1)[0]
