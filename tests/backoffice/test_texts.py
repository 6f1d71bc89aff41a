"""The merchant's own texts: found, changed, checked, previewed, out to a file and in again."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from returns_portal.activity.models import Event
from returns_portal.core.scope import merchant_scope
from returns_portal.core.text_entries import TextEntry, standard, text_entries
from returns_portal.tenancy.models import Merchant, OwnText
from tests.backoffice.conftest import HOME, queries

pytestmark = pytest.mark.django_db
PAGE = f"{HOME}settings/texts/"
FIND = "Find my order"


def entry_of(text: str) -> TextEntry:
    return next(one for one in text_entries().values() if one.text == text)


def address(text: str, language: str = "de", more: str = "") -> str:
    return f"{PAGE}{language}/{entry_of(text).key}/{more}"


def kept(shop: Merchant, language: str = "de") -> dict[str, list[str]]:
    with merchant_scope(shop.pk):
        return {row.original: row.forms for row in OwnText.objects.filter(language=language)}


def upload(content: bytes | str) -> dict[str, SimpleUploadedFile]:
    raw = content.encode() if isinstance(content, str) else content
    return {"file": SimpleUploadedFile("texts.po", raw)}


def test_texts_are_found_by_words_in_either_language_and_by_place(owner: Client) -> None:
    by_german = owner.get(PAGE, {"language": "de", "q": "bestellung suchen"}).content.decode()
    by_english = owner.get(PAGE, {"language": "de", "q": "find my order"}).content.decode()
    in_mail = owner.get(PAGE, {"language": "de", "place": "mail-approved"}).content.decode()

    assert address(FIND) in by_german
    assert address(FIND) in by_english
    assert address(FIND) not in in_mail
    assert "Ihre Rücksendung ist genehmigt" in in_mail


def test_list_takes_as_many_statements_with_many_texts(owner: Client, shop: Merchant) -> None:
    owner.post(address(FIND), {"form_0": "Los"})
    few = queries(owner, f"{PAGE}?language=de")
    for text in ("Track a return", "Start a return", "Order number"):
        owner.post(address(text), {"form_0": "Anders"})

    assert queries(owner, f"{PAGE}?language=de") == few


def test_text_is_kept_recorded_and_gone_with_the_products(owner: Client, shop: Merchant) -> None:
    answer = owner.post(address(FIND), {"form_0": "  Meine Bestellung\n holen "})

    assert answer.status_code == 302
    shop.refresh_from_db()
    assert (kept(shop), shop.texts_version) == ({FIND: ["Meine Bestellung holen"]}, 1)
    with merchant_scope(shop.pk):
        event = Event.objects.filter(kind="settings.changed").latest("id")
    assert (event.facts["changed"], event.facts["language"]) == (["texts"], "de")
    assert "Meine Bestellung holen" in owner.get(f"{PAGE}?language=de&own=1").content.decode()

    owner.post(address(FIND), {"usual": "1"})

    shop.refresh_from_db()
    assert (kept(shop), shop.texts_version) == ({}, 2)


@pytest.mark.parametrize("sent", ["", "Bestellung suchen"])
def test_empty_or_the_products_own_words_are_no_own_text(
    owner: Client, shop: Merchant, sent: str
) -> None:
    assert standard(entry_of(FIND), "de") == ("Bestellung suchen",)
    assert owner.post(address(FIND), {"form_0": sent}).status_code == 302

    shop.refresh_from_db()
    assert (kept(shop), shop.texts_version) == ({}, 0)


@pytest.mark.parametrize(
    ("text", "sent", "words"),
    [
        (FIND, "<script>xss()</script>", "Take &lt;script&gt; out"),
        (FIND, "a < b", "Leave &lt; out"),
        (FIND, 'x" onfocus="xss()', "straight quotation marks"),
        (FIND, "Fish &amp; chips &lt;b&gt;", "Write the sign itself"),
        (FIND, "50 % schneller", "Write “percent”"),
        (FIND, "Bestellung %(number)s", "has no such variable"),
        (FIND, "x" * 161, "At most 160 characters" and "This is too long"),
        (FIND, "rechts\u202eeltsniv", "can’t be shown"),
        ("<b>Print the label</b> and stick it on the outside.", "Drucken", "Keep &lt;b&gt;"),
        (
            "<b>Print the label</b> and stick it on the outside.",
            "</b>Drucken<b>",
            "Close each mark",
        ),
        (
            "<b>Print the label</b> and stick it on the outside.",
            '<b onclick="xss()">Drucken</b>',
            "Take &lt;b onclick",
        ),
        ("Your return is approved (%(rma_number)s, order %(order_number)s)", "Gut", "Keep %(rma_"),
    ],
)
def test_text_that_would_break_a_page_is_refused_beside_its_field(
    owner: Client, shop: Merchant, text: str, sent: str, words: str
) -> None:
    answer = owner.post(address(text), {"form_0": sent})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page.partition('id="id_form_0-error"')[2]
    shop.refresh_from_db()
    assert (kept(shop), shop.texts_version) == ({}, 0)


def test_zero_bytes_are_refused(owner: Client, shop: Merchant) -> None:
    assert owner.post(address(FIND), {"form_0": "a\0b"}).status_code == 400
    assert kept(shop) == {}


def test_counted_text_wants_every_form_of_its_language(owner: Client, shop: Merchant) -> None:
    text = next(one for one in text_entries().values() if one.text == "%(n)d day")
    two = {"form_0": "%(n)d Tagchen", "form_1": "%(n)d Täglein"}

    half = owner.post(address(text.text), {"form_0": two["form_0"], "form_1": ""})
    page = owner.get(address(text.text, "ar")).content.decode()

    assert half.status_code == 422
    assert "Write this form too" in half.content.decode()
    assert page.count("<textarea") == 6
    assert owner.post(address(text.text), two).status_code == 302
    assert kept(shop) == {"%(n)d day": ["%(n)d Tagchen", "%(n)d Täglein"]}


def test_preview_puts_examples_in_and_takes_no_markup(owner: Client, shop: Merchant) -> None:
    text = "Your return is approved (%(rma_number)s, order %(order_number)s)"
    sent = {"form_0": "Genehmigt: %(rma_number)s <img src=x onerror=xss()> %(order_number)s"}

    answer = owner.post(address(text, more="preview/"), sent)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert '<span class="tx-value">R-204817</span>' in page
    assert "<img" not in page
    assert kept(shop) == {}


@pytest.mark.parametrize(
    "path", ["xx/export/", "xx/import/", "de/0000000000000000/", "xx/0000000000000000/"]
)
def test_unknown_languages_and_texts_are_not_found(owner: Client, path: str) -> None:
    assert owner.get(PAGE + path).status_code == 404


def test_file_goes_out_and_comes_in_with_the_same_bytes(owner: Client, shop: Merchant) -> None:
    owner.post(address(FIND, "ar"), {"form_0": "هات طلبي"})
    first = owner.get(f"{PAGE}ar/export/")
    owner.post(address(FIND, "ar"), {"usual": "1"})

    answer = owner.post(f"{PAGE}ar/import/", upload(first.content))

    assert answer.status_code == 302
    assert kept(shop, "ar") == {FIND: ["هات طلبي"]}
    assert owner.get(f"{PAGE}ar/export/").content == first.content
    assert "attachment" in first["Content-Disposition"]


def test_file_leaves_out_what_is_empty_uncertain_or_unknown(owner: Client, shop: Merchant) -> None:
    owner.post(address("Order number"), {"form_0": "Nummer"})
    po = (
        'msgid ""\nmsgstr "Language: de\\n"\n\n'
        f'msgid "{FIND}"\nmsgstr "Los"\n\n'
        'msgid "Order number"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgid "Track a return"\nmsgstr "Vielleicht"\n\n'
        'msgid "Nobody says this"\nmsgstr "Doch"\n'
    )

    assert owner.post(f"{PAGE}de/import/", upload(po)).status_code == 302
    assert kept(shop) == {"Order number": ["Nummer"], FIND: ["Los"]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'msgid "{FIND}"\nmsgstr "<i>Los</i>"\n', "Take &lt;i&gt; out"),
        ('msgid ""\nmsgstr "Language: fr\\n"\n', "for another language"),
        (b"\xff\xfe\x00", "UTF-8"),
        ("msgid\0", "bytes that no text has"),
        ("<html>", "can’t read this as a .po file"),
        ('msgid "a', "can’t read this as a .po file"),
        (
            'msgid ""\nmsgstr "Plural-Forms: nplurals=3; plural=0;\\n"\n\n'
            'msgid "%(n)d day"\nmsgid_plural "%(n)d days"\n'
            'msgstr[0] "%(n)d a"\nmsgstr[1] "%(n)d b"\nmsgstr[2] "%(n)d c"\n',
            "has 2 forms here",
        ),
        (b"#" * (1024 * 1024 + 1), "over 1 MB"),
        ("", "The file is empty"),
    ],
)
def test_file_with_mistakes_changes_nothing(
    owner: Client, shop: Merchant, content: bytes | str, words: str
) -> None:
    answer = owner.post(f"{PAGE}de/import/", upload(content))

    assert 400 <= answer.status_code < 500
    assert words in answer.content.decode()
    shop.refresh_from_db()
    assert (kept(shop), shop.texts_version) == ({}, 0)
