"""Axes and bars of drawn charts are read back; the text is given."""

from __future__ import annotations

import pytest

from support.pictures import Drawn, bar_chart, text_picture
from thinktalk.engines.cascade.sight.chart import Chart, read_chart


def read(drawn: Drawn) -> Chart | None:
    return read_chart(drawn.image.pixels, drawn.lines)


@pytest.mark.parametrize("bar", ["#4472c4", "#c00000", "#70ad47"])
def test_bars_are_measured_against_the_axis(bar: str) -> None:
    values = {"Jan": 12.0, "Feb": 30.0, "Mar": 22.0, "Apr": 45.0}

    chart = read(bar_chart(values, title="Sales by month", top=50, bar=bar))

    assert chart is not None
    assert chart.title == "Sales by month"
    assert (chart.low, chart.high) == (0, 50)
    assert [name for name, _ in chart.bars] == list(values)
    for name, value in chart.bars:
        assert value == pytest.approx(values[name], abs=0.5)


def test_a_bar_that_is_missing_makes_no_values_up() -> None:
    chart = read(bar_chart({"Jan": 12, "Feb": 0, "Mar": 22}, title="Sales", top=30))

    assert chart is not None
    assert chart.bars == ()
    assert chart.categories == ("Jan", "Feb", "Mar")


def test_numbers_below_each_other_that_are_no_axis_make_no_chart() -> None:
    assert read(text_picture(["12", "900", "7", "33"])) is None


def test_text_makes_no_chart() -> None:
    assert read(text_picture(["first", "second", "third"])) is None
