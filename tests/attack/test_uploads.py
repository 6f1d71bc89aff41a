"""Files that are not what they say, too large, or carry more than a picture."""

from __future__ import annotations

import io
import random
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, PngImagePlugin

from returns_portal.core.scope import merchant_scope
from rma.models import Photo
from tests.attack.conftest import Attack

JPEG = b"\xff\xd8\xff\xe0"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def drawn(kind: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    target = io.BytesIO()
    Image.effect_noise(size, 40).convert(mode).save(target, kind, **options)
    return target.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int, body: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def with_place(kind: str) -> bytes:
    """Return a picture with GPS, a device, a comment, XMP and an embedded thumbnail's worth."""
    exif = Image.Exif()
    exif[0x010F] = "CanaryCam"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (53.0, 20.0, 58.0)
    options: dict[str, Any] = {"exif": exif}
    if kind == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", "CanaryCam text")
        notes.add_itxt("XML:com.adobe.xmp", "<x>CanaryCam</x>")
        options["pnginfo"] = notes
    else:
        options["xmp"] = b"<x:xmpmeta>CanaryCam</x:xmpmeta>"
    return drawn(kind, **options)


BAD: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"not a picture",
    "svg": lambda: SVG,
    "html": lambda: b"<!doctype html><script>alert(1)</script>",
    "gif": lambda: drawn("GIF"),
    "bmp": lambda: drawn("BMP"),
    "tiff": lambda: drawn("TIFF"),
    "pdf": lambda: b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF",
    "postscript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "jpeg in name only": lambda: JPEG + SVG,
    "jpeg without end": lambda: drawn("JPEG")[:-40],
    "png without end": lambda: drawn("PNG")[:-40],
    "webp without end": lambda: drawn("WEBP")[:-40],
    "png of 50,000 by 50,000": lambda: png_of(50_000, 50_000),
    "png of 1 by 2 billion": lambda: png_of(1, 2_000_000_000),
    "png of nothing by nothing": lambda: png_of(0, 0),
    "png bomb": lambda: png_of(12_000, 12_000, zlib.compress(b"\0" * 36_001 * 100)),
    "png broken within": lambda: png_of(64, 64, b"no zlib"),
    "png text bomb": lambda: png_of(1, 1)[:33] + chunk(
        b"zTXt", b"a\0\0" + zlib.compress(b"x" * 70_000_000)) + png_of(1, 1)[33:],
    "mpo": lambda: drawn("JPEG")[:2],
    "polyglot html": lambda: b"\xff\xd8\xff/*<script>alert(1)</script>*/\xff\xd9",
}  # fmt: skip


# Libraries tell Pillow, for the whole process, to draw what can be drawn of these.
FORGIVEN = ("png broken within", "png text bomb", "jpeg without end", "png without end")


