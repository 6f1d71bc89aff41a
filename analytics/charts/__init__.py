"""Charts as accessible SVG, drawn on the server."""

from __future__ import annotations

from analytics.charts.bars import Bar, bar_cell, bar_chart
from analytics.charts.lines import Line, line_chart, sparkline
from analytics.charts.stacks import Part, stacked_chart

__all__ = [
    "Bar",
    "Line",
    "Part",
    "bar_cell",
    "bar_chart",
    "line_chart",
    "sparkline",
    "stacked_chart",
]
