"""Texts: every word that shoppers read, changed for this merchant, language by language."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from returns_portal.backoffice.actions.texts import change_texts
from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.texts import OwnTextForm, TextsFileForm
from returns_portal.backoffice.selectors.texts import lost_texts, own_texts, text_rows
from returns_portal.backoffice.text_places import (
    OPEN_PAGES,
    place_choices,
    place_label,
    places_of,
)
from returns_portal.core.errors import DomainError, NotFound
from returns_portal.core.languages import NAMES
from returns_portal.core.text_checks import example, example_of, marked
from returns_portal.core.text_entries import TextEntry, standard, text_entries
from returns_portal.core.text_files import read_texts_file, texts_file
from returns_portal.tenancy.languages import default_language, offered
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.permissions import Permission

PAGE_SIZE = 40


def _language(language: str) -> str:
    if language not in NAMES:
        raise NotFound("There is no such language.")
    return language


def _entry(key: str) -> TextEntry:
    entry = text_entries().get(key)
    if entry is None:
        raise NotFound("This text isn’t here.")
    return entry


@staff_view(permission=Permission.SETTINGS_EDIT)
def texts(request: HttpRequest) -> HttpResponse:
    """List the texts of one language, those that match a search."""
    asked = request.GET.get("language", "")
    language = asked if asked in NAMES else default_language(request.merchant)
    words, place = request.GET.get("q", "").strip(), request.GET.get("place", "")
    place = place if place in dict(place_choices()) else ""
    own_only = request.GET.get("own") == "1"
    rows = text_rows(language, words=words, place=place, own_only=own_only)
    context = {
        "language": language,
        "languages": [(code, NAMES[code]) for code in offered(request.merchant)],
        "q": words,
        "place": place,
        "own_only": own_only,
        "places": place_choices(),
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "lost": lost_texts(language),
    }
    return page(request, "backoffice/texts.html", "texts", context)


def _show_text(
    request: HttpRequest,
    language: str,
    text_key: str,
    *,
    form: OwnTextForm | None = None,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    entry = _entry(text_key)
    own = own_texts(_language(language)).get(text_key, ())
    usual = standard(entry, language)
    shown = form.forms_given() if form is not None else own
    # Whoever changes a text begins with what is there.
    initial = {f"form_{place}": text for place, text in enumerate(own or usual)}
    places = places_of(text_key)
    context = {
        "entry": entry,
        "language": language,
        "language_name": NAMES[language],
        "usual": [marked(form) for form in usual],
        "own": own,
        "form": form or OwnTextForm(initial=initial, entry=entry, language=language),
        "variables": [(one, example_of(one)) for one in entry.variables],
        "places": [(place_label(place), _address(request, place, language)) for place in places],
        "previews": _previews(shown, usual),
    }
    status = 422 if form is not None and form.errors else 200
    return page(request, "backoffice/text.html", "texts", context, error=error, status=status)


def _previews(shown: tuple[str, ...], usual: tuple[str, ...]) -> list[object]:
    """Return each form as shoppers would see it; what is left empty shows the product's text."""
    given = shown if any(shown) else usual
    return [example(form) for form in given]


def _address(request: HttpRequest, place: str, language: str) -> str:
    """Return the address of a page to look at, empty for what only an order opens."""
    name = OPEN_PAGES.get(place)
    return f"{portal_link(request.merchant, name)}?language={language}" if name else ""


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["GET", "POST"], refused=_show_text)
def text(request: HttpRequest, language: str, text_key: str) -> HttpResponse:
    """Show and change one text; ``usual`` goes back to the product's."""
    entry = _entry(text_key)
    _language(language)
    if request.method != "POST":
        return _show_text(request, language, text_key)
    if "usual" in request.POST:
        change_texts(language, {text_key: ()}, actor=actor_of(request))
        return done(
            request, "The product’s text is back.", "text", language=language, text_key=text_key
        )
    form = OwnTextForm(request.POST, entry=entry, language=language)
    if not form.is_valid():
        return _show_text(request, language, text_key, form=form)
    change_texts(language, {text_key: form.forms_given()}, actor=actor_of(request))
    return done(
        request, "Saved. Shoppers read it now.", "text", language=language, text_key=text_key
    )


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["POST"])
def text_preview(request: HttpRequest, language: str, text_key: str) -> HttpResponse:
    """Return how a text that is being written would read, with what is wrong with it."""
    entry = _entry(text_key)
    form = OwnTextForm(request.POST, entry=entry, language=_language(language))
    form.is_valid()
    usual = standard(entry, language)
    context = {"previews": _previews(form.forms_given(), usual), "language": language}
    return render(request, "backoffice/_text_preview.html", context)


@staff_view(permission=Permission.SETTINGS_EDIT)
def texts_export(request: HttpRequest, language: str) -> HttpResponse:
    """Send every text of one language as a file for translators."""
    content = texts_file(_language(language), own_texts(language))
    answer = HttpResponse(content, content_type="text/x-gettext-translation; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="texts-{language}.po"'
    return answer


def _import_page(
    request: HttpRequest,
    language: str,
    *,
    form: TextsFileForm | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    context = {
        "form": form or TextsFileForm(),
        "language": _language(language),
        "language_name": NAMES[language],
        "mistakes": error.facts.get("errors", []) if error else [],
    }
    status = error.status if error else 422 if form else 200
    return page(request, "backoffice/texts_import.html", "texts", context, status=status)


def _import_again(
    request: HttpRequest, language: str, *, error: DomainError, **_: object
) -> HttpResponse:
    form = TextsFileForm(request.POST, request.FILES)
    form.add_error("file" if error.field == "file" else None, error.message)
    return _import_page(request, language, form=form, error=error)


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["GET", "POST"], refused=_import_again)
def texts_import(request: HttpRequest, language: str) -> HttpResponse:
    """Take the texts of a file over; texts that it does not hold stay as they are."""
    if request.method != "POST":
        return _import_page(request, language)
    form = TextsFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _import_page(request, language, form=form)
    changes = read_texts_file(_language(language), form.raw)
    count = change_texts(language, changes, actor=actor_of(request))
    answer = done(request, f"{count} texts changed. Shoppers read them now.", "texts")
    answer["Location"] = f"{reverse('texts')}?language={language}&own=1"
    return answer
