"""The papers of a return, printed, turned into pictures and scanned as a warehouse would."""

from __future__ import annotations

import base64
import io
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import django
import pytest
import zxingcpp
from PIL import Image

from returns_portal.core import barcodes, pdf
from returns_portal.core.errors import InvalidInput
from rma.carriers.base import Address
from rma.documents import (
    LabelDocument,
    Paper,
    SlipDocument,
    SlipItem,
    render_combined,
    render_label,
    render_slip,
)
from rma.numbers import new_rma_number
from tests import programs

SHOPPER = Address("Maya Lindqvist", "8 Vicar Street", "Dublin", "D08 X4P2", "IE")
WAREHOUSE = Address(
    "QC bench", "Unit 7 Park West", "Dublin 12", "D12 K4R8", "IE", company="Northloom Returns"
)
NUMBER = "R-7K4P-2M9X-WC"
STATUS_URL = "https://returns.northloom.example/s/7K4P2M9XWC-long-token-of-the-page"


def _draw_there(html: str) -> bytes:
    """Run in the other process, where nothing is patched."""
    return pdf._with_plutoprint(html)


@pytest.fixture(scope="module")
def other_process() -> Iterator[ProcessPoolExecutor]:
    """Give plutoprint a process of its own: one that holds both engines crashes when it ends."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=django.setup) as pool:
        yield pool


@pytest.fixture(params=["weasyprint", "plutoprint"])
def engine(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    other_process: ProcessPoolExecutor,
) -> str:
    """Render with either engine; WeasyPrint's test is skipped where Pango is missing."""
    if request.param == "weasyprint" and pdf.engine() != "weasyprint":
        pytest.skip("Pango is not installed")
    monkeypatch.setattr(pdf, "engine", lambda: request.param)
    monkeypatch.setattr(
        pdf, "_with_plutoprint", lambda html: other_process.submit(_draw_there, html).result()
    )
    return str(request.param)


def label(**changes: object) -> LabelDocument:
    facts: dict[str, object] = {
        "carrier": "Parcel Test",
        "service": "Standard",
        "sender": SHOPPER,
        "receiver": WAREHOUSE,
        "tracking_code": "RB4839201748203",
        "rma_number": NUMBER,
        "weight_grams": 1200,
        "route": "DUB1-QC",
    }
    return LabelDocument(**{**facts, **changes})  # type: ignore[arg-type]


def item(name: str = "Merino Crew Sweater", **changes: object) -> SlipItem:
    facts: dict[str, object] = {
        "variant": "Oat / S",
        "sku": "MCS-OAT-S",
        "quantity": 1,
        "reason": "Too small",
        "outcome": "Exchange",
    }
    return SlipItem(name=name, **{**facts, **changes})  # type: ignore[arg-type]


def slip(**changes: object) -> SlipDocument:
    facts: dict[str, object] = {
        "merchant_name": "Northloom",
        "rma_number": NUMBER,
        "order_number": "NL-48213",
        "shopper": "Maya L., Ireland",
        "items": [item()],
        "status_url": STATUS_URL,
        "approved_on": date(2026, 11, 19),
        "send_by": date(2026, 12, 3),
        "route": "DUB1",
        "help_contact": "returns@northloom.example",
    }
    return SlipDocument(**{**facts, **changes})  # type: ignore[arg-type]


