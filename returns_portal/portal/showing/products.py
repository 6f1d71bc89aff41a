"""Other products in words: what each costs beside the item, and what is left of it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from returns_portal.core.money import format_money
from returns_portal.portal.products import Offered, Priced, Shelf
from returns_portal.portal.replacements import LAST_FEW
from returns_portal.portal.showing.goods import difference_words, left_words


def shelf_words(shelf: Shelf) -> str:
    """Say what the item is worth, and what becomes of a difference."""
    known = {"amount": format_money(shelf.worth)}
    credit = shelf.terms.cheaper == "store_credit" and shelf.basket.order.customer_id is not None
    back = _("What a cheaper product leaves over goes back to you.")
    if credit:
        back = _("What a cheaper product leaves over becomes store credit.")
    return f"{_('Your item is worth %(amount)s.') % known} {back}"


def offer_words(offered: Offered, chosen: str = "") -> dict[str, Any]:
    """Return a product with its variants, as a card and as pills to choose from."""
    first, product = offered.first, offered.product
    only = len(offered.variants) == 1
    dearest = offered.variants[-1]
    price = format_money(first.cost)
    if dearest.cost != first.cost:
        price = _("from %(amount)s") % {"amount": price}
    return {
        "id": product.pk,
        "title": product.title,
        "vendor": product.vendor,
        "picture": product.image_url or first.variant.image_url,
        "price": price,
        "difference": difference_words(first.difference, first.cost),
        "variant": first.variant.title if only else "",
        "choices": [
            {
                "value": str(one.variant.pk),
                "label": one.variant.title or one.variant.sku or product.title,
                "checked": only or str(one.variant.pk) == chosen,
                "note": _note(one),
            }
            for one in offered.variants
        ],
    }


def _note(priced: Priced) -> str:
    """Return ``€30.00, €15.00 back, 2 left`` for one variant."""
    difference = difference_words(priced.difference, priced.cost)
    left = left_words(priced.stock if priced.stock <= LAST_FEW else None)
    return _(", ").join(part for part in (format_money(priced.cost), difference, left) if part)
