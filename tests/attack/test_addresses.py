"""Every address, with every method and with garbage in its place: a clear refusal, never a 5xx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.test import Client

from tests.attack.conftest import Attack, Stage
from tests.attack.corpus import METHODS, PATHS, QUERY_NAMES, TEXTS, share
from tests.attack.scene import Address, office_addresses, portal_addresses, root_addresses

Visit = tuple[Client, Address, dict[str, Any]]


def visits(stage: Stage) -> Iterator[Visit]:
    """Yield every address of every face with the visitor who may do the most there."""
    here = stage.here
    owner, shopper, program = here.staff("owner"), here.shopper(), here.shopper()
    key = {"headers": {"Authorization": f"Bearer {here.key}"}}
    yield from ((owner, address, {}) for address in office_addresses(here))
    yield from ((shopper, address, {}) for address in portal_addresses(here))
    yield from ((program, address, key) for address in root_addresses(here))
    yield from ((owner, address, {}) for address in root_addresses(here))


def test_any_method_on_any_address_never_breaks(attack: Attack) -> None:
    others = share(METHODS[3:], 1)
    for client, address, options in visits(attack.stage):
        for method in (*METHODS[:3], *next(others)):
            attack.send(client, method, address.url + address.query, **options)


def test_garbage_in_a_path_never_breaks(attack: Attack) -> None:
    words = share(PATHS, 2)
    for client, address, options in visits(attack.stage):
        for word in next(words):
            for url in address.with_garbage(word):
                for method in ("GET", "POST"):
                    attack.send(client, method, url, **options)


def test_garbage_in_a_query_never_breaks(attack: Attack) -> None:
    names, texts = share(QUERY_NAMES, 4), share(TEXTS, 1)
    for client, address, options in visits(attack.stage):
        for name in next(names):
            for text in next(texts):
                url = f"{address.url}?{name}={quote(text[:2000])}"
                attack.send(client, "GET", url, **options)
