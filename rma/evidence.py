"""Photos of goods: read by content, bounded before decoding, drawn anew, kept under random names.

What a shopper's camera or a bad actor put beside the picture (place, device, scripts, a second
file) does not survive: only the pixels are kept, turned upright.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core import scope
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput
from returns_portal.core.ids import new_id, new_token
from rma.models import Inspection, Photo, Return, ReturnDraft, ReturnLine

FORMATS = ("JPEG", "PNG", "WEBP")
# Before decoding. A camera's JPEG is read row by row and near the size that is kept; what is read
# whole has a lower limit, or a file of 100 kB could ask for a gigabyte of memory.
MAX_PIXELS = 50_000_000
MAX_PIXELS_WHOLE = 20_000_000
MAX_SIDE = 12_000
# Longer sides are scaled down: enough to see a seam, small enough to load on a phone.
KEPT_SIDE = 2048
MAX_PHOTOS = 20
_QUALITY = 85
_SIGNATURES = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"))


class Upload(Protocol):
    """What Django hands over for an uploaded file."""

    @property
    def size(self) -> int | None: ...

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo drawn anew, ready to be kept."""

    content: bytes
    content_type: str
    suffix: str
    width: int
    height: int


def read_picture(upload: Upload, *, field: str = "photo") -> Picture:
    """Check an upload and draw it anew.

    Raises InvalidInput: not a JPEG, PNG or WebP, too many bytes or pixels, or broken. The size is
    checked before reading and the pixels before decoding.
    """
    limit = settings.UPLOAD_MAX_BYTES
    if (upload.size or 0) > limit:
        raise _too_big(field)
    content = upload.read(limit + 1)
    if len(content) > limit:
        raise _too_big(field)
    kind = sniffed(content)
    if kind is None:
        raise InvalidInput(
            _("This file is no photo we can read. Send a JPEG, PNG or WebP."),
            code="photo_type",
            field=field,
        )
    if not _is_whole(content, kind):
        raise _broken(field)
    return _drawn_anew(content, kind, field)


def _is_whole(content: bytes, kind: str) -> bool:
    """Tell whether the file has its end.

    Pillow can be told, for the whole process, to fill up what is missing, and libraries do so.
    """
    if kind == "JPEG":
        return content.rfind(b"\xff\xd9") > content.rfind(b"\xff\xda") > 0
    if kind == "PNG":
        return b"IEND" in content
    return int.from_bytes(content[4:8], "little") <= len(content) - 8


def _broken(field: str) -> InvalidInput:
    return InvalidInput(
        _("This photo is broken. Take it again or choose another."),
        code="photo_broken",
        field=field,
    )


def sniffed(content: bytes) -> str | None:
    """Name the format by the content's first bytes, whatever the file is called."""
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    return None


def _too_big(field: str) -> InvalidInput:
    megabytes = settings.UPLOAD_MAX_BYTES // (1024 * 1024)
    return InvalidInput(
        _("This photo is over %(size)d MB. Take it again or choose another.") % {"size": megabytes},
        code="photo_too_big",
        field=field,
    )


def _drawn_anew(content: bytes, kind: str, field: str) -> Picture:
    try:
        with warnings.catch_warnings():
            # Odd tags beside the picture: they are dropped anyway.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=[kind]) as image:
                width, height = image.size
                by_row = kind == "JPEG" and "progressive" not in image.info
                most = MAX_PIXELS if by_row else MAX_PIXELS_WHOLE
                if width * height > most or max(width, height) > MAX_SIDE:
                    raise InvalidInput(
                        _("This photo has %(width)d by %(height)d pixels. Send a smaller one.")
                        % {"width": width, "height": height},
                        code="photo_too_large",
                        field=field,
                    )
                image.draft("RGB", (KEPT_SIDE, KEPT_SIDE))
                image.load()
                # Small first, then upright: turning makes a copy.
                image.thumbnail((KEPT_SIDE, KEPT_SIDE))
                return _encoded(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, struct.error):
        # What Pillow raises for truncated or malformed files of each format.
        raise _broken(field) from None


def _encoded(image: Image.Image) -> Picture:
    """Write the pixels alone: JPEG, or PNG where there is transparency."""
    clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    mode, name, content_type, suffix = (
        ("RGBA", "PNG", "image/png", "png") if clear else ("RGB", "JPEG", "image/jpeg", "jpg")
    )
    fresh = Image.new(mode, image.size)
    fresh.paste(image.convert(mode))
    target = io.BytesIO()
    fresh.save(target, name, quality=_QUALITY, optimize=True)
    return Picture(target.getvalue(), content_type, suffix, fresh.width, fresh.height)


def store_photo(
    upload: Upload,
    *,
    actor: Actor,
    draft: ReturnDraft | None = None,
    draft_line_id: UUID | None = None,
    rma: Return | None = None,
    return_line: ReturnLine | None = None,
    inspection: Inspection | None = None,
    field: str = "photo",
) -> Photo:
    """Keep a photo of exactly one draft, return or inspection.

    The file is written first, under a name nobody can guess; if the transaction then fails, it is
    an orphan that no row names. Raises InvalidInput for a bad file, Conflict for too many.
    """
    if sum(owner is not None for owner in (draft, rma, inspection)) != 1:
        raise ValueError("a photo belongs to one draft, one return or one inspection")
    picture = read_picture(upload, field=field)
    path = f"photos/{scope.current_merchant_id()}/{new_token(24)}.{picture.suffix}"
    with action_transaction():
        if _kept_already(draft, rma, inspection) >= MAX_PHOTOS:
            raise Conflict(
                _("%(n)d photos are enough. Remove one first.") % {"n": MAX_PHOTOS}, field=field
            )
        photo = Photo(
            id=new_id(),
            draft=draft,
            draft_line_id=draft_line_id,
            rma=rma if rma is not None else getattr(inspection, "rma", None),
            return_line=return_line,
            inspection=inspection,
            path=default_storage.save(path, ContentFile(picture.content)),
            content_type=picture.content_type,
            width=picture.width,
            height=picture.height,
            size_bytes=len(picture.content),
            digest=hashlib.sha256(picture.content).digest(),
            uploaded_by=actor.name[:120],
        )
        photo.save(force_insert=True)
        if photo.rma_id is not None:
            record_event(
                EventKind.PHOTO_ADDED,
                subject_kind="photo",
                subject_id=photo.pk,
                about_id=photo.rma_id,
                actor=actor,
            )
        return photo


def _kept_already(
    draft: ReturnDraft | None, rma: Return | None, inspection: Inspection | None
) -> int:
    if draft is not None:
        return Photo.objects.filter(draft=draft).count()
    if inspection is not None:
        return Photo.objects.filter(inspection=inspection).count()
    return Photo.objects.filter(rma=rma, inspection__isnull=True).count()


def remove_draft_photo(photo_id: UUID, *, draft: ReturnDraft) -> bool:
    """Take back a photo of a draft; False when it is not (or no longer) there."""
    with action_transaction():
        removed, _ = Photo.objects.filter(pk=photo_id, draft=draft, rma__isnull=True).delete()
    return bool(removed)


@contextmanager
def open_photo(photo: Photo) -> Iterator[IO[bytes]]:
    """Open a kept photo for reading; the caller has checked who may see it."""
    with default_storage.open(photo.path, "rb") as stored:
        yield stored


def photo_file(photo: Photo) -> Path:
    """Return where the photo lies on this machine's disk."""
    return Path(default_storage.path(photo.path))
