"""What the template tags write, and that every template keeps to the rules of the front end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
import zxingcpp
from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template
from django.template.loader import get_template
from django.template.loader_tags import BlockNode, ExtendsNode
from django.test import RequestFactory
from django.utils import timezone, translation
from django.views import defaults
from PIL import Image, ImageDraw

from returns_portal.core import barcodes, clock
from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import Money
from returns_portal.core.status_words import STATUS_WORDS

TEMPLATES = Path(settings.BASE_DIR, "templates")
NOON = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)


def render(source: str, **context: object) -> str:
    return Template("{% load portal_tags %}" + source).render(Context(context)).strip()


class OrderForm(forms.Form):
    number = forms.CharField(
        label="Order number",
        help_text="Starts with NL-.",
        error_messages={"required": "Write your order number."},
    )
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    reason = forms.ChoiceField(
        label="Why?",
        choices=[("small", "Too small"), ("large", "Too large")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why."},
    )
    keep = forms.BooleanField(label="Keep it", required=False)


def test_icon_is_hidden_unless_it_has_a_label() -> None:
    assert render('{% icon "truck" %}') == (
        '<svg class="icon" aria-hidden="true"><use href="/static/img/icons.svg#truck"/></svg>'
    )
    assert 'role="img" aria-label="Late &amp; lost"' in render(
        '{% icon "x" label=label %}', label="Late & lost"
    )
    assert "data-flip" in render('{% icon "arrow-left" flip=True %}')


@pytest.mark.parametrize(
    ("language", "amount", "text"),
    [
        ("en", Money(11700, "EUR"), "€117.00"),
        ("de", Money(11700, "EUR"), "117,00\xa0€"),
        ("en", Money(-495, "EUR"), "−€4.95"),
        ("en", Money(1200, "JPY"), "¥1,200"),
        ("en", Money(1234, "KWD"), "KWD\xa01.234"),
        ("en", None, ""),
    ],
)
def test_money_is_written_in_the_active_language(
    language: str, amount: Money | None, text: str
) -> None:
    with translation.override(language):
        assert render("{% money amount %}", amount=amount) == text


def test_money_with_sign_marks_a_gain() -> None:
    assert render("{% money amount sign=True %}", amount=Money(855, "EUR")) == "+€8.55"
    assert render("{% money amount sign=True %}", amount=Money(0, "EUR")) == "€0.00"


@pytest.mark.parametrize("key", sorted(STATUS_WORDS))
def test_status_badge_has_icon_word_and_tone_for_both_audiences(key: str) -> None:
    row = STATUS_WORDS[key]

    staff = render("{% status_badge key %}", key=key)
    shopper = render('{% status_badge key "shopper" size="lg" %}', key=key)

    assert f'data-tone="{row.tone}"' in staff
    assert f"#{row.icon}" in staff
    assert str(row.staff) in staff
    assert str(row.shopper).replace("'", "&#x27;") in shopper
    assert 'data-size="lg"' in shopper


def test_status_badge_unknown_status_or_audience_raises() -> None:
    with pytest.raises(KeyError):
        render('{% status_badge "lost" %}')
    with pytest.raises(ValueError, match="audience"):
        render('{% status_badge "review" "boss" %}')


def test_badge_escapes_words_of_strangers() -> None:
    assert "<script>" not in render("{% badge text %}", text="<script>x</script>")


@pytest.mark.parametrize(
    ("number", "text"), [(0, ""), (None, ""), (7, ">7<"), (99, ">99<"), (100, ">99+<")]
)
def test_count_hides_zero_and_caps_at_99(number: int | None, text: str) -> None:
    written = render("{% count number %}", number=number)

    assert text in written
    assert bool(written) == bool(number)


def test_day_writes_the_date_as_shoppers_read_it() -> None:
    with clock.at(NOON):
        assert "Thursday 3 December<" in render("{% day when %}", when=date(2026, 12, 3))
        assert "Sunday 3 January 2027<" in render("{% day when %}", when=date(2027, 1, 3))
        with translation.override("de"):
            assert "Donnerstag, 3. Dezember<" in render("{% day when %}", when=date(2026, 12, 3))
            assert render("{{ when|day_text }}", when=date(2026, 12, 3)) == (
                "Donnerstag, 3. Dezember"
            )


def test_day_and_stamp_use_the_time_zone_in_force() -> None:
    late = datetime(2026, 12, 3, 23, 30, tzinfo=UTC)

    with clock.at(NOON), timezone.override("Europe/Berlin"):
        assert "Friday 4 December<" in render("{% day when %}", when=late)
        assert "4 Dec 00:30<" in render("{% stamp when %}", when=late)
    with clock.at(NOON), timezone.override("UTC"):
        assert "3 Dec 23:30<" in render("{% stamp when %}", when=late)


def test_stamp_of_another_year_has_the_year_and_none_is_nothing() -> None:
    with clock.at(NOON):
        assert "1 Feb 2025 08:05<" in render(
            "{% stamp when %}", when=datetime(2025, 2, 1, 8, 5, tzinfo=UTC)
        )
    assert render("{% stamp when %}{% day when %}{% time_ago when %}", when=None) == ""


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "just now"), (2, "2 min ago"), (130, "2 h ago"), (5 * 1440, "5 d ago"), (-200, "in 3 h")],
)
def test_time_ago_says_the_distance(minutes: int, words: str) -> None:
    moment = datetime.fromtimestamp(NOON.timestamp() - minutes * 60, UTC)

    with clock.at(NOON):
        assert f">{words}<" in render("{% time_ago moment %}", moment=moment)


def test_field_ties_label_hint_and_error_to_the_control() -> None:
    form = OrderForm({"number": "", "reason": ""})

    html = render("{% field form.number size='lg' autocapitalize='characters' %}", form=form)

    assert '<label for="id_number">Order number</label>' in html
    control = re.search(r"<input[^>]*>", html)
    assert control is not None
    assert 'aria-describedby="id_number-hint id_number-error"' in control[0]
    assert 'aria-invalid="true"' in control[0]
    assert 'class="input"' in control[0]
    assert 'data-size="lg"' in control[0]
    assert 'autocapitalize="characters"' in control[0]
    assert 'id="id_number-hint">Starts with NL-.' in html
    assert "Write your order number." in html


def test_field_marks_only_optional_fields() -> None:
    form = OrderForm()

    assert "Optional" in render("{% field form.note %}", form=form)
    assert "Optional" not in render("{% field form.number %}", form=form)
    assert "Optional" not in render("{% field form.keep %}", form=form)


@pytest.mark.parametrize("look", ["list", "pills", "choices"])
def test_field_radio_group_keeps_choice_and_error_in_every_look(look: str) -> None:
    chosen = render(
        "{% field form.reason look=look %}", form=OrderForm({"reason": "large"}), look=look
    )
    refused = render("{% field form.reason look=look %}", form=OrderForm({}), look=look)

    assert re.search(r'value="large"[^>]* checked', chosen)
    assert not re.search(r'value="small"[^>]* checked', chosen)
    assert 'name="reason"' in chosen
    assert 'aria-describedby="id_reason-error"' in refused
    assert "Choose why." in refused


def test_field_unknown_look_raises() -> None:
    with pytest.raises(ValueError, match="look"):
        render('{% field form.reason look="grid" %}', form=OrderForm())


def test_error_summary_links_every_error_to_an_element_that_exists() -> None:
    form = OrderForm({})

    html = render(
        "{% error_summary form %}{% field form.number %}{% field form.reason %}", form=form
    )

    targets = re.findall(r'href="#([^"]+)"', html.split("</ul>")[0])
    assert targets == ["id_number", "id_reason"]
    assert all(f'id="{target}"' in html for target in targets)
    assert "Check 2 things" in html
    assert render("{% error_summary form %}", form=OrderForm()) == ""


def test_query_string_changes_and_removes_keys() -> None:
    request = RequestFactory().get("/", {"view": "review", "page": "2", "tag": ["a", "b"]})
    template = Template("{% load portal_tags %}{% query_string page=3 view=None %}")

    assert template.render(RequestContext(request)) == "?tag=a&amp;tag=b&amp;page=3"


@pytest.mark.parametrize("text", ["R204817K", "JJD014600006281447", "1Z999AA10123456784"])
def test_barcode_scans_to_its_text(text: str) -> None:
    svg = render("{% barcode text %}", text=text)

    found = zxingcpp.read_barcode(_drawn(svg, scale=3))
    assert found is not None
    assert (found.text, found.format) == (text, zxingcpp.BarcodeFormat.Code128)


def test_barcode_text_it_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidInput):
        barcodes.code128_svg("Ж")


def test_qr_scans_to_its_text_as_svg_and_as_png(tmp_path: Path) -> None:
    address = "https://returns.example.com/s/8sK2v9"
    picture = tmp_path / "code.png"
    picture.write_bytes(barcodes.qr_png(address))

    for image in (_drawn(render("{% qr text %}", text=address), scale=6), Image.open(picture)):
        found = zxingcpp.read_barcode(image)
        assert found is not None
        assert found.text == address


def test_barcode_and_qr_carry_no_style_and_only_lengths() -> None:
    drawn = render('{% barcode "R1" width="88mm" height="17mm" %}{% qr "R1" size="22mm" %}')

    assert "style" not in drawn
    assert 'width="88mm" height="17mm"' in drawn
    with pytest.raises(ValueError, match="length"):
        barcodes.code128_svg("R1", width='1" onload="x')


def _drawn(svg: str, *, scale: int) -> Image.Image:
    """Paint the dark rectangles of an SVG that holds nothing else."""
    width, height = (int(n) for n in re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0])
    image = Image.new("L", (width * scale, height * scale), 255)
    pen = ImageDraw.Draw(image)
    for x, y, w, h in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", svg.split(barcodes.INK)[1]):
        left, top = int(x) * scale, int(y) * scale
        pen.rectangle((left, top, left + int(w) * scale - 1, top + int(h) * scale - 1), fill=0)
    return image


def test_card_callout_and_dialog_wrap_their_content() -> None:
    html = render(
        '{% card title="Money" id="mo" %}<p>117</p>{% endcard %}'
        '{% callout tone="warning" title="No scan for 6 days." %}Ask An Post.{% endcallout %}'
        '{% dialog id="d" title="Decline?" %}<form></form>{% enddialog %}'
    )

    assert '<section class="card" aria-labelledby="mo">' in html
    assert '<div class="card__body"><p>117</p></div>' in html
    assert "<strong>No scan for 6 days.</strong> Ask An Post." in html
    assert '<dialog class="dialog" id="d" aria-labelledby="d-title">' in html


PAGES = sorted(
    path
    for path in TEMPLATES.rglob("*.html")
    if path.relative_to(TEMPLATES).parts[0] not in {"emails", "documents"}
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_template_compiles_and_keeps_to_the_content_policy(path: Path) -> None:
    source = re.sub(r"{% comment %}.*?{% endcomment %}", "", path.read_text("utf-8"), flags=re.S)

    get_template(str(path.relative_to(TEMPLATES)))
    assert not re.search(r"\sstyle\s*=|<style", source)
    assert not re.search(r"\son[a-z]+\s*=", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert "hx-on" not in source
    assert "js:" not in source


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_template_fills_only_blocks_that_its_parents_have(path: Path) -> None:
    template = get_template(str(path.relative_to(TEMPLATES))).template  # type: ignore[attr-defined]
    filled = {
        node.name
        for extends in template.nodelist.get_nodes_by_type(ExtendsNode)
        for node in extends.nodelist
        if isinstance(node, BlockNode)
    }

    offered: set[str] = set()
    parent = template
    while extends := parent.nodelist.get_nodes_by_type(ExtendsNode):
        parent = get_template(extends[0].parent_name.var).template  # type: ignore[attr-defined]
        offered |= {node.name for node in parent.nodelist.get_nodes_by_type(BlockNode)}

    assert filled - offered == set()


@pytest.mark.parametrize(
    ("view", "status", "words"),
    [
        (partial(defaults.bad_request, exception=ValueError()), 400, "We can’t read this request"),
        (partial(defaults.permission_denied, exception=ValueError()), 403, "You can’t do this"),
        (partial(defaults.page_not_found, exception=Http404()), 404, "This page isn’t here"),
        (defaults.server_error, 500, "That’s our fault"),
    ],
)
def test_error_pages_are_ours_whatever_broke(
    view: Callable[[HttpRequest], HttpResponse], status: int, words: str
) -> None:
    answer = view(RequestFactory().get("/gone"))

    assert answer.status_code == status
    assert words in answer.content.decode()


def test_templates_name_only_icons_that_the_sprite_holds() -> None:
    sprite = Path(settings.BASE_DIR, "static/img/icons.svg").read_text("utf-8")
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))

    used = {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(
            r'{% icon "([^"]+)"|icon(?:_end)?="([a-z-]+)"', path.read_text("utf-8")
        )
        for name in name
        if name
    } | {row.icon for row in STATUS_WORDS.values()}

    assert used - drawn == set()
