"""Turn one merchant colour into seven contrast-safe tokens, each for light and dark.

The walk happens in OKLCH with the hue kept, so a brand stays recognisable. Guarantees, asserted
over many colours by tests: text on the fill and brand text reach 4.5:1, outlines 3:1. Nothing here
reads a database or a request; the stylesheet it prints is served as a file of its own.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass

from returns_portal.core.errors import InvalidInput

WHITE, INK = "#ffffff", "#0a0c0f"
PAGE_LIGHT, SURFACE_LIGHT = "#f7f8f9", "#ffffff"
SURFACE_DARK = "#111319"
RADII = (4, 12, 20)
# Sides of a favicon in px: for tabs, and for home screens.
ICON_SIZES = (32, 180)
SYSTEM_FONT = "system"
# Families that systems bring along, so that a page waits for no font and asks nobody for one. Each
# ends in a generic family; scripts that a family lacks fall through to the system's.
FONTS = {
    SYSTEM_FONT: ("Of the system", ""),
    "humanist": (
        "Humanist",
        'Seravek, "Gill Sans Nova", Ubuntu, Calibri, "DejaVu Sans", "Noto Sans", sans-serif',
    ),
    "geometric": (
        "Geometric",
        '"Avenir Next", Avenir, Montserrat, Corbel, "URW Gothic", "Noto Sans", sans-serif',
    ),
    "rounded": (
        "Rounded",
        'ui-rounded, "SF Pro Rounded", "Hiragino Maru Gothic ProN", Quicksand, Nunito, '
        '"Arial Rounded MT Bold", "Noto Sans", sans-serif',
    ),
    "serif": (
        "Serif",
        'Charter, "Bitstream Charter", "Sitka Text", Cambria, "Noto Serif", Georgia, serif',
    ),
}

_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


@dataclass(frozen=True, slots=True)
class Shade:
    """One token's colour on the light and on the dark page, as ``#rrggbb``."""

    light: str
    dark: str


@dataclass(frozen=True, slots=True)
class BrandTokens:
    """The seven tokens of a merchant's brand, corner radius in px, font, and the colour given.

    ``fill`` is the button, ``on`` the text on it, ``text`` the brand as text on the page, ``line``
    outlines and selection, ``soft`` and ``soft_line`` tints.
    """

    source: str
    fill: Shade
    hover: Shade
    on: Shade
    text: Shade
    line: Shade
    soft: Shade
    soft_line: Shade
    radius: int
    font: str = SYSTEM_FONT

    @property
    def adjusted(self) -> bool:
        """Say whether the fill had to differ from the merchant's own colour."""
        return self.fill.light != self.source

    @property
    def colors(self) -> dict[str, str]:
        """Return the hex values that e-mails and documents use (``dark_`` for dark mode)."""
        names = ("fill", "hover", "on", "text", "line", "soft", "soft_line")
        light = {name: getattr(self, name).light for name in names}
        return light | {f"dark_{name}": getattr(self, name).dark for name in names}


def normal_hex(text: str) -> str:
    """Return ``text`` as lower-case ``#rrggbb``. Raises InvalidInput when it is no hex colour."""
    match = _HEX.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(
            "Write the colour as # and 6 digits or letters, like #1f6f5b.", field="color"
        )
    digits = match[1].lower()
    return "#" + ("".join(digit * 2 for digit in digits) if len(digits) == 3 else digits)


def contrast(first: str, second: str) -> float:
    """Return the WCAG contrast ratio of two hex colours, from 1 to 21."""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def derive_brand(color: str, radius: int = 12, font: str = SYSTEM_FONT) -> BrandTokens:
    """Derive the tokens for a merchant's ``color`` (hex). Raises InvalidInput for another value."""
    brand = normal_hex(color)
    if radius not in RADII:
        raise InvalidInput("Choose corners of 4, 12 or 20 pixels.", field="radius")
    if font not in FONTS:
        raise InvalidInput("Choose a font from the list.", field="font")
    _, chroma, hue = _oklch(brand)
    fill, on = _fill_and_text(brand)
    hover = _lightened(fill, -0.05 if on == WHITE else 0.04)
    if contrast(on, hover) < 4.5:
        hover = fill
    soft = _hex_of(0.968, min(chroma, 0.016), hue)
    text = _walk(_walk(brand, PAGE_LIGHT, 4.5, -1), soft, 4.5, -1)
    # A very dark brand is lifted so that its button is visible on the dark page.
    visible = contrast(brand, SURFACE_DARK) >= 3
    dark_fill, dark_on = _fill_and_text(brand if visible else _walk(brand, SURFACE_DARK, 3.2, +1))
    dark_soft = _hex_of(0.225, min(chroma, 0.022), hue)
    dark_text = _walk(_walk(brand, SURFACE_DARK, 6, +1), dark_soft, 5.5, +1)
    return BrandTokens(
        source=brand,
        fill=Shade(fill, dark_fill),
        hover=Shade(hover, _dark_hover(dark_fill, dark_on)),
        on=Shade(on, dark_on),
        text=Shade(text, dark_text),
        line=Shade(_walk(brand, SURFACE_LIGHT, 3, -1), _walk(brand, SURFACE_DARK, 3.6, +1)),
        soft=Shade(soft, dark_soft),
        soft_line=Shade(
            _hex_of(0.885, min(chroma, 0.04), hue), _hex_of(0.34, min(chroma, 0.035), hue)
        ),
        radius=radius,
        font=font,
    )


