from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ConfigError, RunError
from engine.runs.plots import PlotOptions, save_plot


def test_axes_that_are_given_come_back_and_hold_the_runs_numbers(finished):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots(2, 2)
    assert finished.plot.reliability("breakdown", 10, axes=axes[0, 0]) is axes[0, 0]
    table = finished.reliability
    mine = table[(table["horizon_sessions"] == 10) & (table["scenario"] == "breakdown")]
    curve = max(axes[0, 0].lines, key=lambda line: len(line.get_xdata()))
    np.testing.assert_allclose(np.sort(curve.get_xdata()), np.sort(mine["forecast"]))
    assert finished.plot.price("2011-08-07", axes=axes[0, 1]) is axes[0, 1]  # a Sunday: the close before it
    assert finished.plot.skill(axes=axes[1, 0]) is axes[1, 0]
    close = finished.replay.loc[finished.replay["date"] == "2011-08-05", "close"].iloc[0]
    assert any(f"Close {close:,.0f}" == text.get_text() for text in axes[0, 1].texts)
    pyplot.close(figure)


def test_a_figure_in_a_file_has_the_same_bytes_each_time(finished, tmp_path):
    first, second = (
        save_plot(finished, "skill", tmp_path / f"{name}.svg", PlotOptions()).read_bytes() for name in "ab"
    )
    assert first == second
    assert first.startswith(b"<?xml")
    assert save_plot(finished, "price", tmp_path / "price.png").stat().st_size > 20_000


def test_what_cannot_be_drawn_is_named(finished, tmp_path):
    with pytest.raises(ConfigError, match="reliability, price, skill"):
        save_plot(finished, "volume", tmp_path / "x.svg")
    with pytest.raises(ConfigError, match="bad_figure"):
        save_plot(finished, "skill", tmp_path / "x.doc")
    with pytest.raises(RunError, match="no_such_figure"):
        finished.plot.reliability("sideways")
    with pytest.raises(RunError, match="no_such_date"):
        finished.plot.price("1990-01-01")
