"""Downloads: photos, label, slip. Each belongs to what its address proves."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from returns_portal.core.errors import NotFound
from returns_portal.portal.pages import shopper_page
from returns_portal.portal.proof import proven_draft
from returns_portal.portal.showing.photos import found_photos
from rma.evidence import photo_file
from rma.labels import open_label, slip_pdf
from rma.models import Photo
from rma.selectors import status_by_token
from rma.states import ReturnStatus


@shopper_page("GET", "HEAD")
def draft_photo(request: HttpRequest, token: str, photo_id: UUID) -> HttpResponse:
    """Show a photo of an unfinished return to whoever added it."""
    draft = proven_draft(request, token)
    return _send(Photo.objects.filter(pk=photo_id, draft=draft).first())


@shopper_page("GET", "HEAD")
def return_photo(request: HttpRequest, token: str, photo_id: UUID) -> HttpResponse:
    """Show a photo of a return: the shopper's own, or the warehouse's of what it refused."""
    found = status_by_token(token)
    photos = [*found.photos, *(photo for photo, _url in found_photos(found.rma))]
    return _send(next((one for one in photos if one.pk == photo_id), None))


@shopper_page("GET", "HEAD")
def label(request: HttpRequest, token: str) -> HttpResponse:
    """Download the label."""
    status = status_by_token(token)
    if status.shipment is None or status.rma.status != ReturnStatus.OPEN:
        raise NotFound(
            _("There is no label for this return. Open its page to see what to do next.")
        )
    file = open_label(status.shipment)
    return _download(file.content, file.content_type, file.name)


@shopper_page("GET", "HEAD")
def slip(request: HttpRequest, token: str) -> HttpResponse:
    """Download the page that goes inside the parcel."""
    status = status_by_token(token)
    rma = status.rma
    if rma.status != ReturnStatus.OPEN or status.nothing_is_sent:
        raise NotFound(_("There is no slip for this return. Open its page to see what to do next."))
    return _download(slip_pdf(rma), "application/pdf", f"return-{rma.number}.pdf")


def _send(photo: Photo | None) -> HttpResponse:
    path = photo_file(photo) if photo is not None else None
    if photo is None or path is None or not path.is_file():
        raise Http404
    response = HttpResponse(path.read_bytes(), content_type=photo.content_type)
    # Kept by the shopper's own browser alone, so that the page does not load it each time.
    response["Cache-Control"] = "private, max-age=600"
    return response


def _download(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response
