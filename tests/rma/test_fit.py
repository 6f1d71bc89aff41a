"""Which size others kept: counted once as a replacement leaves, shown from five exchanges on."""

from __future__ import annotations

import pytest

from returns_portal.commerce.models import OrderLine, Product, Variant
from returns_portal.core.actor import SYSTEM
from returns_portal.core.ids import new_id
from returns_portal.tenancy.models import Merchant
from rma.actions.exchange import ship_exchange
from rma.fit import Fit, best_fit, kept_sizes
from rma.models import Exchange, KeptSize
from tests import flows
from tests.portal.conftest import publish

M, L, XL = new_id(), new_id(), new_id()
RED_M, RED_L = new_id(), new_id()
SIZES = {M: "M", L: "L", XL: "XL", RED_M: "M", RED_L: "L"}


def count(variant: object, reason: str, kept: object, exchanges: int) -> KeptSize:
    return KeptSize(variant_id=variant, reason=reason, kept_id=kept, exchanges=exchanges)


def test_best_fit_adds_colours_up_and_names_what_most_kept() -> None:
    counts = [
        count(M, "too_small", L, 7),
        count(RED_M, "too_small", RED_L, 5),
        count(M, "too_small", XL, 3),
        count(M, "too_large", XL, 50),
        count(L, "too_small", XL, 50),
        count(M, "too_small", RED_M, 50),
        count(M, "too_small", new_id(), 50),
    ]

    assert best_fit(counts, SIZES, "M", "too_small") == Fit("M", "L", 12, 15)


@pytest.mark.parametrize(("exchanges", "shown"), [(4, False), (5, True)])
def test_best_fit_says_nothing_below_five(exchanges: int, shown: bool) -> None:
    found = best_fit([count(M, "too_small", L, exchanges)], SIZES, "M", "too_small")

    assert (found is not None) == shown


def test_best_fit_of_equally_many_is_always_the_same() -> None:
    counts = [count(M, "too_small", XL, 3), count(M, "too_small", L, 3)]

    assert best_fit(counts, SIZES, "M", "too_small") == Fit("M", "L", 3, 6)


def sent(shop: Merchant, line: OrderLine, kept: Variant, reason: str = "too_small") -> Exchange:
    """Let an exchange of a line's item go all the way."""
    flows.stock(OrderLine(variant_id=kept.pk), 1)
    wish = flows.wish(line, reason=reason, wanted="exchange", variant_id=kept.pk)
    rma = flows.inspected(flows.received(flows.request(line.order, wish, method="own")))
    exchange = Exchange.objects.get(return_line__rma=rma)
    ship_exchange(exchange.pk, actor=SYSTEM, tracking_code="")
    return exchange


def test_shipped_exchange_is_counted_once(shop: Merchant) -> None:
    first, second = (flows.lines_of(flows.order(number=f"NL-{n}"))[0] for n in (1, 2))
    own = first.variant
    assert own is not None
    large = Variant.objects.create(
        product_id=own.product_id, source="csv", external_id="L", title="L", currency="EUR",
        price_minor=own.price_minor,
    )  # fmt: skip

    exchange = sent(shop, first, large)
    ship_exchange(exchange.pk, actor=SYSTEM, tracking_code="again")
    sent(shop, second, large)

    found = kept_sizes([own.pk, large.pk])
    assert [(one.variant_id, one.reason, one.kept_id, one.exchanges) for one in found] == [
        (own.pk, "too_small", large.pk, 2)
    ]


def test_what_says_nothing_about_a_size_is_not_counted(shop: Merchant) -> None:
    publish(exchange={"any_product": True, "cheaper": "refund", "dearer": "never"})
    first, second, third = (flows.lines_of(flows.order(number=f"NL-{n}"))[0] for n in (1, 2, 3))
    own = first.variant
    assert own is not None
    other = Product.objects.create(source="csv", external_id="scarf", title="Scarf")
    scarf = Variant.objects.create(
        product=other, source="csv", external_id="scarf", title="Red", currency="EUR",
        price_minor=own.price_minor,
    )  # fmt: skip
    large = Variant.objects.create(
        product_id=own.product_id, source="csv", external_id="L", title="L", currency="EUR",
        price_minor=own.price_minor,
    )  # fmt: skip

    sent(shop, first, scarf)
    sent(shop, second, own)
    sent(shop, third, large, reason="changed_mind")

    assert KeptSize.objects.count() == 0
