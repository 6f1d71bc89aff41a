"""What the demo merchant Northloom sells: outdoor clothing, priced in euro with tax included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product as combinations

from returns_portal.commerce.platforms.base import ProductRecord, VariantRecord
from returns_portal.core.money import Money

SOURCE = "demo"
CURRENCY = "EUR"
VENDOR = "Northloom"
FINAL_SALE = "final-sale"
_EAN_PREFIX = "5391524"

CLOTHES = ("XS", "S", "M", "L", "XL")
SHOES = ("EU 37", "EU 38", "EU 39", "EU 40", "EU 41", "EU 42", "EU 43", "EU 44")
ONE_SIZE = ("One size",)


@dataclass(frozen=True, slots=True)
class Design:
    """One product: its colours with their pictures, its sizes, its price and cost in cents."""

    code: str
    title: str
    kind: str
    price: int
    cost: int
    grams: int
    colours: tuple[tuple[str, str], ...]
    sizes: tuple[str, ...] = ONE_SIZE
    tags: tuple[str, ...] = ()


DESIGNS = (
    Design("MCS", "Merino Crew Sweater", "Knitwear", 9500, 3300, 420,
           (("Oat", "sweater-oat"), ("Charcoal", "sweater-char"), ("Moss", "sweater-moss")),
           CLOTHES),
    Design("TR2", "Trail Runner 2", "Footwear", 13000, 4700, 780,
           (("Slate", "shoe-slate"), ("Sand", "shoe-sand"), ("Black", "shoe-black")), SHOES),
    Design("RSJ", "Ridgeline Shell Jacket", "Jackets", 19000, 6900, 560,
           (("Pine", "jacket-pine"), ("Slate", "jacket-slate"), ("Ochre", "jacket-ochre")),
           CLOTHES),
    Design("FDP", "Fjord Down Parka", "Jackets", 28900, 11200, 1150,
           (("Ink", "parka-ink"), ("Rust", "parka-rust")), CLOTHES),
    Design("HBT", "Harbour Boot", "Footwear", 21000, 8200, 1480, (("Tan", "boot-tan"),), SHOES),
    Design("TKT", "Trek Trousers", "Trousers", 12000, 3900, 480, (("Olive", "trousers"),),
           CLOTHES),
    Design("FTE", "Field Tee", "T-shirts", 2900, 750, 170,
           (("White", "tee-white"), ("Navy", "tee-navy")), CLOTHES),
    Design("DTP", "Daytrip Pack 22", "Packs", 10900, 4000, 820, (("Moss", "pack"),)),
    Design("WCB", "Wool Camp Blanket", "Camp", 8900, 3100, 1300, (("Heather", "blanket"),)),
    Design("ECS", "Ember Camp Stove", "Camp", 6400, 2500, 640, (("Steel", "stove"),)),
    Design("PHL", "Polar Headlamp 400", "Camp", 5900, 2100, 95, (("Black", "headlamp"),)),
    Design("ECM", "Enamel Camp Mug", "Camp", 1600, 400, 140, (("Cream", "mug"),)),
    Design("TSK", "Trail Socks", "Accessories", 2000, 450, 60, (("Grey", "socks"),),
           ("36–38", "39–41", "42–44")),
    Design("RBN", "Ribbed Beanie", "Accessories", 3600, 900, 80, (("Rust", "beanie"),), ONE_SIZE,
           (FINAL_SALE,)),
    Design("FLN", "Fell Liner Gloves", "Accessories", 3400, 1050, 55, (("Rust", "beanie"),),
           ("S", "M", "L"), ("no-return",)),
)  # fmt: skip

# Nothing on the shelf, so that a wish for them meets its answer: a size to wait for.
SOLD_OUT = frozenset({"MCS-OAT-XL", "TR2-SLA-41"})


@dataclass(frozen=True, slots=True)
class Article:
    """One variant with everything an order line repeats of it."""

    design: Design
    record: VariantRecord

    @property
    def sku(self) -> str:
        return self.record.sku


def products() -> list[ProductRecord]:
    """Return the catalogue. ``available`` of each variant is what the shelf holds at the start."""
    by_design: dict[str, list[VariantRecord]] = {}
    for article in articles().values():
        by_design.setdefault(article.design.code, []).append(article.record)
    return [
        ProductRecord(
            source=SOURCE,
            external_id=design.code,
            title=design.title,
            product_type=design.kind,
            vendor=VENDOR,
            tags=design.tags,
            image_url=picture(design.colours[0][1]),
            variants=tuple(by_design[design.code]),
        )
        for design in DESIGNS
    ]


def articles() -> dict[str, Article]:
    """Return every variant by its SKU, such as ``MCS-OAT-S`` or ``TR2-SLA-39``."""
    return {article.sku: article for article in _articles()}


def _articles() -> Iterator[Article]:
    number = 0
    for design in DESIGNS:
        for (colour, image), size in combinations(design.colours, design.sizes):
            number += 1
            yield Article(design, _variant(design, colour, image, size, number))


def _variant(design: Design, colour: str, image: str, size: str, number: int) -> VariantRecord:
    short = size.removeprefix("EU ").replace("–", "") if size not in ONE_SIZE else ""
    sku = "-".join(part for part in (design.code, colour[:3].upper(), short) if part)
    return VariantRecord(
        external_id=sku,
        title=f"{colour} / {size}" if short else colour,
        options=(("Colour", colour), ("Size", size)) if short else (("Colour", colour),),
        price=Money(design.price, CURRENCY),
        cost=Money(design.cost, CURRENCY),
        sku=sku,
        barcode=_ean(number),
        image_url=picture(image),
        weight_grams=design.grams,
        available=0 if sku in SOLD_OUT else 4 + number * 7 % 23,
    )


def _ean(number: int) -> str:
    """Return an EAN-13 whose check digit is right, so that scanners accept it."""
    digits = f"{_EAN_PREFIX}{number:05d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def picture(name: str) -> str:
    """Return the address of a product's drawing."""
    return f"/static/img/demo/{name}.svg"
