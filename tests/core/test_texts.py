"""The catalogues: every text shoppers read in every language, and compiled as it stands."""

from __future__ import annotations

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings
from django.utils.translation import get_language_info, gettext, ngettext, override

from returns_portal.core import texts
from returns_portal.core.languages import NAMES, format_locale, language_of

FOUND = {(one.context, str(one.id)) for one in texts.found_texts() if one.id}
LANGUAGES = pytest.mark.parametrize("language", texts.languages())


def test_texts_of_pages_mails_slips_and_policy_are_found() -> None:
    for words in (
        "Start a return or exchange",
        "Your return is approved",
        "Put this page inside the parcel",
        "Gift cards can't be returned",
        "('%(n)d minute', '%(n)d minutes')",
        "This photo is broken. Take it again or choose another.",
    ):
        assert (None, words) in FOUND
    assert ("in a list", "refund") in FOUND


@LANGUAGES
def test_catalogue_has_every_text_and_no_other(language: str) -> None:
    kept = {(one.context, str(one.id)) for one in texts.read_catalogue(language) if one.id}

    assert kept == FOUND, "run manage.py compile_texts and translate what is new"


@LANGUAGES
def test_catalogue_is_translated_with_the_same_variables(language: str) -> None:
    assert texts.faults(texts.read_catalogue(language)) == []


@LANGUAGES
def test_compiled_catalogue_is_the_one_people_edit(language: str) -> None:
    compiled = texts.path_of(language, "mo").read_bytes()

    assert compiled == texts.mo_bytes(texts.read_catalogue(language))
    assert texts.po_bytes(texts.renew(language)) == texts.path_of(language).read_bytes()


@LANGUAGES
def test_plural_forms_are_those_of_the_language(language: str) -> None:
    head = texts.path_of(language).read_text(encoding="utf-8").split("\n\n")[0]

    assert f"nplurals={Catalog(locale=format_locale(language)).num_plurals};" in head
    with override(language):
        assert len({ngettext("%(n)d day", "%(n)d days", n) for n in range(1, 120)}) > (
            language not in ("ja",)
        )


@pytest.mark.parametrize(
    ("string", "fault"),
    [
        ("", "not translated"),
        ("Bestellung", "other variables"),
        ("Bestellung %(nummer)s", "other variables"),
        ("<b>Bestellung</b> %(number)s", "other variables"),
        ("Bestellung %(number)s", ""),
    ],
)
def test_faults_names_what_is_missing_or_strange(string: str, fault: str) -> None:
    catalog = Catalog(locale="de", fuzzy=False)
    catalog.add("Order %(number)s", string)

    found = texts.faults(catalog)

    assert [fault in line for line in found] == ([True] if fault else [])


def test_every_language_is_known_to_django_and_speaks() -> None:
    assert dict(settings.LANGUAGES) == NAMES
    for language in texts.languages():
        with override(language):
            assert gettext("Find my order") != "Find my order"
        assert get_language_info(language)["bidi"] == (language == "ar")


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de-AT", "de"), ("pt_BR", "pt"), ("EN-gb", "en"), ("fi-FI", ""), ("", ""), ("../de", "")],
)
def test_language_of_reads_locales(locale: str, language: str) -> None:
    assert language_of(locale) == language


@pytest.mark.parametrize(
    ("locale", "name"),
    [("de", "de"), ("de-XX", "de"), ("pt", "pt_PT"), ("pt-BR", "pt_BR"), ("../x", "en")],
)
def test_format_locale_is_one_babel_knows(locale: str, name: str) -> None:
    assert format_locale(locale) == name
