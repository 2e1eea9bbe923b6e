"""Does context add skill: forecasts of known quality, and a small run with a series that says nothing."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import engine
from engine import commands
from engine.config import parse_config
from engine.report.prose.verdicts import context_verdict
from engine.report.terminal.terminal import around_view, make_console
from engine.report.trust import read_metrics
from engine.scenarios import SCENARIOS
from engine.verify.skill.context import context_skill
from tests.conftest import small_config


def frame(probabilities, outcomes, days):
    data = {
        "instrument": "X",
        "date": days,
        "horizon_sessions": 5,
        "outcome": [SCENARIOS[y] for y in outcomes],
    }
    return pd.DataFrame(data | {f"p_{name}": probabilities[:, k] for k, name in enumerate(SCENARIOS)})


def test_what_knows_more_is_better_and_the_same_is_nothing():
    rng = np.random.default_rng(2)
    n = 3000
    days = np.datetime64("2000-01-03") + np.arange(n)
    truth = rng.dirichlet([2, 2, 2], n)
    outcomes = np.array([rng.choice(3, p=p) for p in truth])
    flat = np.full((n, 3), 1 / 3)
    found = context_skill(frame(truth, outcomes, days), frame(flat, outcomes, days), (5,), 0.9)["5"]
    expected = 1 - np.log(truth[np.arange(n), outcomes]).mean() / np.log(1 / 3)
    assert found["log_loss_skill"] == pytest.approx(expected)
    assert 0 < found["low"] < expected < found["high"]
    same = context_skill(frame(flat, outcomes, days), frame(flat, outcomes, days), (5, 9), 0.9)
    assert list(same) == ["5"]
    assert (same["5"]["log_loss_skill"], same["5"]["low"], same["5"]["high"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.001, 0.004, "added something"), (-0.004, 0.003, "told from chance"), (-0.02, -0.01, "worse")],
)
def test_the_answer_in_words(low, high, words):
    line = {"log_loss_skill": (low + high) / 2, "low": low, "high": high}
    text = context_verdict(read_metrics({"interval_coverage": 0.9, "context": {"15": line, "10": line}}))
    assert words in text
    assert "at 15 sessions (" in text
    assert context_verdict(read_metrics({"interval_coverage": 0.9})) == ""


def test_a_run_with_noise_for_context_and_a_calendar_of_releases(tmp_path):
    days = np.arange(np.datetime64("2003-01-01"), np.datetime64("2013-03-01"))
    rng = np.random.default_rng(1)
    series = pd.DataFrame(
        {"date": days.astype(str), "x": (4 + 0.03 * rng.normal(0, 1, len(days)).cumsum()).round(3)}
    )
    series[series.date < "2013-01-01"].to_csv(tmp_path / "x.csv", index=False)
    pd.DataFrame({"date": days[10::7].astype(str), "event": "cpi"}).to_csv(
        tmp_path / "events.csv", index=False
    )
    lag = {"path": str(tmp_path / "x.csv"), "column": "x", "publication_lag_sessions": 1}
    data = small_config().model_dump(mode="json") | {
        "context": [{"name": "ten", "role": "yield_10y", **lag}],
        "events": {"path": str(tmp_path / "events.csv")},
    }
    config = parse_config(data)
    run = engine.run(config, results=tmp_path, audit_dates=10)
    found = run.metrics["context"]
    assert set(found) == {"10", "15"}
    assert all(line["low"] < 0.01 and line["high"] > -0.02 for line in found.values())
    brief, page = ((run.path / name).read_text() for name in ("brief.md", "report.html"))
    for text in (brief, page):
        assert "10-year yield" in text
        assert "log-loss skill over the same table made without it" in text
    assert "## Fundamentals" in brief
    assert "consumer prices" in brief.split("## Ahead")[1]
    (table,) = run.scenarios
    assert table["ahead"]["releases"][0]["kind"] == "cpi"
    assert run.manifest["audit"][0]["passed"]
    (again,) = engine.scenario(config)
    assert again.to_dict()["fundamentals"] == table["fundamentals"]
    assert again.to_dict()["ahead"] == table["ahead"]
    _shown_again(run.path, table, tmp_path, series)


def _shown_again(folder, table, tmp_path, series):
    """``engine show`` reads context and releases again, as they were known on the date, and only while they say the same."""
    ((last, _),) = commands.show(folder, None, quick=True)
    assert last.to_dict().get("fundamentals") is None
    ((last, _),) = commands.show(folder, None)
    assert last.to_dict()["fundamentals"] == table["fundamentals"]
    assert last.to_dict()["ahead"] == table["ahead"]
    ((earlier, _),) = commands.show(folder, "2011-03-15")
    (fact,) = earlier.fundamentals
    assert fact.published <= "2011-03-15"
    assert fact.value == series.set_index("date")["x"][fact.about]
    assert earlier.ahead.releases
    make_console(written := io.StringIO()).print(around_view(earlier))
    text = written.getvalue()
    assert "Fundamentals" in text
    assert "10-year yield" in text
    series.assign(x=series.x + 1)[series.date < "2013-01-01"].to_csv(tmp_path / "x.csv", index=False)
    ((revised, _),) = commands.show(folder, "2011-03-15")
    assert revised.fundamentals is None
