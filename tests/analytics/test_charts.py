from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.charts import Bar, Line, Part, bar_cell, bar_chart, line_chart, sparkline
from analytics.charts import stacked_chart as stack
from analytics.charts.svg import label_places, ticks

REASONS = [Bar("Too small", 318, 272), Bar("Changed my mind", 241, 251), Bar("Faulty", 164, 112)]
WEEKS = ["24 Aug", "31 Aug", "7 Sep"]
OUTCOMES = [
    Part("Full refund", [46, 45, 37], "pa1"),
    Part("Partial refund", [9, 10, 9], "pa2"),
    Part("Exchange", [0, 10, 27], "pb1"),
]


def read(markup: str) -> ElementTree.Element:
    """Parse one chart and check what holds for all: an image with title, finding, no style."""
    root = ElementTree.fromstring(markup)
    assert root.get("role") == "img"
    ids = (root.get("aria-labelledby") or "").split()
    assert [root[0].tag, root[1].tag] == ["title", "desc"]
    assert [root[0].get("id"), root[1].get("id")] == ids
    assert not re.search(r"\s(style|on\w+)=", markup)
    return root


def desc(markup: str) -> str:
    return read(markup)[1].text or ""


def test_bar_chart_draws_in_order_from_zero_with_previous_behind() -> None:
    root = read(bar_chart("rs", "Reasons", REASONS))

    groups = root.findall("g")
    assert [group.findall("text")[0].text for group in groups] == [bar.label for bar in REASONS]
    before, now = groups[0].findall("rect")
    assert (before.get("class"), now.get("class")) == ("s0", "s1")
    assert before.get("x") == now.get("x") == "146"
    assert float(now.get("width") or 0) == pytest.approx(294, abs=0.1)
    assert float(before.get("width") or 0) == pytest.approx(294 * 272 / 318, abs=0.1)


def test_bar_chart_says_who_leads_and_who_rose() -> None:
    assert desc(bar_chart("rs", "Reasons", REASONS)) == (
        "Too small leads with 318. Faulty rose 46%, from 112 to 164."
    )
    assert desc(bar_chart("rs", "Reasons", [Bar("Fit", 2)])) == "Fit leads with 2."


def test_bar_chart_marks_a_strong_rise_only() -> None:
    markup = bar_chart("rs", "Reasons", REASONS)

    assert '<text x="540" y="18" class="up" text-anchor="end">+17%</text>' in markup
    assert 'class="mut" text-anchor="end">−4%</text>' in markup


def test_bar_chart_labels_are_escaped_and_long_ones_shortened() -> None:
    markup = bar_chart("rs", "A & B", [Bar("<script>alert(1)</script> " * 3, 1)])

    assert "<script" not in markup
    assert "…" in markup
    assert read(markup)[0].text == "A & B"


def test_bar_chart_without_bars_or_figures_draws_nothing_wrong() -> None:
    assert bar_chart("rs", "Reasons", []) == ""
    read(bar_chart("rs", "Reasons", [Bar("Fit", 0, 0)]))


def test_line_chart_writes_last_figures_and_target() -> None:
    markup = line_chart(
        "pt",
        "Days to refund",
        WEEKS,
        [Line("median", [6.6, 6.4, 4.9]), Line("9 in 10", [11.8, None, 8.7], "k6")],
        unit="d",
        target=5,
    )

    texts = [text.text for text in read(markup).iter("text")]
    assert {"4.9 d", "median", "8.7 d", "9 in 10", "Target 5 d", *WEEKS} <= set(texts)
    assert desc(markup) == (
        "median fell from 6.6 to 4.9 d, 24 Aug to 7 Sep. "
        "9 in 10 fell from 11.8 to 8.7 d, 24 Aug to 7 Sep."
    )


def test_line_chart_gap_breaks_the_line() -> None:
    markup = line_chart("pt", "Days", WEEKS, [Line("median", [1, None, 2])])

    assert len([p for p in read(markup).iter("path") if p.get("class") == "ln k1"]) == 2


