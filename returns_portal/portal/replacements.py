"""What an item can be exchanged for: the other variants of its product, by size and colour.

A dearer variant is left out: an exchange is settled without money.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from inventory.selectors import sellable_by_variant
from returns_portal.commerce.models import Variant
from returns_portal.portal.basket import Basket
from rma.drafts import Answer
from rma.fit import REASONS, Fit, best_fit, kept_sizes
from rma.models import KeptSize
from rma.states import SENT, ResolutionKind

Picks = tuple[str, ...]
# What shops call the option that tells sizes apart.
SIZES = frozenset(
    {
        "size", "größe", "grösse", "groesse", "taille", "talla", "taglia", "maat", "størrelse",
        "storlek", "rozmiar", "tamanho", "サイズ", "مقاس", "المقاس",
    }
)  # fmt: skip
# From how many units on the shopper is told how many are left.
LAST_FEW = 3


@dataclass(frozen=True, slots=True)
class Replacements:
    """The variants that may replace one item. ``axes`` are what to pick by, such as Size, Colour.

    Where the shop keeps no such options there is one axis, the variant's title.
    """

    axes: tuple[str, ...]
    own: Variant
    by_picks: Mapping[Picks, Variant]
    free: frozenset[UUID]
    stock: Mapping[UUID, int]
    same_in_stock: bool
    # What others kept whom this size did not fit, if that is known and there.
    fit: Fit | None = None

    @property
    def own_picks(self) -> Picks:
        return self.picks_of(self.own.pk) or next(iter(self.by_picks))

    def values(self, axis: int) -> list[str]:
        """Return the values of one axis, in the catalogue's order."""
        return list(dict.fromkeys(picks[axis] for picks in self.by_picks))

    def variant(self, picks: Picks) -> Variant | None:
        return self.by_picks.get(picks)

    def is_free(self, variant: Variant | None) -> bool:
        return variant is not None and variant.pk in self.free

    def left(self, picks: Sequence[str | None], axis: int, value: str) -> int | None:
        """Return the units of the one variant that ``value`` leads to, where it is the last few.

        None where there is plenty, nothing, or a further axis to pick before it is one variant.
        """
        led_to = [
            variant
            for known, variant in self.by_picks.items()
            if known[axis] == value
            and all(
                pick in (None, known[place]) for place, pick in enumerate(picks) if place != axis
            )
        ]
        if len(led_to) != 1 or not self.is_free(led_to[0]):
            return None
        units = self.stock[led_to[0].pk]
        return units if units <= LAST_FEW else None

    def picks_of(self, variant_id: UUID | None) -> Picks | None:
        return next((picks for picks, one in self.by_picks.items() if one.pk == variant_id), None)

    def is_open(self, picks: Sequence[str | None], axis: int, value: str) -> bool:
        """Tell whether ``value`` leads to something free, the other axes being as picked so far."""
        return any(
            self.is_free(variant)
            and known[axis] == value
            and all(
                pick is None or pick == known[place]
                for place, pick in enumerate(picks)
                if place != axis
            )
            for known, variant in self.by_picks.items()
        )


def replacements(basket: Basket) -> dict[UUID, Replacements]:
    """Return what may replace each answered item, by order line, be it in stock or not.

    At most three statements.
    """
    wishes = [
        answer
        for answer in basket.answers
        if set(SENT) & set(basket.resolutions(answer))
        and basket.line(answer.order_line_id).variant is not None
    ]
    products = {basket.line(one.order_line_id).variant.product_id for one in wishes}  # type: ignore[union-attr]
    if not products:
        return {}
    family: dict[UUID, list[Variant]] = defaultdict(list)
    for variant in Variant.objects.filter(product_id__in=products).order_by("pk"):
        family[variant.product_id].append(variant)
    stock = sellable_by_variant([one.pk for members in family.values() for one in members])
    ask = any(one.reason in REASONS for one in wishes)
    counts = kept_sizes(stock) if ask else []
    found = {}
    for answer in wishes:
        own = basket.line(answer.order_line_id).variant
        if own is not None:
            offered = _offered(basket, answer, own, family[own.product_id], stock)
            found[answer.order_line_id] = replace(offered, fit=_fit(offered, answer, counts))
    return found


def _fit(offered: Replacements, answer: Answer, counts: Sequence[KeptSize]) -> Fit | None:
    """Return what others kept after this size, where it can be had; a size counts in any colour."""
    axis, own = _size_axis(offered.axes), offered.picks_of(offered.own.pk)
    if axis is None or own is None or not counts:
        return None
    sizes = {variant.pk: picks[axis] for picks, variant in offered.by_picks.items()}
    fit = best_fit(counts, sizes, own[axis], answer.reason)
    free = {sizes[pk] for pk in offered.free}
    return fit if fit is not None and fit.other in free else None


def _size_axis(axes: Sequence[str]) -> int | None:
    """Return which axis is the size: the only one, or the one that is called so."""
    if len(axes) == 1:
        return 0
    return next((place for place, name in enumerate(axes) if name.casefold() in SIZES), None)


def _offered(
    basket: Basket, answer: Answer, own: Variant, members: list[Variant], stock: dict[UUID, int]
) -> Replacements:
    reason = basket.reason(answer)
    resolutions = basket.resolutions(answer)
    # Where a replacement is offered, an exchange is for another size or colour.
    same_again = (
        reason is not None and reason.fault and ResolutionKind.REPLACEMENT not in resolutions
    )
    exchanged = ResolutionKind.EXCHANGE in resolutions
    free = frozenset(
        one.pk
        for one in members
        if exchanged
        and stock[one.pk] >= answer.quantity
        and (not own.price_minor or one.price_minor <= own.price_minor)
        and (same_again or one.pk != own.pk)
    )
    axes = _axes(members)
    by_picks = {_picks(one, axes): one for one in members}
    units = {one.pk: stock[one.pk] for one in members}
    same = stock[own.pk] >= answer.quantity
    return Replacements(axes, own, by_picks, free, units, same_in_stock=same)


def _axes(members: Sequence[Variant]) -> tuple[str, ...]:
    """Return the options every variant has a value for, if they tell all of them apart."""
    names = [name for name in members[0].options if all(one.options.get(name) for one in members)]
    picks = {tuple(str(one.options[name]) for name in names) for one in members}
    return tuple(names) if names and len(picks) == len(members) else ("",)


def _picks(variant: Variant, axes: tuple[str, ...]) -> Picks:
    if axes == ("",):
        return (variant.title or variant.sku or str(variant.pk),)
    return tuple(str(variant.options[name]) for name in axes)