def pictures(content: bytes, folder: Path, dpi: int = 203) -> list[Image.Image]:
    """Print at a thermal printer's resolution."""
    source = folder / "document.pdf"
    source.write_bytes(content)
    pdftoppm = programs.required("pdftoppm", package="poppler-utils")
    command = [pdftoppm, "-r", str(dpi), "-png", str(source), str(folder / "page")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return [_loaded(path) for path in sorted(folder.glob("page*.png"))]


def _loaded(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
    return picture


def words(content: bytes, folder: Path) -> str:
    source = folder / "text.pdf"
    source.write_bytes(content)
    pdftotext = programs.required("pdftotext", package="poppler-utils")
    command = [pdftotext, "-layout", str(source), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def scanned(page: Image.Image) -> set[str]:
    return {found.text for found in zxingcpp.read_barcodes(page.convert("L"))}


@pytest.mark.usefixtures("engine")
def test_label_is_four_by_six_inches_and_scans_at_printer_resolution(tmp_path: Path) -> None:
    pages = pictures(render_label(label()), tmp_path)

    assert len(pages) == 1
    assert abs(pages[0].width - 4 * 203) <= 2
    assert abs(pages[0].height - 6 * 203) <= 2
    assert {"RB4839201748203", "R7K4P2M9XWC"} <= scanned(pages[0])


@pytest.mark.usefixtures("engine")
def test_label_scans_when_dithered_to_one_colour_and_turned(tmp_path: Path) -> None:
    page = pictures(render_label(label()), tmp_path)[0].convert("1").convert("L")

    for angle in (0, 7, 90, 180):
        turned = page.rotate(angle, expand=True, fillcolor=255)
        assert {"RB4839201748203", "R7K4P2M9XWC"} <= scanned(turned)


@pytest.mark.usefixtures("engine")
def test_label_bars_are_whole_printer_dots_wide(tmp_path: Path) -> None:
    page = pictures(render_label(label()), tmp_path, dpi=1016)[0].convert("L")
    row = page.crop((0, int(page.height * 0.62), page.width, int(page.height * 0.62) + 1))
    line = "".join("1" if value < 128 else "0" for value in row.tobytes())
    runs = [len(run) for run in re.findall("1+", line)]

    # 1016 dpi is five pixels per printer dot: modules are 0.375 or 0.5 mm, 15 or 20 pixels.
    narrowest = min(runs)
    assert narrowest >= 14
    assert all(min(run % narrowest, -run % narrowest) <= 2 for run in runs)


@pytest.mark.usefixtures("engine")
def test_label_says_where_from_where_to_and_what(tmp_path: Path) -> None:
    text = words(render_label(label(parcel_index=2, parcel_count=3)), tmp_path)
    text = text.replace("2 / 3", "2/3")

    for part in (
        "Parcel Test",
        "Maya Lindqvist, 8 Vicar Street, Dublin, D08 X4P2",
        "Northloom Returns",
        "Unit 7 Park West",
        "DUB1-QC",
        "1.2 kg",
        "2/3",
        "RB48 3920 1748 203",
        NUMBER,
    ):
        assert part in text
    assert "IRELAND" not in text


@pytest.mark.usefixtures("engine")
def test_label_names_the_country_only_where_a_border_is_crossed(tmp_path: Path) -> None:
    german = Address("Jürgen Groß", "Goethestraße 5", "Köln", "50667", "DE")

    text = words(render_label(label(sender=german)), tmp_path)

    assert "Jürgen Groß, Goethestraße 5, 50667 Köln, GERMANY" in text
    assert "IRELAND" in text


@pytest.mark.usefixtures("engine")
def test_label_of_any_number_reads_back(tmp_path: Path) -> None:
    for place, number in enumerate(["R-B234-5678-9M", *(new_rma_number() for _ in range(3))]):
        folder = tmp_path / str(place)
        folder.mkdir()
        page = pictures(render_label(label(rma_number=number)), folder)[0]
        assert number.replace("-", "") in scanned(page)


@pytest.mark.usefixtures("engine")
def test_slip_scans_and_holds_no_price_street_or_email_of_the_shopper(tmp_path: Path) -> None:
    content = render_slip(slip())
    page = pictures(content, tmp_path, dpi=150)[0]
    text = words(content, tmp_path)

    assert {"R7K4P2M9XWC", STATUS_URL} <= scanned(page)
    for part in (NUMBER, "NL-48213", "Maya L., Ireland", "19 Nov 2026", "3 Dec 2026", "DUB1"):
        assert part in text
    assert "1 item in 1 parcel" in text
    assert not re.search(r"[€$£]|Vicar Street", text)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("paper", "width", "height"), [(Paper.A4, 210.0, 297.0), (Paper.LETTER, 215.9, 279.4)]
)
def test_slip_fits_the_shoppers_paper(
    tmp_path: Path, paper: Paper, width: float, height: float
) -> None:
    pages = pictures(render_slip(slip(paper=paper)), tmp_path, dpi=100)

    assert len(pages) == 1
    assert abs(pages[0].width - width / 25.4 * 100) <= 2
    assert abs(pages[0].height - height / 25.4 * 100) <= 2


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("count", "expected"), [(1, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
def test_slip_continues_with_the_same_head(tmp_path: Path, count: int, expected: int) -> None:
    content = render_slip(slip(items=[item(f"Thing {n}") for n in range(count)]))
    pages = pictures(content, tmp_path, dpi=110)
    text = words(content, tmp_path)

    assert len(pages) == expected
    assert all("R7K4P2M9XWC" in scanned(page) for page in pages)
    assert all(f"Thing {n}" in text for n in range(count))
    assert (f"Page {expected} of {expected}" in text) is (expected > 1)
    assert text.count("Send it back") == 1


@pytest.mark.usefixtures("engine")
def test_slip_for_the_own_carrier_says_where_to_send_it(tmp_path: Path) -> None:
    lines = ["Northloom Returns", "Unit 7 Park West", "Dublin 12, D12 K4R8"]

    text = words(render_slip(slip(own_carrier=True, warehouse=lines)), tmp_path)

    assert all(line in text for line in lines)
    assert "Stick the label on" not in text


@pytest.mark.usefixtures("engine")
def test_slip_for_goods_to_check_and_several_parcels_says_so(tmp_path: Path) -> None:
    text = words(render_slip(slip(needs_check=True, parcel_index=1, parcel_count=2)), tmp_path)

    assert "DUB1, check" in text
    assert "1 of 2" in text


@pytest.mark.usefixtures("engine")
def test_combined_sheet_holds_both_and_scans(tmp_path: Path) -> None:
    content = render_combined(slip(items=[item()] * 4), label())
    pages = pictures(content, tmp_path, dpi=203)

    assert len(pages) == 1
    assert {"RB4839201748203", "R7K4P2M9XWC", STATUS_URL} <= scanned(pages[0])


@pytest.mark.usefixtures("engine")
def test_combined_sheet_with_many_items_puts_the_label_on_its_own(tmp_path: Path) -> None:
    pages = pictures(render_combined(slip(items=[item()] * 9), label()), tmp_path, dpi=203)

    assert len(pages) == 3
    assert "RB4839201748203" not in scanned(pages[0])
    assert "RB4839201748203" in scanned(pages[2])


@pytest.mark.usefixtures("engine")
def test_hostile_texts_print_as_text_and_load_nothing(tmp_path: Path) -> None:
    hostile = '<img src="file:///etc/passwd"><script>x</script>'
    content = render_slip(
        slip(
            merchant_name=hostile,
            logo="file:///etc/passwd",
            items=[item(hostile, picture="http://10.0.0.1/x.png")],
        )
    )
    text = words(content, tmp_path)

    assert "<img" in text
    assert "root:" not in text
    assert b"/etc/passwd" not in content


@pytest.mark.usefixtures("engine")
def test_documents_ask_for_no_file_and_no_connection() -> None:
    secret = Path(__file__).resolve()
    html = (
        "<!doctype html><html lang='en'><head><title>t</title>"
        f"<link rel='stylesheet' href='{secret.as_uri()}'></head><body>x"
        "<img alt='' src='http://127.0.0.1:9/x'><img alt='' src='static:../manage.py'>"
        "<img alt='' src='static:/etc/passwd'></body></html>"
    )

    assert pdf.render(html).startswith(b"%PDF-")


def test_static_files_are_served_and_nothing_else() -> None:
    content, kind = pdf.static_file("fonts/inter-latin-400-normal.woff2")

    assert (content[:4], kind) == (b"wOF2", "font/woff2")
    for name in ("../manage.py", "/etc/passwd", "fonts/none.woff2", "fonts", "..\\x"):
        with pytest.raises(pdf.AssetRefused):
            pdf.static_file(name)


@pytest.mark.usefixtures("engine")
def test_picture_and_logo_of_the_merchant_are_printed(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "black").save(out, "PNG")
    picture = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()

    plain = pictures(render_slip(slip()), tmp_path, dpi=60)[0].convert("L")
    dark = pictures(render_slip(slip(logo=picture, items=[item(picture=picture)])), tmp_path, 60)
    blacks = [sum(1 for v in one.tobytes() if v < 64) for one in (plain, dark[0].convert("L"))]

    assert blacks[1] > blacks[0] + 300


@pytest.mark.parametrize("country", ["US", "ca", "PH"])
def test_paper_is_letter_where_printers_hold_letter(country: str) -> None:
    assert Paper.for_country(country) is Paper.LETTER
    assert Paper.for_country("IE") is Paper.A4


def test_barcode_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(InvalidInput):
        barcodes.code128_module_count("Grüße ☃")


def test_barcode_width_counts_its_quiet_zones() -> None:
    drawing = barcodes.code128_svg("R7K4P2M9XWC")

    assert f'viewBox="0 0 {barcodes.code128_module_count("R7K4P2M9XWC")} 40"' in drawing
    assert barcodes.svg_data_uri(drawing).startswith("data:image/svg+xml;base64,")
