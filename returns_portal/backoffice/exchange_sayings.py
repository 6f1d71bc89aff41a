"""What the settings of exchanges say, as one sentence for each value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_ANY = {
    True: "Items are exchanged for any product",
    False: "Items are exchanged within their product",
}
_CHEAPER = {
    "refund": "What a cheaper product leaves over goes back as a refund",
    "store_credit": "What a cheaper product leaves over becomes store credit",
}
_DEARER = {
    "never": "Dearer products are not offered",
    "collect": "Dearer products are offered, and we collect what is to pay",
}
_WORDS: dict[str, dict[Any, str]] = {"any_product": _ANY, "cheaper": _CHEAPER, "dearer": _DEARER}


def _one(path: tuple[str, ...], value: Any, _side: object) -> str:
    return _WORDS[path[-1]][value]


def _whole(_path: tuple[str, ...], value: Any, _side: object) -> str:
    return ". ".join(words[value[name]] for name, words in _WORDS.items())


EXCHANGE_SAYINGS: dict[tuple[str, ...], Callable[[tuple[str, ...], Any, Any], str]] = {
    ("exchange",): _whole,
    **{("exchange", name): _one for name in _WORDS},
}
