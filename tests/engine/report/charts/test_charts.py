"""Charts: marks stand at their values, bars at their bins, and odd numbers are survived."""

from __future__ import annotations

import math
import re

import pytest

from tests.engine.report.page.checked_page import Page
from workbench.common.charts import BarRow, ForestRow, HistogramPanel, Mark
from workbench.common.wording import listing, signed
from workbench.report.charts.charts import bar_chart, forest_chart, histogram_chart, rank_chart
from workbench.report.charts.svg import Scale


def test_marks_of_a_forest_stand_at_their_values() -> None:
    rows = [ForestRow("f", "total", (Mark("A", 0.1, 0.0, 0.2), Mark("B", 0.3, 0.2, 0.4)))]
    drawn = forest_chart(rows, threshold=0.05, title="t", axis="x")
    scale = Scale.over([0.0, 0.1, 0.2, 0.3, 0.4], 0.05, left=96.0, right=668.0)
    assert re.search(rf'<circle cx="{scale(0.1):.1f}" cy="\d', drawn.replace('cy="14', ""))
    assert f"M{scale(0.0):.1f} " in drawn and f"H{scale(0.2):.1f}M" in drawn
    band = f'<rect x="{scale(-0.05):.1f}"'
    assert band in drawn and band not in forest_chart(rows, threshold=None, title="t", axis="x")
    # Two estimators differ in shape, not only in colour; the numbers are also told in words.
    assert drawn.count("<circle") == 2 and drawn.count("l5.5-5.5") == 2
    assert "f, total, B: +0.300 (+0.200 to +0.400)" in drawn


def test_bars_go_the_way_of_their_sign() -> None:
    drawn = bar_chart(
        [BarRow("a → b", 0.2, 0.1, 0.3, "60 %"), BarRow("a", -0.1, -0.2, 0.0, "−40 %")],
        threshold=None,
        title="t",
        axis="x",
    )
    bars = [
        (float(x), float(w))
        for x, w in re.findall(r'x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="14"', drawn)
    ]
    (left, wide), (other, short) = bars
    assert math.isclose(other + short, left, abs_tol=0.2)  # both end at zero
    assert math.isclose(wide, 2 * short, abs_tol=0.3)
    assert "+0.200 · 60 %" in drawn and "−0.100 · −40 %" in drawn


def test_equal_ranks_are_drawn_apart_and_unknown_ones_left_out() -> None:
    ranks = {"a": [1, 2, None], "b": [2, 2, 1], "<c>": [3, 1, 2]}
    drawn = rank_chart(["A", "B", "C"], ranks, lit=["a"], title="t")
    places = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)
    assert len(places) == len(set(places)) == 8
    assert drawn.count('stroke-width="3.5"') == 1  # a's only line
    assert "a: A rank 1, B rank 2, C no rank" in drawn
    assert "<c>" not in drawn


def test_charts_survive_odd_numbers() -> None:
    nothing = Mark("A", float("nan"), float("nan"), float("nan"))
    for estimate in (nothing, Mark("A", 0.0, 0.0, 0.0), Mark("A", 1e9, -1e9, 3e9)):
        drawn = forest_chart(
            [ForestRow("f\x00\ud800", "total", (estimate,))], threshold=None, title="t", axis="x"
        )
        assert "nan" not in drawn and "\x00" not in drawn and "\ud800" not in drawn
        assert Page(drawn).broken == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.447512, "+0.448"),
        (-0.0012, "−0.0012"),
        (12.345, "+12.3"),
        (1234567.0, "+1,234,567"),
        (0.0, "0"),
        (3e-13, "≈ 0"),
        (float("nan"), "–"),
        (float("-inf"), "−∞"),
    ],
)
def test_numbers_are_written_for_people(value: float, text: str) -> None:
    assert signed(value) == text


def test_long_lists_are_counted() -> None:
    assert listing(["a"]) == "a"
    assert listing([str(i) for i in range(9)]) == "0, 1, 2, 3, 4 and 4 more"


def test_bars_of_a_histogram_stand_at_their_bins_and_change_colour_at_the_threshold() -> None:
    edges = (-0.06, -0.02, 0.02, 0.06, 0.1)
    panel = HistogramPanel("total", edges, (5, 40, 0, 10), 0.01, "note")
    drawn = histogram_chart([panel], threshold=0.02, title="rows", axis="effect")
    scale = Scale.over([-0.06, 0.1], 0.02, left=16, right=744)
    bars = re.findall(r'<path d="((?:M[^"z]*z)+)" fill="([^"]*)"', drawn)
    places = {fill: re.findall(r"M([\d.]+) [\d.]+v-([\d.]+)h([\d.]+)", path) for path, fill in bars}
    (within,) = places[next(fill for fill in places if "first" in fill)]
    beyond = places[next(fill for fill in places if "second" in fill)]
    assert float(within[0]) == pytest.approx(scale(-0.02) + 0.5, abs=0.06)
    assert float(within[2]) == pytest.approx(scale(0.02) - scale(-0.02) - 1, abs=0.06)
    assert len(beyond) == 2  # the empty bin is not drawn
    assert float(beyond[1][1]) == pytest.approx(float(within[1]) / 4, abs=0.1)
    assert float(beyond[1][0]) == pytest.approx(scale(0.06) + 0.5, abs=0.06)
