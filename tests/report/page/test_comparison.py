from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.report.charts.growth import saved
from engine.report.page.comparison import ComparedRun, render_comparison
from engine.verify.skill.compare import compare
from tests.report import factory
from tests.report.page.test_page import check


@pytest.fixture(scope="module")
def runs() -> list[ComparedRun]:
    config, replay = factory.make_config(), factory.make_replay()
    first = factory.make_forecasts(replay)
    flat = first.copy()
    for name in ("breakdown", "range", "continuation"):
        flat[f"p_{name}"] = 0.5 * first[f"p_{name}"] + 0.5 / 3
    other = config.model_copy(update={"seed": 8})
    return [ComparedRun("one", config, first), ComparedRun("<b>two</b>", other, flat)]


def test_the_page_shows_what_differs_and_the_paired_scores(runs):
    html = render_comparison(runs)
    check(html)
    assert "&lt;b&gt;two&lt;/b&gt;" in html
    assert '<th scope="row">seed</th><td>7</td><td>8</td>' in html
    assert html.count('<th scope="row">') == 2 + 6  # folder, the one setting, three scores at two horizons
    found = compare(runs[0].forecasts, runs[1].forecasts, runs[0].config, runs[1].config).table
    for value in found["second"]:
        assert f"{value:.4f}" in html
    assert html.index("15 sessions ahead") < html.index("10 sessions ahead")
    assert "2 comparisons of log loss are made here" in html
    assert render_comparison(runs) == html


def test_what_was_saved_adds_up_to_the_difference_of_the_means(runs):
    first, second = (run.forecasts for run in runs)
    line = saved(first, second, 15)
    found = compare(first, second, runs[0].config, runs[1].config).table
    row = found[(found["horizon_sessions"] == 15) & (found["score"] == "log_loss_nats")].iloc[0]
    np.testing.assert_allclose(line.iloc[-1], -row["difference"] * row["effective_rows"], rtol=1e-9)


def test_runs_of_another_question_are_refused(runs):
    asked = runs[1].config.outcome.model_copy(update={"floor_break": "touch"})
    other = ComparedRun("x", runs[1].config.model_copy(update={"outcome": asked}), runs[1].forecasts)
    with pytest.raises(ConfigError, match=r"outcome\.floor_break"):
        render_comparison([runs[0], other])
