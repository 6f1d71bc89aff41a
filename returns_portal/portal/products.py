"""Other products that an item may be exchanged for: what is in stock, and what each would cost.

Only what can be had is shown: in stock at one place for all the units wanted, with a price in the
order's currency, and no dearer than the item unless the merchant collects the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from inventory.models import Bucket, StockLevel
from inventory.selectors import sellable_by_variant
from refunds.calculation import Difference, exchange_difference
from returns_portal.commerce.models import Product, Variant
from returns_portal.core.money import Money
from returns_portal.portal.basket import Basket
from rma.drafts import Answer
from rma.policy.model import Exchanges
from rma.states import ResolutionKind

PAGE = 24
LONGEST_SEARCH = 80


@dataclass(frozen=True, slots=True)
class Priced:
    """A variant that may replace an item: what its units cost, and who owes whom how much."""

    variant: Variant
    cost: Money
    difference: Difference
    stock: int


@dataclass(frozen=True, slots=True)
class Offered:
    """A product with its variants that can be had, the cheapest first."""

    product: Product
    variants: tuple[Priced, ...]

    @property
    def first(self) -> Priced:
        return self.variants[0]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What may replace one item of a draft."""

    basket: Basket
    answer: Answer
    worth: Money

    @property
    def terms(self) -> Exchanges:
        return self.basket.exchanges(self.answer)

    def price(self, variant: Variant, stock: int) -> Priced | None:
        """Return a variant with its price; None where the item can't become it."""
        minor = self.basket.replacement_minor(self.answer, variant)
        if minor is None or stock < self.answer.quantity:
            return None
        difference = exchange_difference(returned_minor=self.worth.minor, replacement_minor=minor)
        if difference.owed_by == "shopper" and self.terms.dearer != "collect":
            return None
        return Priced(variant, Money(minor, self.worth.currency), difference, stock)

    def page(self, search: str, number: int) -> tuple[list[Offered], bool]:
        """Return one page of products by title, and whether more follow. Three statements."""
        rows = self._products(search)[(number - 1) * PAGE : number * PAGE + 1]
        found = list(rows)
        return list(self._offered(found[:PAGE])), len(found) > PAGE

    def product(self, product_id: UUID) -> Offered | None:
        """Return one product with what can be had of it, or None."""
        return next(self._offered(list(self._products("").filter(pk=product_id))), None)

    def variant(self, variant_id: UUID) -> Priced | None:
        """Return one variant if it can be had. Two statements."""
        found = Variant.objects.filter(pk=variant_id).select_related("product").first()
        if found is None or found.product_id == self._own_product:
            return None
        return self.price(found, sellable_by_variant([found.pk])[found.pk])

    @property
    def chosen(self) -> Variant | None:
        """Return the other product that was chosen before, whether it can still be had or not."""
        wanted = self.answer.exchange_variant_id
        variant = self.basket.picked.get(wanted) if wanted is not None else None
        return variant if variant and variant.product_id != self._own_product else None

    @property
    def _own_product(self) -> UUID | None:
        own = self.basket.line(self.answer.order_line_id).variant
        return own.product_id if own is not None else None

    def _products(self, search: str) -> QuerySet[Product]:
        stocked = StockLevel.objects.filter(
            variant=OuterRef("pk"),
            bucket=Bucket.SELLABLE,
            quantity__gte=self.answer.quantity,
            location__is_active=True,
        )
        had = Variant.objects.filter(
            Exists(stocked), product=OuterRef("pk"), currency=self.worth.currency, price_minor__gt=0
        )
        if self.terms.dearer != "collect":
            # Prices without tax are below: what is too dear with it is left out when it is priced.
            had = had.filter(price_minor__lte=self.worth.minor // self.answer.quantity)
        rows = Product.objects.filter(Exists(had)).exclude(pk=self._own_product)
        for word in search.split():
            rows = rows.filter(
                Q(title__icontains=word)
                | Q(product_type__icontains=word)
                | Q(vendor__icontains=word)
            )
        return rows.order_by("title", "pk")

    def _offered(self, products: Sequence[Product]) -> Iterator[Offered]:
        members: dict[UUID, list[Variant]] = {one.pk: [] for one in products}
        for variant in Variant.objects.filter(product_id__in=list(members)).order_by("pk"):
            members[variant.product_id].append(variant)
        stock = sellable_by_variant([one.pk for many in members.values() for one in many])
        for product in products:
            priced = [self.price(one, stock[one.pk]) for one in members[product.pk]]
            had = sorted((one for one in priced if one), key=lambda one: one.cost.minor)
            if had:
                yield Offered(product, tuple(had))


def shelves(basket: Basket) -> dict[UUID, Shelf]:
    """Return a shelf for each answered item that may become another product, by order line."""
    wishes = [
        one
        for one in basket.answers
        if ResolutionKind.EXCHANGE in basket.resolutions(one) and basket.exchanges(one).any_product
    ]
    worth = basket.worth(basket.answers) if wishes else {}
    return {one.order_line_id: Shelf(basket, one, worth[one.order_line_id]) for one in wishes}


def picked_elsewhere(shelved: Mapping[UUID, Shelf]) -> dict[UUID, Priced]:
    """Return the other products chosen before that can still be had, by order line. One statement,
    if any was chosen."""
    chosen = {
        line_id: variant
        for line_id, shelf in shelved.items()
        if (variant := shelf.chosen) is not None
    }
    stock = sellable_by_variant({one.pk for one in chosen.values()}) if chosen else {}
    priced = {
        line_id: shelved[line_id].price(variant, stock[variant.pk])
        for line_id, variant in chosen.items()
    }
    return {line_id: one for line_id, one in priced.items() if one is not None}
