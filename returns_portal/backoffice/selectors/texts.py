"""The texts of the portal beside the merchant's own ones, for the pages that change them."""

from __future__ import annotations

from dataclasses import dataclass

from returns_portal.backoffice.text_places import place_label, places_of
from returns_portal.core.text_entries import TextEntry, standard, text_entries
from returns_portal.tenancy.models import OwnText


@dataclass(frozen=True, slots=True)
class TextRow:
    """One text of the list: how the product says it, and how the merchant does, if otherwise."""

    entry: TextEntry
    usual: tuple[str, ...]
    own: tuple[str, ...]
    places: tuple[str, ...]

    @property
    def place_labels(self) -> list[str]:
        return [place_label(place) for place in self.places]


def own_texts(language: str) -> dict[str, tuple[str, ...]]:
    """Return the merchant's own forms by key, those the product asks for no more included."""
    rows = OwnText.objects.filter(language=language).values_list("key", "forms")
    return {key: tuple(forms) for key, forms in rows}


def lost_texts(language: str) -> list[OwnText]:
    """Return own texts whose original the product has no more: nothing shows them."""
    rows = OwnText.objects.filter(language=language).exclude(key__in=list(text_entries()))
    return list(rows.order_by("original"))


def text_rows(language: str, *, words: str, place: str, own_only: bool) -> list[TextRow]:
    """Return the texts that hold ``words``, in any wording, and stand in ``place``."""
    own, sought = own_texts(language), words.casefold()
    found = []
    for entry in text_entries().values():
        row = TextRow(
            entry, standard(entry, language), own.get(entry.key, ()), places_of(entry.key)
        )
        if place and place not in row.places:
            continue
        if own_only and not row.own:
            continue
        said = (entry.text, entry.plural, *row.usual, *row.own)
        if any(sought in text.casefold() for text in said):
            found.append(row)
    return found
