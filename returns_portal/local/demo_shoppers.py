"""Who buys at the demo merchant, and where they live. Nobody here exists."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from returns_portal.commerce.platforms.base import AddressRecord


@dataclass(frozen=True, slots=True)
class Market:
    """A country's money and tax. ``rate`` turns euro cents into minor units, times 1,000.

    ``taxes`` are (name, parts per million); they stand on top of the price where ``exclusive``.
    """

    currency: str
    rate: int
    step: int
    taxes: tuple[tuple[str, int], ...]
    shipping: int
    exclusive: bool = False
    locale: str = "en"


MARKETS = {
    "IE": Market("EUR", 1_000, 1, (("VAT", 230_000),), 500, locale="en-IE"),
    "DE": Market("EUR", 1_000, 1, (("MwSt.", 190_000),), 590, locale="de-DE"),
    "FR": Market("EUR", 1_000, 1, (("TVA", 200_000),), 690, locale="fr-FR"),
    "IT": Market("EUR", 1_000, 1, (("IVA", 220_000),), 690, locale="it-IT"),
    "NL": Market("EUR", 1_000, 1, (("BTW", 210_000),), 590, locale="nl-NL"),
    "PT": Market("EUR", 1_000, 1, (("IVA", 230_000),), 690, locale="pt-PT"),
    "FI": Market("EUR", 1_000, 1, (("ALV", 255_000),), 790, locale="fi-FI"),
    "DK": Market("EUR", 1_000, 1, (("Moms", 250_000),), 690, locale="da-DK"),
    "NO": Market("EUR", 1_000, 1, (("MVA", 250_000),), 990, locale="nb-NO"),
    "SE": Market("SEK", 11_400, 100, (("Moms", 250_000),), 590, locale="sv-SE"),
    "PL": Market("PLN", 4_300, 100, (("VAT", 230_000),), 590, locale="pl-PL"),
    "GB": Market("GBP", 860, 50, (("VAT", 200_000),), 690, locale="en-GB"),
    "US": Market("USD", 1_090, 100, (("State tax", 40_000), ("City tax", 48_750)), 1290,
                 exclusive=True, locale="en-US"),
    # Yen have no smaller unit, dinars have a thousand.
    "JP": Market("JPY", 1_630, 100, (("消費税", 100_000),), 1490, locale="ja-JP"),
    "KW": Market("KWD", 3_330, 10, (), 1490, locale="en"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shopper:
    """A shopper with one address. ``card`` are the last digits their payments show, ``groups`` the
    shop's tags of the customer."""

    first_name: str
    last_name: str
    country: str
    street: str
    city: str
    postcode: str
    region: str = ""
    card: str = "4242"
    groups: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        """Return an address on a reserved domain, such as ``maya.lindqvist@example.com``."""
        plain = self.name.translate(str.maketrans("øæłØŁ", "oalOL"))
        plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
        return re.sub(r"[^a-z]+", ".", plain.lower()).strip(".") + "@example.com"

    @property
    def market(self) -> Market:
        return MARKETS[self.country]

    @property
    def address(self) -> AddressRecord:
        return AddressRecord(
            name=self.name,
            line1=self.street,
            city=self.city,
            region=self.region,
            postcode=self.postcode,
            country=self.country,
        )


