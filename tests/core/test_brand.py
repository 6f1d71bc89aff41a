"""Any colour a merchant can type gives a portal that can be read."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.core.brand import (
    PAGE_LIGHT,
    SURFACE_DARK,
    SURFACE_LIGHT,
    BrandTokens,
    brand_css,
    brand_css_version,
    contrast,
    derive_brand,
)
from returns_portal.core.errors import InvalidInput

# Hex has 256 steps a channel, so a walk may stop a hair short of the ratio it aims at.
TEXT, LINE = 4.495, 2.99


def assert_readable(tokens: BrandTokens) -> None:
    assert contrast(tokens.on.light, tokens.fill.light) >= TEXT, tokens
    assert contrast(tokens.on.dark, tokens.fill.dark) >= TEXT, tokens
    assert contrast(tokens.on.light, tokens.hover.light) >= TEXT, tokens
    assert contrast(tokens.on.dark, tokens.hover.dark) >= TEXT, tokens
    for background in (PAGE_LIGHT, SURFACE_LIGHT, tokens.soft.light):
        assert contrast(tokens.text.light, background) >= TEXT, tokens
    for background in (SURFACE_DARK, tokens.soft.dark):
        assert contrast(tokens.text.dark, background) >= TEXT, tokens
    assert contrast(tokens.line.light, SURFACE_LIGHT) >= LINE, tokens
    assert contrast(tokens.line.dark, SURFACE_DARK) >= LINE, tokens
    assert contrast(tokens.fill.dark, SURFACE_DARK) >= LINE, tokens


@given(st.integers(0, 0xFFFFFF))
def test_derive_brand_any_colour_is_readable(number: int) -> None:
    assert_readable(derive_brand(f"#{number:06x}"))


def test_derive_brand_grid_of_colours_is_readable() -> None:
    for red, green, blue in itertools.product(range(0, 256, 51), repeat=3):
        assert_readable(derive_brand(f"#{red:02x}{green:02x}{blue:02x}"))


def test_derive_brand_readable_colour_is_kept_exactly() -> None:
    tokens = derive_brand("#1F6F5B")

    assert tokens.fill.light == "#1f6f5b"
    assert tokens.on.light == "#ffffff"
    assert not tokens.adjusted


def test_derive_brand_short_hex_reads_as_long() -> None:
    assert derive_brand("fc0") == derive_brand("#ffcc00")


def test_derive_brand_very_dark_colour_is_lifted_on_dark_page() -> None:
    tokens = derive_brand("#000000")

    assert tokens.fill.light == "#000000"
    assert tokens.fill.dark != "#000000"


@pytest.mark.parametrize("text", ["", "#12", "#12345", "red", "#gggggg", "#1f6f5b;}", "１２３456"])
def test_derive_brand_no_hex_colour_is_refused_with_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        derive_brand(text)

    assert refusal.value.field == "color"


@pytest.mark.parametrize("radius", [0, 13, -4])
def test_derive_brand_unknown_radius_is_refused(radius: int) -> None:
    with pytest.raises(InvalidInput):
        derive_brand("#1f6f5b", radius)


def test_brand_css_northloom_matches_its_stylesheet() -> None:
    css = brand_css(derive_brand("#1f6f5b"))

    assert css == (
        "@layer tokens {\n  :root {\n"
        "    --brand: light-dark(#1f6f5b, #1f6f5b);\n"
        "    --brand-hover: light-dark(#06614d, #2d7b66);\n"
        "    --brand-on: light-dark(#ffffff, #ffffff);\n"
        "    --brand-text: light-dark(#1f6f5b, #56a18b);\n"
        "    --brand-line: light-dark(#1f6f5b, #2d7b66);\n"
        "    --brand-soft: light-dark(#eaf8f3, #111f1b);\n"
        "    --brand-soft-line: light-dark(#bfe2d6, #243e36);\n"
        "    --brand-radius: 12px;\n"
        "  }\n}\n"
    )


def test_brand_css_version_changes_with_the_colour() -> None:
    one, same, other = (
        brand_css_version(derive_brand(color)) for color in ("#1f6f5b", "#1F6F5B", "#1f6f5c")
    )

    assert one == same
    assert one != other
