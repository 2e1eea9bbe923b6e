import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from engine import commands
from engine.bars.simulate import simulate_bars
from engine.cli import app
from engine.errors import DataError
from engine.judge import judge, read_forecasts
from engine.report.page.judgement import judgement_page

NAMES = ("breakdown", "range", "continuation")


def table(rows=500, horizon=10, stretch=1.0, seed=0, classes=NAMES):
    """Daily forecasts of independent windows (every ``horizon`` sessions repeats one latent draw), and outcomes."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(len(classes), 4.0), rows)
    y = (rng.random(rows)[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
    said = p**stretch
    said /= said.sum(axis=1, keepdims=True)
    days = np.busday_offset(np.datetime64("2010-01-04"), np.arange(rows) * horizon)
    frame = pd.DataFrame({f"p_{name}": said[:, k] for k, name in enumerate(classes)})
    return frame.assign(date=days, horizon_sessions=horizon, outcome=np.array(classes)[y])


def test_exact_forecasts_pass_and_bold_ones_are_named():
    fine = judge(read_forecasts(table()), draws=99).metrics
    assert fine["calibration_test"]["verdict"].startswith("Not distinguishable from calibrated")
    assert fine["horizons"]["10"]["skill"]["climatology"]["low"] > 0
    bold = judge(read_forecasts(table(stretch=1.8)), draws=99)
    assert "too bold" in bold.metrics["calibration_test"]["verdict"]
    json.dumps(bold.metrics, allow_nan=False)
    page = judgement_page(bold, "Tables <of> somebody")
    assert "too bold" in page
    assert "Tables &lt;of&gt; somebody" in page
    assert page.count("<svg") == 1
    assert "https:" not in page
    assert 'http-equiv="Content-Security-Policy" content="default-src' in page


def test_windows_that_do_not_overlap_are_worth_all_their_rows():
    """The same forecasts, called daily ones: the range of the exponent is wider."""
    frame = table(400, seed=1)
    for name, p in zip(NAMES, (0.15, 0.35, 0.5), strict=True):
        frame[f"p_{name}"] = p
    apart = judge(read_forecasts(frame), draws=99).metrics
    daily = frame.assign(date=np.busday_offset(np.datetime64("2010-01-04"), np.arange(400)))
    crowded = judge(read_forecasts(daily), draws=99).metrics
    assert apart["horizons"]["10"]["effective_rows"] == 400
    assert crowded["horizons"]["10"]["effective_rows"] == 40
    apart, crowded = apart["calibration_test"], crowded["calibration_test"]
    assert apart["exponent"] == pytest.approx(crowded["exponent"])
    assert crowded["exponent_high"] - crowded["exponent_low"] > 1.5 * (
        apart["exponent_high"] - apart["exponent_low"]
    )


def test_yes_or_no_and_five_classes():
    yes = table(classes=("no", "yes")).rename(columns={"p_yes": "p"}).drop(columns="p_no")
    yes["outcome"] = (yes["outcome"] == "yes").astype(int)
    found = judge(read_forecasts(yes), draws=99).metrics
    assert found["classes"] == ["no", "yes"]
    five = judge(read_forecasts(table(classes=tuple("abcde"))), draws=99).metrics
    assert list(five["horizons"]["10"]["calibration"]) == list("abcde")


def test_levels_are_resolved_on_bars_and_held_against_filtered_history():
    bars = simulate_bars(1500, seed=3)
    at = np.arange(900, 1495, 5)
    frame = pd.DataFrame(
        {
            "date": bars.dates[at], "p_continuation": 0.5, "p_range": 0.35, "p_breakdown": 0.15,
            "floor": bars.close[at] * 0.97, "target": bars.close[at] * 1.03,
        }
    )  # fmt: skip
    found = judge(read_forecasts(frame, 15), bars, draws=99, paths=200).metrics
    block = found["horizons"]["15"]
    assert found["classes"] == list(NAMES)
    assert found["rows_left_out"] == 2  # their horizon ends after the last bar
    assert set(block["skill"]) == {"climatology", "filtered_history"}
    assert block["skill"]["filtered_history"]["log_loss_skill"] < 0
    high = np.lib.stride_tricks.sliding_window_view(bars.high[1:], 15).max(axis=1)
    touched = np.mean([high[t] >= bars.close[t] * 1.03 for t in at if t + 15 < 1500])
    assert block["base_rates"]["continuation"] <= touched + 1e-12


def test_climatology_knows_only_what_had_come_true():
    frame = table(60)
    first = judge(read_forecasts(frame.iloc[:40]), draws=99).metrics["horizons"]["10"]["scores"][
        "climatology"
    ]
    codes = read_forecasts(frame.iloc[:40]).codes
    counts, loss = np.ones(3), []
    for code in codes:  # windows do not overlap, so each outcome is known at the next forecast
        loss.append(-np.log(counts[code] / counts.sum()))
        counts[code] += 1
    assert first["log_loss_nats"] == pytest.approx(np.mean(loss))


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        (lambda f: f.drop(columns="date"), "judge.missing_column", "date"),
        (lambda f: f.drop(columns="outcome"), "judge.missing_column", "outcome"),
        (lambda f: f.drop(columns="horizon_sessions"), "judge.missing_column", "--horizon"),
        (lambda f: f[["date", "outcome", "horizon_sessions"]], "judge.missing_column", "p_<class>"),
        (lambda f: f.iloc[:0], "judge.no_rows", "no rows"),
        (lambda f: f.assign(date=["soon", *f["date"][1:]]), "judge.bad_date", "row 1"),
        (lambda f: f.assign(p_range=[np.nan, *f["p_range"][1:]]), "judge.not_probabilities", "row 1"),
        (lambda f: f.assign(p_range=f["p_range"] * 100), "judge.not_probabilities", "row 1"),
        (lambda f: f.assign(p_range=f["p_range"] * 0.9), "judge.not_probabilities", "does not sum to 1"),
        (lambda f: f.assign(outcome=["sideways", *f["outcome"][1:]]), "judge.not_outcomes", "sideways"),
        (lambda f: f.assign(outcome=None), "judge.no_rows", "no row has an outcome"),
        (lambda f: f.assign(date=f["date"].iloc[0]), "judge.duplicate_rows", "row 2"),
        (
            lambda f: f.assign(horizon_sessions=np.arange(len(f)) + 1),
            "judge.bad_horizon",
            "different horizons",
        ),
        (lambda f: f.assign(horizon_sessions=2.5), "judge.bad_horizon", "row 1"),
        (lambda f: f.drop(columns="outcome").assign(floor=1.0, target=2.0), "judge.no_bars", "--bars"),
    ],
)
def test_bad_tables_are_named(change, code, named):
    with pytest.raises(DataError) as caught:
        judge(read_forecasts(change(table(40))), draws=99)
    assert caught.value.code == code
    assert named in str(caught.value)


@pytest.mark.filterwarnings("error")
def test_dates_are_read_as_the_engine_reads_them():
    frame = table(40)
    days = pd.to_datetime(frame["date"])
    compact = frame.assign(date=days.dt.strftime("%Y%m%d"))
    assert (read_forecasts(compact).dates == read_forecasts(frame).dates).all()
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d %B %Y"):
        with pytest.raises(DataError) as caught:
            read_forecasts(frame.assign(date=days.dt.strftime(form)))
        assert caught.value.code == "judge.bad_date"


def test_bad_levels_are_named():
    bars = simulate_bars(400, seed=3)
    at = np.arange(300, 380, 5)
    frame = pd.DataFrame(
        {
            "date": bars.dates[at], "p_continuation": 0.5, "p_range": 0.35, "p_breakdown": 0.15,
            "floor": bars.close[at] * 0.97, "target": bars.close[at] * 1.03,
        }
    )  # fmt: skip
    for change, code in (
        ({"floor": bars.close[at] * 1.01}, "judge.bad_levels"),
        ({"date": bars.dates[at] + np.timedelta64(20_000, "D")}, "judge.not_in_bars"),
        ({"instrument": np.arange(len(at))}, "judge.several_instruments"),
    ):
        with pytest.raises(DataError) as caught:
            judge(read_forecasts(frame.assign(**change), 15), bars, draws=99)
        assert caught.value.code == code
    other = frame.rename(columns={"p_range": "p_sideways"})
    with pytest.raises(DataError) as caught:
        judge(read_forecasts(other, 15), bars, draws=99)
    assert caught.value.code == "judge.not_scenarios"


def test_the_command_prints_the_verdict_and_draws_the_page(tmp_path):
    table(200).to_csv(tmp_path / "tables.csv", index=False)
    page = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["judge", str(tmp_path / "tables.csv"), "--page", str(page)])
    assert done.exit_code == 0, done.output
    assert "istinguishable from calibrated" in done.output
    assert done.output.splitlines()[-1] == str(page)
    assert page.read_text().startswith("<!doctype html>")
    told = CliRunner().invoke(app, ["judge", str(tmp_path / "tables.csv"), "--json"])
    assert json.loads(told.output)["classes"] == list(NAMES)
    absent = CliRunner().invoke(app, ["judge", str(tmp_path / "none.csv")])
    assert absent.exit_code != 0


def test_the_analysts_table_of_the_documentation_scores_what_the_page_says(tmp_path, monkeypatch):
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "judge.md").read_text(encoding="utf-8")
    code = (
        page.split("```python\n")[1]
        .split("```")[0]
        .replace("configs/nasdaq.yaml", str(root / "configs/nasdaq.yaml"))
    )
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    found = commands.judge("analyst.csv", "bars.csv", draws=99).metrics["horizons"]
    for told, name in (
        ("over past frequencies", "climatology"),
        ("over filtered history", "filtered_history"),
    ):
        cells = page.split(f"| {told}")[1].split("\n")[0].split("|")[1:3]
        for cell, horizon in zip(cells, ("10", "15"), strict=True):
            line = found[horizon]["skill"][name]
            shown = [line["log_loss_skill"], line["low"], line["high"]]
            numbers = [float(number) for number in re.findall(r"-?[0-9.]+", cell.replace("−", "-"))]
            assert numbers == pytest.approx([100 * value for value in shown], abs=0.051)


def test_the_page_has_a_point_for_a_table_that_never_changes_and_a_row_of_diagrams_for_three_classes():
    frame = table(300, seed=2)
    for name, p in zip(NAMES, (0.15, 0.35, 0.5), strict=True):
        frame[f"p_{name}"] = p
    page = judgement_page(judge(read_forecasts(frame), draws=99), "one table")
    assert page.count('id="reliability-10"') == 1 or "reliability-10" in page
    heads = re.findall(r"<th scope=\"row\" class=\"(\w+)\">(\w+)</th>", page)
    assert heads == [("continuation", "Up"), ("range", "Between"), ("breakdown", "Down")]
    assert "−" in page
    assert not re.search(r"[ (]-\d", re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.S))


def test_five_classes_are_drawn_in_two_rows():
    rng = np.random.default_rng(3)
    names = list("abcde")
    said = rng.dirichlet(np.ones(5), 200)
    frame = pd.DataFrame({f"p_{name}": said[:, k] for k, name in enumerate(names)})
    days = np.busday_offset(np.datetime64("2010-01-04"), np.arange(200) * 5)
    came = [names[rng.choice(5, p=p)] for p in said]
    found = judge(read_forecasts(frame.assign(date=days, horizon_sessions=5, outcome=came)), draws=99)
    page = judgement_page(found, "five")
    width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', page).groups())
    assert height / width == pytest.approx(2 * 380 / 1080, rel=0.01)
