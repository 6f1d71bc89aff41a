"""The languages shoppers can read, and how other programs name them. The back office is English."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from babel.core import UnknownLocaleError

# By code, each under the name its speakers give it. The first is what texts are written in.
LANGUAGES = (
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("it", "Italiano"),
    ("nl", "Nederlands"),
    ("da", "Dansk"),
    ("sv", "Svenska"),
    ("pl", "Polski"),
    ("pt", "Português"),
    ("ja", "日本語"),
    ("ar", "العربية"),
)
NAMES = dict(LANGUAGES)
SOURCE = LANGUAGES[0][0]
# What the embedded fonts of documents have letters for; other slips are printed in the source.
PRINTED = frozenset(NAMES) - {"ar", "ja"}
# Where the bare code means another country's way of writing to CLDR than it does to our texts.
_REGIONS = {"pt": "pt_PT"}


def language_of(locale: str) -> str:
    """Return the known language of a locale such as ``de-AT`` or ``pt_BR``; empty for others."""
    code = locale.replace("_", "-").split("-")[0].lower()
    return code if code in NAMES else ""


@lru_cache(maxsize=256)
def format_locale(locale: str) -> str:
    """Return the name by which Babel formats dates and money; an unknown region is left out."""
    name = locale.replace("-", "_")
    name = _REGIONS.get(name, name)
    try:
        return str(Locale.parse(name))
    except (UnknownLocaleError, ValueError):
        return _REGIONS.get(language_of(locale), language_of(locale) or SOURCE)
