"""The texts shoppers read and their translations: found in the sources, kept in catalogues.

``locale/<language>/LC_MESSAGES/django.po`` is what people edit, the ``.mo`` beside it is what
Django reads. Babel does all of it, so no gettext program is needed anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from returns_portal.core.languages import NAMES, SOURCE, format_locale

# What shoppers read. The back office, the API and the accounts pages speak English.
SOURCES = (
    "returns_portal/commerce/counters.py",
    "returns_portal/core/*.py",
    "returns_portal/core/templatetags/*.py",
    "returns_portal/portal/**/*.py",
    "notifications/*.py",
    "rma/*.py",
    "rma/actions/*.py",
    "rma/policy/*.py",
    "templates/base.html",
    "templates/portal/*.html",
    "templates/emails/**/*.*",
    "templates/documents/*.html",
    *(
        f"templates/components/{name}.html"
        for name in ("field", "file", "file_drop", "money_table", "stepper", "steps", "timeline")
    ),
)
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
COMMENTS = ["Translators:"]
_VARIABLE = re.compile(r"%\((\w+)\)[sd]|(?<!%)%[sd]")
_MARKUP = re.compile(r"</?\w+")


class _Dateless(Catalog):
    """A catalogue whose head names no date and no program, so that compiling is repeatable."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale)),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Plural-Forms", self.plural_forms),
        ]


def languages() -> list[str]:
    """Return the languages that have a catalogue: all but the one the texts are written in."""
    return [code for code in NAMES if code != SOURCE]


def path_of(language: str, suffix: str = "po") -> Path:
    """Return where a catalogue lies; it may not be there yet."""
    root = Path(settings.LOCALE_PATHS[0])
    return root / language / "LC_MESSAGES" / f"django.{suffix}"


def found_texts() -> Catalog:
    """Return every text of the sources, with where it stands and what translators should know."""
    catalog = Catalog(fuzzy=False)
    root = Path(settings.BASE_DIR)
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            for _line, keyword, texts, comments in _extract(path):
                context, singular, plural = _parts(keyword, texts)
                if singular:
                    catalog.add(
                        (singular, plural) if plural else singular,
                        locations=[(path.relative_to(root).as_posix(), 0)],
                        auto_comments=comments,
                        context=context,
                    )
    return catalog


def _extract(path: Path) -> Iterator[tuple[int, str, tuple[str | None, ...], list[str]]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # What is left of a page's indentation is none of Python's.
        lines = templatize(text, origin=str(path)).splitlines()
        text = "\n".join(line.lstrip() for line in lines)
    source = BytesIO(text.encode())
    # Babel's annotations leave out that arguments which are no plain text come as None.
    calls: Iterator[Any] = iter(extract_python(source, KEYWORDS, COMMENTS, {}))
    for line, keyword, texts, comments in calls:
        yield line, keyword or "", texts if isinstance(texts, tuple) else (texts,), comments


def _parts(keyword: str, texts: tuple[str | None, ...]) -> tuple[str | None, str, str]:
    """Return context, text and plural of one call; the text is empty for what is no plain call."""
    if None in texts[: 2 if "pgettext" in keyword or "ngettext" in keyword else 1]:
        return None, "", ""
    words = [str(text) for text in texts if text is not None]
    if keyword.startswith("npgettext"):
        return words[0], words[1], words[2]
    if keyword.startswith("pgettext"):
        return words[0], words[1], ""
    if keyword.startswith("ngettext"):
        return None, words[0], words[1]
    return None, words[0], ""


def read_catalogue(language: str) -> Catalog:
    """Return a language's catalogue as kept, or an empty one."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=format_locale(language), fuzzy=False)
    with path.open("rb") as kept:
        return read_po(kept, locale=format_locale(language))


def renew(language: str) -> Catalog:
    """Bring a catalogue to the texts of the sources: new ones stand empty, old ones go."""
    kept, renewed = read_catalogue(language), Catalog(locale=format_locale(language), fuzzy=False)
    for message in found_texts():
        if message.id:
            before = kept.get(_first(message), message.context)
            renewed.add(
                message.id,
                before.string if before and before.pluralizable == message.pluralizable else "",
                locations=message.locations,
                auto_comments=message.auto_comments,
                user_comments=before.user_comments if before else (),
                context=message.context,
            )
    return renewed


def po_bytes(catalog: Catalog) -> bytes:
    """Return a catalogue as a .po file: the same texts give the same bytes."""
    written = BytesIO()
    head = (
        f"# Texts for shoppers. Edit the msgstr lines, then run manage.py compile_texts.\n"
        f'msgid ""\nmsgstr ""\n'
        f'"Language: {catalog.locale}\\n"\n'
        f'"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'
    )
    write_po(written, catalog, width=96, omit_header=True, sort_output=True, include_lineno=False)
    return head.encode() + written.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """Return a catalogue as Django reads it."""
    plain = _Dateless(locale=catalog.locale, fuzzy=False)
    for message in catalog:
        if message.id:
            plain.add(message.id, message.string, context=message.context)
    written = BytesIO()
    write_mo(written, plain)
    return written.getvalue()


def faults(catalog: Catalog) -> list[str]:
    """Return what is wrong with a catalogue: untranslated, uncertain, or other variables or tags.

    A plural form may leave a number out, as Arabic does for one and two; nothing else may go.
    """
    found = []
    for message in catalog:
        if not message.id:
            continue
        said = strings(message)
        if message.fuzzy or not all(said) or len(said) != _forms(catalog, message):
            found.append(f"{_first(message)!r}: not translated")
            continue
        allowed = _marks(message.id[-1] if message.pluralizable else str(message.id))
        for text in said:
            spare = allowed - _marks(text)
            if _marks(text) - allowed or (spare and not message.pluralizable):
                found.append(f"{_first(message)!r}: other variables in {text!r}")
    return found


def originals(message: Message) -> tuple[str, str]:
    """Return the text of a message and its plural, which is empty where nothing is counted."""
    if message.pluralizable:
        return str(message.id[0]), str(message.id[1])
    return str(message.id), ""


def strings(message: Message) -> tuple[str, ...]:
    """Return what a message says in its language, one text for each form."""
    texts = message.string if message.pluralizable else (message.string,)
    return tuple(str(text or "") for text in texts or ())


def _forms(catalog: Catalog, message: Message) -> int:
    return catalog.num_plurals if message.pluralizable else 1


def _marks(text: str) -> set[str]:
    return {found.group(0) for found in _VARIABLE.finditer(text)} | set(_MARKUP.findall(text))


def _first(message: Message) -> str:
    return str(message.id[0] if message.pluralizable else message.id)
