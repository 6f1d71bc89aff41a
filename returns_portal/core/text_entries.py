"""Every text a merchant may change, and how the product says it in each language.

Read from the catalogues that ship with the product. A text is known by a digest of its gettext key,
so that a reworded original is another text and an own one of the old wording speaks no more.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache

from babel.messages.catalog import Catalog
from django.utils.translation.trans_real import CONTEXT_SEPARATOR

from returns_portal.core.languages import SOURCE, format_locale
from returns_portal.core.texts import languages, originals, read_catalogue, strings

VARIABLE = re.compile(r"%\((\w+)\)[sd]")
TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class TextEntry:
    """One text as the sources have it; ``plural`` is empty where it counts nothing.

    ``places`` are the files it stands in, ``notes`` what translators are told.
    """

    key: str
    context: str
    text: str
    plural: str
    places: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def gettext_key(self) -> str:
        return _gettext_key(self.context, self.text)

    @property
    def variables(self) -> list[str]:
        """Return the placeholders in the order in which they stand, each once."""
        found = VARIABLE.finditer(f"{self.text} {self.plural}")
        return list(dict.fromkeys(one.group(0) for one in found))

    @property
    def tags(self) -> list[str]:
        return TAG.findall(self.plural or self.text)


def _gettext_key(context: str | None, text: str) -> str:
    return f"{context}{CONTEXT_SEPARATOR}{text}" if context else text


@cache
def text_entries() -> dict[str, TextEntry]:
    """Return every text by its key, in the order of the words."""
    found = []
    for message in read_catalogue(languages()[0]):
        if message.id:
            text, plural = originals(message)
            gettext_key = _gettext_key(message.context, text)
            found.append(
                TextEntry(
                    key=hashlib.sha256(gettext_key.encode()).hexdigest()[:16],
                    context=message.context or "",
                    text=text,
                    plural=plural,
                    places=tuple(path for path, _line in message.locations),
                    notes=tuple(message.auto_comments),
                )
            )
    return {entry.key: entry for entry in sorted(found, key=_by_words)}


def _by_words(entry: TextEntry) -> str:
    """Sort by what people read: past variables, markup and signs."""
    return TAG.sub("", VARIABLE.sub("", entry.text)).lstrip(" ,.:·(“").casefold()


def standard(entry: TextEntry, language: str) -> tuple[str, ...]:
    """Return how the product itself says it in ``language``, one text for each form."""
    if language == SOURCE:
        return (entry.text, entry.plural) if entry.plural else (entry.text,)
    return _translations(language)[entry.gettext_key]


@cache
def _translations(language: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for message in read_catalogue(language):
        if message.id:
            found[_gettext_key(message.context, originals(message)[0])] = strings(message)
    return found


@cache
def _catalogue(language: str) -> Catalog:
    """Return a catalogue of a language without texts, for its number of plural forms."""
    return Catalog(locale=format_locale(language), fuzzy=False)


def form_count(entry: TextEntry, language: str) -> int:
    """Return how many forms a text has in ``language``: one, unless it counts something."""
    return _catalogue(language).num_plurals if entry.plural else 1