def send(attack: Attack, content: bytes, name: str = "shoe.jpg", kind: str = "image/jpeg") -> Any:
    here = attack.stage.here
    url = f"/r/northloom/r/{here.draft_token}/items/{here.line_id}/photos"
    upload = SimpleUploadedFile(name, content, content_type=kind)
    return attack.send(here.shopper(), "POST", url, name, form={"file": upload})


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what is written to the media folder, as it is written."""
    written: list[bytes] = []
    save = Image.Image.save

    def note(image: Image.Image, target: Any, *args: Any, **options: Any) -> None:
        save(image, target, *args, **options)
        if isinstance(target, io.BytesIO):
            written.append(target.getvalue())

    monkeypatch.setattr(Image.Image, "save", note)
    return written


@pytest.mark.parametrize("name", list(BAD))
def test_a_file_that_is_no_picture_is_refused_in_words(attack: Attack, name: str) -> None:
    answer = send(attack, BAD[name]())
    if name in FORGIVEN and answer.status_code == 200:
        return
    assert answer.status_code == 400
    assert "photo" in answer.content.decode()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_drawn_anew_without_what_it_carried(
    attack: Attack, kept: list[bytes], kind: str
) -> None:
    content = with_place(kind) + b"<script>alert(1)</script>PK\x03\x04"
    kept.clear()
    assert send(attack, content).status_code == 200
    stored = kept[-1]
    assert b"CanaryCam" not in stored
    assert b"script" not in stored
    again = Image.open(io.BytesIO(stored))
    assert dict(again.getexif()) == {}
    assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert again.size == (48, 64)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_any_mode_of_png_is_read(attack: Attack, mode: str) -> None:
    assert send(attack, drawn("PNG", mode=mode)).status_code == 200


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_any_mode_of_jpeg_is_read(attack: Attack, mode: str) -> None:
    assert send(attack, drawn("JPEG", mode=mode)).status_code == 200


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "x" * 300 + ".jpg", "a\u202egpj.exe", "con.png", "", "a\0b.jpg",
             "x.svg", "shoe.jpg.html", "/abs/olute.jpg", "..\\..\\x.jpg"],
)  # fmt: skip
def test_the_name_of_a_file_is_never_used(attack: Attack, name: str) -> None:
    with merchant_scope(attack.stage.here.merchant.pk):
        before = set(Photo.objects.values_list("path", flat=True))
    answer = send(attack, drawn("JPEG"), name or "x", "image/svg+xml")
    assert answer.status_code in (200, 400)
    with merchant_scope(attack.stage.here.merchant.pk):
        assert set(Photo.objects.values_list("path", flat=True)) == before
    ours = re.compile(r"[A-Za-z0-9_-]+\.(jpg|png|pdf)")
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert [path for path in files if not ours.fullmatch(path.name)] == []


def test_a_photo_over_the_limit_is_refused_before_it_is_read(attack: Attack) -> None:
    answer = send(attack, JPEG + b"\0" * (16 * 1024 * 1024))
    assert answer.status_code == 400
    assert "15 MB" in answer.content.decode()


def test_flipped_and_cut_bytes_never_break(attack: Attack) -> None:
    draw = random.Random(7)
    for kind in ("JPEG", "PNG", "WEBP"):
        whole = with_place(kind)
        for _ in range(25):
            content = bytearray(whole)
            for _flip in range(draw.randint(1, 6)):
                content[draw.randrange(12, len(content))] = draw.randrange(256)
            if draw.random() < 0.3:
                content = content[: draw.randrange(12, len(content))]
            assert send(attack, bytes(content), kind).status_code in (200, 400)


@pytest.mark.parametrize("name", list(BAD))
def test_a_logo_that_is_no_picture_is_refused_in_words(attack: Attack, name: str) -> None:
    here = attack.stage.here
    sent = {
        "name": "Northloom", "brand_color": "#2f5d50", "brand_radius": "12",
        "logo": SimpleUploadedFile("logo.png", BAD[name](), "image/png"),
    }  # fmt: skip
    url = "/app/northloom/settings/branding/"
    answer = attack.send(here.staff("owner"), "POST", url, name, form=sent)
    if name not in FORGIVEN:
        assert answer.status_code in (400, 422), name


def test_flipped_and_cut_bytes_of_a_logo_never_break(attack: Attack) -> None:
    draw, owner = random.Random(11), attack.stage.here.staff("owner")
    for kind in ("JPEG", "PNG", "WEBP"):
        whole = with_place(kind)
        for _ in range(12):
            content = bytearray(whole)
            for _flip in range(draw.randint(1, 6)):
                content[draw.randrange(12, len(content))] = draw.randrange(256)
            sent = {
                "name": "Northloom", "brand_color": "#2f5d50", "brand_radius": "12",
                "logo": SimpleUploadedFile("logo.png", bytes(content), "image/png"),
            }  # fmt: skip
            attack.send(owner, "POST", "/app/northloom/settings/branding/", kind, form=sent)


def test_photos_are_shown_only_to_whom_they_belong(attack: Attack) -> None:
    here, there = attack.stage.here, attack.stage.there
    own = f"/r/northloom/r/{here.draft_token}/photos/{here.draft_photo.pk}"
    stranger = there.staff("owner")
    shown = attack.send(here.shopper(), "GET", own)
    assert shown["Content-Type"] == "image/jpeg"
    assert shown["X-Content-Type-Options"] == "nosniff"
    tried = [
        (there.shopper(), own),
        (there.shopper(), f"/r/southpine/r/{there.draft_token}/photos/{here.draft_photo.pk}"),
        (here.shopper(), f"/r/northloom/s/{here.world.rma.token}/photos/{here.draft_photo.pk}"),
        (here.shopper(), f"/r/northloom/s/{here.asked.token}/photos/{here.world.photo.pk}"),
        (stranger, f"/app/southpine/photos/{here.world.photo.pk}/"),
        (stranger, f"/app/northloom/photos/{here.world.photo.pk}/"),
    ]
    assert [attack.send(client, "GET", url).status_code for client, url in tried] == [
        403, 404, 404, 404, 404, 404,
    ]  # fmt: skip
