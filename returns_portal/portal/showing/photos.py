"""Photos as the upload component and the pages show them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from returns_portal.commerce.models import OrderLine
from returns_portal.portal.basket import Basket
from rma.models import Photo, Return
from rma.policy.disposition import Grade

_MARKED = (Grade.C, Grade.D)


def draft_photo(token: str, photo: Photo, number: int, title: str) -> dict[str, str]:
    """Return the context of ``components/file.html`` for a photo of a draft."""
    known = {"token": token, "photo_id": photo.pk}
    return {
        "url": reverse("draft_photo", kwargs=known),
        # Translators: the description of a shopper's photo, e.g. "photo 2 of Trail Runner 2"
        "alt": _("photo %(n)d of %(item)s") % {"n": number, "item": title},
        "remove_url": reverse("remove_photo", kwargs=known),
    }


def draft_photos(basket: Basket, line: OrderLine) -> list[dict[str, str]]:
    photos = basket.photos.get(line.pk, [])
    return [
        draft_photo(basket.draft.token, photo, number, line.title)
        for number, photo in enumerate(photos, start=1)
    ]


def return_photos(rma: Return, photos: Iterable[Photo]) -> list[dict[str, str]]:
    """Return the photos the shopper sent with a return."""
    return [
        {
            "url": reverse("return_photo", kwargs={"token": rma.token, "photo_id": photo.pk}),
            "alt": _("Your photo %(n)d") % {"n": number},
        }
        for number, photo in enumerate(photos, start=1)
    ]


def found_photos(rma: Return) -> list[tuple[Photo, str]]:
    """Return the warehouse's photos of what it did not accept or found worn or damaged.

    They show why less is paid; the others are not for shoppers.
    """
    shown = Q(inspection__is_accepted=False) | Q(inspection__grade__in=_MARKED)
    photos = Photo.objects.filter(shown, rma=rma).order_by("created_at")
    return [
        (photo, reverse("return_photo", kwargs={"token": rma.token, "photo_id": photo.pk}))
        for photo in photos
    ]
