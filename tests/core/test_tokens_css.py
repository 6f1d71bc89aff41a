"""Every pair of colours that the components put on one another can be read, in light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from returns_portal.core.brand import contrast

TONES = ("neutral", "info", "success", "warning", "danger", "special")


def _tokens() -> dict[str, str]:
    text = Path(settings.BASE_DIR, "static/css/tokens.css").read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    base = text[: text.index('[data-density="compact"]')]
    return {name: value.strip() for name, value in re.findall(r"(--[\w-]+)\s*:\s*([^;]+);", base)}


TOKENS = _tokens()


def resolved(value: str, mode: str) -> str:
    """Return the hex behind a token's value for ``mode``, light or dark."""
    pair = re.fullmatch(r"light-dark\((.*)\)", value.strip())
    if pair:
        light, dark = re.split(r",(?![^(]*\))", pair[1], maxsplit=1)
        return resolved(light if mode == "light" else dark, mode)
    reference = re.fullmatch(r"var\((--[\w-]+)\)", value.strip())
    return resolved(TOKENS[reference[1]], mode) if reference else value.strip()


def _pairs() -> list[tuple[str, str, float]]:
    backgrounds = ("bg", "surface", "surface-raised", "sunken", "hover", "active", "selected")
    pairs = []
    for background in (f"--c-{name}" for name in backgrounds):
        pairs += [("--c-text", background, 7.0), ("--c-text-2", background, 4.5)]
        pairs.append(("--c-text-3", background, 4.5))
        if background != "--c-active":
            pairs.append(("--c-link", background, 4.5))
    for background in ("--c-bg", "--c-surface", "--c-surface-raised", "--c-sunken"):
        pairs += [("--c-line-strong", background, 3.0), ("--c-focus", background, 3.0)]
    pairs += [("--c-on-primary", "--c-primary", 4.5), ("--c-on-primary", "--c-primary-hover", 4.5)]
    for tone in TONES:
        for background in (f"--t-{tone}-bg", "--c-bg", "--c-surface", "--c-hover", "--c-selected"):
            pairs.append((f"--t-{tone}-text", background, 4.5))
        pairs.append(("--t-on-solid", f"--t-{tone}-solid", 4.5))
        pairs.append((f"--t-{tone}-solid", "--c-surface", 3.0))
    series = ("1", "2", "3", "4", "5", "6", "a1", "a2", "b1", "b2", "x")
    pairs += [(f"--v-{name}", "--c-surface", 3.0) for name in series]
    return pairs


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_tokens_every_pair_in_use_has_its_contrast(mode: str) -> None:
    short = [
        f"{front} on {back}: {ratio:.2f} < {least}"
        for front, back, least in _pairs()
        if (ratio := contrast(resolved(TOKENS[front], mode), resolved(TOKENS[back], mode))) < least
    ]

    assert short == []