def brand_css(tokens: BrandTokens) -> str:
    """Return the stylesheet that puts ``tokens`` on ``:root``; serve it as a file."""
    rows = (
        ("--brand", tokens.fill),
        ("--brand-hover", tokens.hover),
        ("--brand-on", tokens.on),
        ("--brand-text", tokens.text),
        ("--brand-line", tokens.line),
        ("--brand-soft", tokens.soft),
        ("--brand-soft-line", tokens.soft_line),
    )
    lines = [f"    {name}: light-dark({shade.light}, {shade.dark});" for name, shade in rows]
    lines.append(f"    --brand-radius: {tokens.radius}px;")
    if tokens.font != SYSTEM_FONT:
        lines.append(f"    --font-sans: {FONTS[tokens.font][1]};")
    body = "\n".join(lines)
    return f"@layer tokens {{\n  :root {{\n{body}\n  }}\n}}\n"


def brand_css_version(tokens: BrandTokens) -> str:
    """Return a short hash of the stylesheet for its immutable address, 12 hex digits."""
    return hashlib.sha256(brand_css(tokens).encode()).hexdigest()[:12]


def _fill_and_text(fill: str) -> tuple[str, str]:
    """Prefer white text, then ink; if neither reaches 4.5:1, darken the fill until white does."""
    for text in (WHITE, INK):
        if contrast(text, fill) >= 4.5:
            return fill, text
    return _walk(fill, WHITE, 4.5, -1), WHITE


def _dark_hover(fill: str, on: str) -> str:
    for shift in (0.04, -0.04):
        hover = _lightened(fill, shift)
        if contrast(on, hover) >= 4.5:
            return hover
    return fill


def _walk(color: str, background: str, ratio: float, direction: int) -> str:
    """Move lightness (-1 darker, +1 lighter) until ``ratio`` against ``background`` is met."""
    lightness, chroma, hue = _oklch(color)
    out = color
    while contrast(out, background) < ratio:
        lightness += direction * 0.005
        if not 0 < lightness < 1:
            return "#000000" if direction < 0 else "#ffffff"
        out = _hex_of(lightness, chroma, hue)
    return out


def _lightened(color: str, amount: float) -> str:
    lightness, chroma, hue = _oklch(color)
    return _hex_of(min(0.98, max(0.05, lightness + amount)), chroma, hue)


def _channels(color: str) -> tuple[float, float, float]:
    """Return the linear-light sRGB channels of ``#rrggbb``."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _encoded(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _luminance(color: str) -> float:
    red, green, blue = _channels(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _oklch(color: str) -> tuple[float, float, float]:
    """Return lightness, chroma and hue in degrees (Ottosson's OKLab matrices)."""
    r, g, b = _channels(color)
    l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)  # noqa: E741
    m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    lightness = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s
    a_axis = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s
    b_axis = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s
    hue = math.degrees(math.atan2(b_axis, a_axis)) % 360
    return lightness, math.hypot(a_axis, b_axis), hue


def _linear_of(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a_axis = chroma * math.cos(math.radians(hue))
    b_axis = chroma * math.sin(math.radians(hue))
    l = (lightness + 0.3963377774 * a_axis + 0.2158037573 * b_axis) ** 3  # noqa: E741
    m = (lightness - 0.1055613458 * a_axis - 0.0638541728 * b_axis) ** 3
    s = (lightness - 0.0894841775 * a_axis - 1.2914855480 * b_axis) ** 3
    return (
        4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
        -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
    )


def _hex_of(lightness: float, chroma: float, hue: float) -> str:
    """Return the sRGB hex of an OKLCH colour, reducing chroma until it fits the gamut."""

    def fits(candidate: float) -> bool:
        return all(-1e-4 <= v <= 1 + 1e-4 for v in _linear_of(lightness, candidate, hue))

    fitting, too_much = (chroma, chroma) if fits(chroma) else (0.0, chroma)
    while too_much - fitting > 1e-9:
        middle = (fitting + too_much) / 2
        fitting, too_much = (middle, too_much) if fits(middle) else (fitting, middle)
    rgb = (
        round(255 * min(1.0, max(0.0, _encoded(max(0.0, v)))))
        for v in _linear_of(lightness, fitting, hue)
    )
    return "#" + "".join(f"{value:02x}" for value in rgb)
