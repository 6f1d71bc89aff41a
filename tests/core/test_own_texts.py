"""The merchant's wording over the catalogues, and what a text must keep to be taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from django.conf import settings
from django.template import Context, Template
from django.utils.translation import (
    gettext,
    gettext_lazy,
    ngettext,
    ngettext_lazy,
    override,
    pgettext,
    pgettext_lazy,
)

from returns_portal.core.languages import NAMES
from returns_portal.core.own_texts import NONE, OwnTexts, own_wording
from returns_portal.core.text_checks import faults_of, longest, tidy, usable
from returns_portal.core.text_entries import TextEntry, form_count, standard, text_entries
from returns_portal.core.texts import found_texts

FIND, REFUND = "Find my order", "in a list\x04refund"
LAZY = gettext_lazy(FIND)
OWN: OwnTexts = {
    "de": {FIND: ("Los",), "%(n)d day": ("%(n)d Tag!", "%(n)d Tage!"), REFUND: ("Geld",)},
    "ar": {"%(n)d day": ("صفر", "واحد", "اثنان", "قليل", "كثير", "غيره")},
    "en": {FIND: ("Go",)},
}


def every_language() -> Iterator[tuple[TextEntry, str]]:
    return ((entry, language) for entry in text_entries().values() for language in NAMES)


def test_own_texts_speak_inside_the_block_and_nowhere_else() -> None:
    with override("de"):
        usual = gettext(FIND)
        with own_wording(OWN):
            assert (gettext(FIND), str(LAZY), str(gettext_lazy(FIND))) == ("Los", "Los", "Los")
            assert gettext("Order number") == "Bestellnummer"
            with own_wording(NONE):
                assert gettext(FIND) == usual
        assert gettext(FIND) == str(LAZY) == usual == "Bestellung suchen"


def test_own_texts_of_one_language_leave_the_others_alone() -> None:
    with own_wording(OWN):
        with override("fr"):
            assert gettext(FIND) == "Trouver ma commande"
        with override("en"):
            assert gettext(FIND) == "Go"


def test_counted_texts_and_texts_with_a_context_are_found() -> None:
    with own_wording(OWN), override("de"):
        assert [ngettext("%(n)d day", "%(n)d days", n) for n in (1, 2)] == [
            "%(n)d Tag!",
            "%(n)d Tage!",
        ]
        assert str(ngettext_lazy("%(n)d day", "%(n)d days", "n") % {"n": 3}) == "3 Tage!"
        assert (pgettext("in a list", "refund"), str(pgettext_lazy("in a list", "refund"))) == (
            "Geld",
            "Geld",
        )
        assert gettext("refund") == "refund"
    with own_wording(OWN), override("ar"):
        said = [ngettext("%(n)d day", "%(n)d days", n) for n in (0, 1, 2, 3, 100, 11)]
    assert said == list(OWN["ar"]["%(n)d day"])


def test_templates_speak_own_texts_each_time_they_are_drawn() -> None:
    drawn = Template("{% load i18n %}{% translate 'Find my order' %}")
    with override("de"):
        with own_wording(OWN):
            assert drawn.render(Context()) == "Los"
        assert drawn.render(Context()) == "Bestellung suchen"


def test_two_merchants_speak_at_once_each_with_its_own_words() -> None:
    together = Barrier(2)

    def speak(word: str) -> set[str]:
        said = set()
        with own_wording({"de": {FIND: (word,)}}), override("de"):
            for _ in range(50):
                together.wait()
                said.add(gettext(FIND))
        return said

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(speak, ("Nord", "Süd"))) == [{"Nord"}, {"Süd"}]


def test_every_text_of_the_sources_can_be_changed() -> None:
    found = {(one.context or "", str(one.id)) for one in found_texts() if one.id}
    known = {
        (one.context, str((one.text, one.plural)) if one.plural else one.text)
        for one in text_entries().values()
    }

    assert known == found


def test_what_the_product_says_passes_its_own_checks() -> None:
    wrong = []
    for entry, language in every_language():
        forms = standard(entry, language)
        assert len(forms) == form_count(entry, language)
        kept = tuple(tidy(form, form) for form in forms)
        if kept != forms or faults_of(entry, forms):
            wrong.append((language, forms, faults_of(entry, forms)))
    assert wrong == []


def test_lone_percent_signs_survive_putting_values_in() -> None:
    entry = next(one for one in text_entries().values() if one.variables == ["%(day)s"])

    kept = usable(entry, "50% until %(day)s, 100%")

    assert kept % {"day": "Monday"} == "50% until Monday, 100%"


def test_limit_leaves_room_for_every_language() -> None:
    tight = [
        (language, entry.text)
        for entry, language in every_language()
        if max(map(len, standard(entry, language))) > longest(entry)
    ]
    assert tight == []


def test_no_attribute_of_single_quotes_holds_a_text() -> None:
    # An own text may hold apostrophes, and stands in the page as it is.
    held = re.compile(r"='[^'>]*\{%\s*(block)?translate")
    pages = Path(settings.BASE_DIR).glob("templates/**/*.*")

    assert [str(page) for page in pages if held.search(page.read_text())] == []
