"""A merchant's own texts as a .po file, which translators' programs read: out and in again.

The file holds every text of one language, the product's own wording where there is no other, so
that whoever translates sees the whole. Coming in, what says the same as the product is no own text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po

from returns_portal.core.errors import InvalidInput
from returns_portal.core.languages import NAMES, format_locale, language_of
from returns_portal.core.text_checks import faults_of, tidy
from returns_portal.core.text_entries import TextEntry, form_count, standard, text_entries
from returns_portal.core.texts import originals, strings

MAX_BYTES = 1024 * 1024
MAX_MISTAKES = 50
Forms = tuple[str, ...]


def texts_file(language: str, own: Mapping[str, Forms]) -> bytes:
    """Return every text of ``language``, with ``own`` ones by key; the same texts, same bytes."""
    catalog = Catalog(locale=format_locale(language), fuzzy=False)
    for entry in text_entries().values():
        forms = own.get(entry.key) or standard(entry, language)
        catalog.add(
            (entry.text, entry.plural) if entry.plural else entry.text,
            forms if entry.plural else forms[0],
            auto_comments=entry.notes,
            context=entry.context or None,
        )
    written = BytesIO()
    write_po(written, catalog, width=96, omit_header=True, sort_output=True)
    head = (
        "# What shoppers read. Change the msgstr lines and leave variables and tags as they are.\n"
        f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'
    )
    return head.encode() + written.getvalue()


def read_texts_file(language: str, raw: bytes) -> dict[str, Forms]:
    """Return what a file says by key: the own forms, or none where it says what the product says.

    What is empty, marked as uncertain, or no text of ours is left out. Raises InvalidInput with
    every mistake in ``facts["errors"]``.
    """
    catalog = _catalogue(language, raw)
    found: dict[str, Forms] = {}
    mistakes: list[dict[str, str]] = []
    for entry, message in _known(catalog):
        said, usual = strings(message), standard(entry, language)
        forms = tuple(map(tidy, said, usual)) if len(said) == len(usual) else said
        if message.fuzzy or not any(forms):
            continue
        if wrong := _mistakes(entry, language, forms):
            mistakes += wrong
        else:
            found[entry.key] = () if forms == usual else forms
    if mistakes:
        raise InvalidInput(
            "Mend the texts below and choose the file again.",
            field="file",
            facts={"errors": mistakes[:MAX_MISTAKES]},
        )
    return found


def _catalogue(language: str, raw: bytes) -> Catalog:
    if len(raw) > MAX_BYTES:
        raise InvalidInput("This file is over 1 MB. Export one here to start from.", field="file")
    try:
        text = raw.decode("utf-8-sig")
        if "\0" in text:
            raise InvalidInput("This file holds bytes that no text has.", field="file")
        catalog = read_po(BytesIO(text.encode()), abort_invalid=True)
    except UnicodeDecodeError:
        raise InvalidInput("Save this file as UTF-8 and choose it again.", field="file") from None
    except (PoFileError, ValueError, LookupError, SyntaxError, AttributeError, TypeError):
        # Babel's reader is strict about some mistakes and stumbles over others.
        raise InvalidInput(
            "We can’t read this as a .po file. Export one here to start from.", field="file"
        ) from None
    told = language_of(str(catalog.locale)) if catalog.locale else language
    if told != language:
        raise InvalidInput(
            f"This file is for another language. Choose one for {NAMES[language]}.", field="file"
        )
    return catalog


def _known(catalog: Catalog) -> Iterator[tuple[TextEntry, Message]]:
    by_words = {(one.context, one.text, one.plural): one for one in text_entries().values()}
    for message in catalog:
        if message.id:
            entry = by_words.get((message.context or "", *originals(message)))
            if entry is not None:
                yield entry, message


def _mistakes(entry: TextEntry, language: str, forms: Forms) -> list[dict[str, str]]:
    if len(forms) != form_count(entry, language):
        words = f"{NAMES[language]} has {form_count(entry, language)} forms here."
        return [{"text": entry.text, "message": words}]
    return [{"text": entry.text, "message": fault.message} for fault in faults_of(entry, forms)]