def test_line_chart_equal_ends_do_not_cover_each_other() -> None:
    markup = line_chart("pt", "Days", ["1"], [Line("a", [3]), Line("b", [3], "k6")])

    heights = [float(t.get("y") or 0) for t in read(markup).iter("text") if t.get("class") == "val"]
    assert abs(heights[0] - heights[1]) >= 30
    assert "a stayed at 3" in desc(markup)


def test_line_chart_line_without_figures_is_named() -> None:
    markup = line_chart("pt", "Days", WEEKS, [Line("a", [1, 2, 3]), Line("b", [None] * 3)])

    assert "a rose from 1 to 3" in desc(markup)
    assert "b: no figures." in desc(markup)
    assert line_chart("pt", "Days", WEEKS, [Line("b", [None] * 3)]) == ""


def test_line_chart_uneven_values_are_refused() -> None:
    with pytest.raises(ValueError, match="one value per label"):
        line_chart("pt", "Days", WEEKS, [Line("a", [1])])


def test_stacked_chart_columns_reach_the_top_and_say_the_change() -> None:
    markup = stack("oc", "How returns ended", WEEKS, OUTCOMES)

    columns = read(markup).findall("g")
    assert [len(column.findall("rect")) for column in columns] == [2, 3, 3]
    top = min(float(rect.get("y") or 0) for rect in columns[1].findall("rect"))
    assert top == pytest.approx(6, abs=0.1)
    assert columns[0].find("title") is not None
    assert desc(markup) == (
        "Full refund fell from 84% to 51%; Partial refund fell from 16% to 12%; "
        "Exchange rose from 0% to 37%."
    )


def test_stacked_chart_single_column_says_its_shares() -> None:
    markup = stack(
        "oc", "Ends", ["a", "b"], [Part("Full", [0, 3], "pa1"), Part("No", [0, 1], "px")]
    )

    assert desc(markup) == "Full 75%; No 25%."
    assert len(read(markup).findall("g")) == 1


def test_stacked_chart_refuses_what_cannot_be_read() -> None:
    assert stack("oc", "Ends", ["a"], [Part("Full", [0], "pa1")]) == ""
    with pytest.raises(ValueError, match="one value per label"):
        stack("oc", "Ends", ["a"], [Part("Full", [1, 2], "pa1")])
    with pytest.raises(ValueError, match="at most five"):
        stack("oc", "Ends", ["a"], [Part("p", [1], "pa1")] * 6)


def test_sparkline_is_decoration_beside_a_figure() -> None:
    root = ElementTree.fromstring(sparkline([1, 2, 3], [2, 2, 2]))

    assert root.get("aria-hidden") == "true"
    assert [path.get("class") for path in root] == ["area", "prev", None]
    assert sparkline([1]) == ""
    assert 'class="prev"' not in sparkline([1, 1], [3])


def test_bar_cell_never_leaves_its_box() -> None:
    root = ElementTree.fromstring(bar_cell(12, 10, 20))

    assert root[1].get("width") == "84"
    assert root[2].get("d") == "M84.0 0V8"
    assert ElementTree.fromstring(bar_cell(-1, 0))[1].get("width") == "0"


@given(st.floats(0, 1e7))
def test_ticks_are_few_round_and_reach_the_top(maximum: float) -> None:
    steps = ticks(maximum)

    assert steps[0] == 0
    assert 2 <= len(steps) <= 5
    assert steps[-1] >= maximum * 0.999999
    assert steps == sorted(set(steps))


@given(st.integers(1, 400))
def test_label_places_are_at_most_five(count: int) -> None:
    places = label_places(count)

    assert places[0] == 0
    assert len(places) <= 5
    assert places[-1] < count


@given(
    st.lists(
        st.builds(
            Bar,
            st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"])),
            st.integers(0, 10**9),
            st.none() | st.integers(0, 10**9),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_bar_chart_any_labels_and_figures_give_sound_markup(bars: list[Bar]) -> None:
    read(bar_chart("rs", "Reasons", bars))