_TOLD = (
    Shopper("Maya", "Lindqvist", "IE", "9 Synge Street", "Dublin", "D08 XK29"),
    Shopper("Tomás", "Ribeiro", "PT", "Rua da Bica 31", "Lisboa", "1200-054", card="1881"),
    Shopper("Aoife", "Byrne", "IE", "2 Quay Street", "Galway", "H91 F5P8", card="0341"),
    Shopper("Jean-Baptiste", "Marchand", "FR", "18 rue Mercière", "Lyon", "69002", card="7020"),
    Shopper("Chiara", "Russo", "IT", "Via Po 44", "Torino", "10123", card="3310"),
    Shopper("Sofie", "Nygaard", "DK", "Jægersborggade 12", "København", "2200", card="5561"),
    Shopper("Pieter", "de Vries", "NL", "Oudegracht 210", "Utrecht", "3511 NR", card="0909"),
    Shopper("Ingrid", "Solberg", "NO", "Strandgaten 81", "Bergen", "5004", card="2718"),
    Shopper("Lukas", "Hoffmann", "DE", "Weserstraße 58", "Berlin", "12045", card="6011"),
    Shopper("Emma", "Laurent", "FR", "7 rue des Salorges", "Nantes", "44100", card="1414"),
    Shopper("Matteo", "Conti", "IT", "Via San Vitale 9", "Bologna", "40125", card="1618"),
    Shopper("Hanna", "Virtanen", "FI", "Fleminginkatu 21", "Helsinki", "00500", card="5772"),
    Shopper("Daniel", "O’Connor", "IE", "14 South Mall", "Cork", "T12 RX8N", card="8888"),
    Shopper("Zofia", "Kowalska", "PL", "ul. Józefa 16", "Kraków", "31-056", card="3003"),
    Shopper("Rasmus", "Holm", "DK", "Mejlgade 40", "Aarhus", "8000", card="4711"),
    Shopper("Camille", "Dubois", "FR", "25 rue du Taur", "Toulouse", "31000", card="2021"),
    Shopper("Björn", "Åkesson", "SE", "Bergsgatan 14", "Malmö", "214 22", card="1066"),
    Shopper("Haruka", "Tanaka", "JP", "2-11-3 Jinnan", "Shibuya", "150-0041", "Tokyo", "1964"),
    Shopper("Noura", "Al-Sabah", "KW", "Block 4, Street 12, House 8", "Salmiya", "22001",
            card="1961"),
    Shopper("Grace", "Whitfield", "US", "231 Grand Street", "New York", "10013", "NY", "1776"),
)  # fmt: skip

_FIRST = (
    "Lena", "Oscar", "Freya", "Hugo", "Nora", "Elias", "Clara", "Milan", "Saoirse", "Anton", "Ines",
    "Victor", "Marta", "Felix", "Alma", "Theo", "Greta", "Rafael", "Ida", "Samir",
)  # fmt: skip
_PLACES = (
    ("DE", "Schanzenstraße", "Hamburg", "20357", "", ("Weber", "Krüger", "Yılmaz", "Lang")),
    ("DE", "Türkenstraße", "München", "80799", "", ("Huber", "Vogt", "Seidel")),
    ("IE", "Patrick Street", "Limerick", "V94 T28R", "", ("Kelly", "Walsh", "Nolan")),
    ("NL", "Witte de Withstraat", "Rotterdam", "3012 BR", "", ("Bakker", "Visser", "Smit")),
    ("FR", "rue Oberkampf", "Paris", "75011", "", ("Moreau", "Petit", "Roux")),
    ("GB", "Gloucester Road", "Bristol", "BS7 8NZ", "", ("Hughes", "Patel", "Marsh")),
    ("SE", "Linnégatan", "Göteborg", "413 04", "", ("Nyström", "Berg", "Sjöberg")),
    ("US", "Alberta Street", "New York", "10002", "NY", ("Rivera", "Cohen", "Park")),
)  # fmt: skip


def told_shoppers() -> dict[str, Shopper]:
    """Return the shoppers of the demo's stories by name."""
    return {shopper.name: shopper for shopper in _TOLD}


def more_shoppers() -> list[Shopper]:
    """Return the shop's other customers, the same ones each time."""
    found = []
    for number, first_name in enumerate(_FIRST * 2):
        country, street, city, postcode, region, names = _PLACES[number % len(_PLACES)]
        found.append(
            Shopper(
                first_name=first_name,
                last_name=names[number // len(_PLACES) % len(names)],
                country=country,
                street=f"{street} {3 + number * 5 % 90}",
                city=city,
                postcode=postcode,
                region=region,
                card=f"{1000 + number * 37}",
                groups=("VIP",) if number % 7 == 0 else ("Newsletter",) if number % 3 == 0 else (),
            )
        )
    return found
