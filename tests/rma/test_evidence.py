from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from PIL import Image, ImageFile

from returns_portal.core.actor import SHOPPER
from returns_portal.core.clock import now
from returns_portal.core.errors import Conflict, InvalidInput
from rma import evidence
from rma.models import Photo, Return, ReturnDraft
from tests.rma.returning import ask_for, make_order, publish, wish

pytestmark = pytest.mark.usefixtures("scoped")


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def drawn(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    target = io.BytesIO()
    mode = options.pop("mode", "RGB")
    image = Image.new("RGB", size, "navy")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    image = image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)
    image.save(target, kind, **options)
    return target.getvalue()


def upload(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def with_exif() -> bytes:
    """Return a JPEG lying on its side with a camera and a place in it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    return drawn(exif=exif.tobytes())


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (drawn("JPEG"), "image/jpeg"),
        (drawn("PNG"), "image/jpeg"),
        (drawn("WEBP"), "image/jpeg"),
        (drawn("PNG", mode="RGBA"), "image/png"),
        (drawn("PNG", mode="P"), "image/jpeg"),
        (drawn("PNG", mode="I;16"), "image/jpeg"),
        (drawn("JPEG", mode="CMYK"), "image/jpeg"),
    ],
)
def test_read_picture_takes_photos_by_content(content: bytes, content_type: str) -> None:
    picture = evidence.read_picture(upload(content, "whatever.exe"))

    assert (picture.content_type, picture.width, picture.height) == (content_type, 60, 40)
    with Image.open(io.BytesIO(picture.content)) as image:
        assert image.size == (60, 40)


def test_read_picture_drops_camera_and_place_and_turns_it_upright() -> None:
    picture = evidence.read_picture(upload(with_exif()))

    assert (picture.width, picture.height) == (40, 60)
    assert b"SecretCamera" not in picture.content
    with Image.open(io.BytesIO(picture.content)) as image:
        assert not image.getexif()


def test_read_picture_drops_what_hangs_behind_the_picture() -> None:
    picture = evidence.read_picture(upload(drawn() + b"<script>alert(1)</script>PK\x03\x04"))

    assert b"script" not in picture.content


def test_read_picture_scales_large_ones_down() -> None:
    picture = evidence.read_picture(upload(drawn(size=(4096, 1024))))

    assert (picture.width, picture.height) == (2048, 512)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims to be huge."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        )

    packed = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "photo_type"),
        (b"GIF89a" + b"\0" * 100, "photo_type"),
        (b"%PDF-1.7", "photo_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "photo_type"),
        (b"\xff\xd8\xff", "photo_broken"),
        (b"\x89PNG\r\n\x1a\n", "photo_broken"),
        (b"RIFF\x00\x00\x00\x00WEBP", "photo_broken"),
        (drawn("JPEG", size=(300, 300))[:-800], "photo_broken"),
        (drawn("PNG")[:60], "photo_broken"),
        (drawn("WEBP")[:-20], "photo_broken"),
        (bomb(9000, 9000), "photo_too_large"),
        (bomb(20_000, 10), "photo_too_large"),
        (bomb(60_000, 60_000), "photo_broken"),
    ],
)
def test_read_picture_refuses_what_is_no_sound_photo(
    content: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As one of the libraries for documents sets it, for the whole process.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)

    with pytest.raises(InvalidInput) as refused:
        evidence.read_picture(upload(content), field="line-1")

    assert refused.value.code == code
    assert refused.value.field == "line-1"


def test_read_picture_too_many_bytes_is_refused_before_reading() -> None:
    class Unread:
        size = 16 * 1024 * 1024

        def read(self, size: int = -1, /) -> bytes:
            raise AssertionError("must not be read")

    with pytest.raises(InvalidInput, match="over 15 MB"):
        evidence.read_picture(Unread())


def test_read_picture_size_that_lies_is_found_out() -> None:
    class Lying:
        size = 10

        def read(self, size: int = -1, /) -> bytes:
            return b"\xff\xd8\xff" + b"\0" * (size - 3)

    with override_settings(UPLOAD_MAX_BYTES=1000), pytest.raises(InvalidInput) as refused:
        evidence.read_picture(Lying())

    assert refused.value.code == "photo_too_big"


def make_draft() -> ReturnDraft:
    return ReturnDraft.objects.create(
        order=make_order(), token="t", operation_id="o", expires_at=now()
    )


def test_store_photo_keeps_a_file_with_a_random_name(tmp_path: Path) -> None:
    draft = make_draft()

    photo = evidence.store_photo(upload(drawn(), "../../me.jpg"), actor=SHOPPER, draft=draft)

    assert photo.path.startswith(f"photos/{draft.merchant_id}/")
    assert "me" not in Path(photo.path).name.removesuffix(".jpg").split("-")
    assert evidence.photo_file(photo).is_relative_to(tmp_path)
    with evidence.open_photo(photo) as stored:
        assert len(stored.read()) == photo.size_bytes


def test_store_photo_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MAX_PHOTOS", 1)
    draft = make_draft()
    evidence.store_photo(upload(drawn()), actor=SHOPPER, draft=draft)

    with pytest.raises(Conflict, match="photos are enough"):
        evidence.store_photo(upload(drawn()), actor=SHOPPER, draft=draft)


def test_store_photo_needs_exactly_one_owner() -> None:
    with pytest.raises(ValueError, match="belongs to one"):
        evidence.store_photo(upload(drawn()), actor=SHOPPER)


def test_photos_of_a_draft_go_to_the_return_and_count_as_evidence() -> None:
    publish()
    draft = make_draft()
    line = draft.order.lines.get()
    photo = evidence.store_photo(upload(drawn()), actor=SHOPPER, draft=draft, draft_line_id=line.pk)

    rma = ask_for(draft.order, wish(line, reason="faulty", photo_ids=(photo.pk,)))

    assert rma.status == "requested"
    photo.refresh_from_db()
    assert (photo.rma_id, photo.return_line_id) == (rma.pk, rma.lines.get().pk)
    assert not evidence.remove_draft_photo(photo.pk, draft=draft)


def test_photos_of_another_orders_draft_are_refused() -> None:
    publish()
    photo = evidence.store_photo(upload(drawn()), actor=SHOPPER, draft=make_draft())
    other = make_order("NL-2")

    with pytest.raises(InvalidInput) as refused:
        ask_for(other, wish(other.lines.get(), reason="faulty", photo_ids=(photo.pk,)))

    assert refused.value.code == "photo_missing"


def test_store_photo_of_a_return_is_on_its_timeline() -> None:
    publish()
    rma: Return = ask_for(make_order())

    photo = evidence.store_photo(upload(drawn()), actor=SHOPPER, rma=rma)

    assert Photo.objects.get(rma=rma).pk == photo.pk


def test_remove_draft_photo_takes_it_back_once() -> None:
    draft = make_draft()
    photo = evidence.store_photo(upload(drawn()), actor=SHOPPER, draft=draft)

    assert evidence.remove_draft_photo(photo.pk, draft=draft)
    assert not evidence.remove_draft_photo(photo.pk, draft=draft)
