"""Findings that planted_defects cannot show: of made-up series, of twins, and of the registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, norm

from engine.bars.findings import LOOKS, find_in_bars
from engine.bars.findings.trading.rolls import LEAST_QUARTERS, RATIO, Z, _rank_sum_z, roll_gaps
from engine.bars.movement import Movement
from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars
from engine.severity import SEVERITIES
from tests.shared_files import data_dir
from tests.some_bars import series_of


def codes(*series) -> set[str]:
    return {f.code for f in find_in_bars({s.symbol: s for s in series})}


def test_every_look_says_what_it_looks_at_why_and_what_to_do():
    assert len({look.code for look in LOOKS}) == len(LOOKS)
    for look in LOOKS:
        assert look.code.startswith("bars.")
        assert look.severity in SEVERITIES
        assert look.looks_at
        assert look.means.endswith(".")
        assert look.remedy


def test_nothing_is_said_of_a_sound_series():
    assert codes(simulate_bars(600)) == set()


def test_single_bars_after_today_are_told_apart():
    bars = simulate_bars(600)
    today = np.datetime64("today", "D")
    dates = np.concatenate([bars.dates[:-2], [today, today + 30]])
    found = {f.code: f.text for f in find_in_bars({"SIM": replace(bars, dates=dates)})}
    assert found["bars.future_dates"].startswith("1 bar dated after today")
    assert "2 gaps of" in found["bars.long_gap"]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 6, 40])
def test_short_and_constant_series_are_looked_at_without_an_error(n):
    find_in_bars({"X": series_of(np.full(n, 7.0))})
    find_in_bars({"X": series_of(np.arange(1.0, n + 1.0))})


@pytest.mark.parametrize("rolls", [0, 8])
def test_rolls_are_suspected_only_where_the_future_leaves_its_index(rolls):
    index = simulate_bars(800, symbol="IDX")
    factor = np.ones(800)
    for k in range(rolls):
        factor[80 + 80 * k :] *= 1.01
    future = replace(
        index, symbol="FUT=F", **{n: getattr(index, n) * factor for n in ("open", "high", "low", "close")}
    )
    assert ("bars.rolls_suspected" in codes(future, index)) == (rolls > 0)


def gapping(rolls: bool) -> BarSeries:
    bars = simulate_bars(1500, seed=4)
    rng = np.random.default_rng(0)
    opens = np.concatenate((bars.close[:1], bars.close[:-1])) * np.exp(0.002 * rng.standard_normal(1500))
    if rolls:
        for first in pd.date_range("1970-03-01", "1975-09-01", freq="3MS"):
            friday = first + pd.Timedelta(days=(4 - first.weekday()) % 7 + 14)
            at = int(np.searchsorted(bars.dates, np.datetime64(friday, "D"), side="right"))
            opens[at] = bars.close[at - 1] * 1.02
    return replace(bars, open=opens, high=np.maximum(bars.high, opens), low=np.minimum(bars.low, opens))


def test_rolls_are_seen_in_the_gaps_after_quarterly_expiries():
    assert "bars.rolls_suspected" not in codes(gapping(False))
    assert "bars.rolls_suspected" in codes(gapping(True))
    ratio, z, quarters = roll_gaps(Movement(gapping(True)))
    assert ratio > RATIO
    assert z > Z
    assert quarters >= LEAST_QUARTERS


def test_the_rank_test_is_that_of_scipy():
    rng = np.random.default_rng(1)
    for _ in range(20):
        first, second = rng.integers(0, 9, 30).astype(float), rng.integers(0, 8, 200).astype(float)
        theirs = mannwhitneyu(first, second, alternative="greater", use_continuity=False).pvalue
        assert norm.sf(_rank_sum_z(first, second)) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.skipif(data_dir() is None, reason="real bars are absent")
def test_rolls_on_real_bars():
    ratio = {}
    for name in ("rty_f", "iwm", "spy", "dia"):
        frame = pd.read_csv(data_dir() / f"{name}.csv", parse_dates=["date"])
        frame = frame.loc[frame["date"] >= "2017-07-10"]
        columns = [frame[c].to_numpy(float) for c in ("open", "high", "low", "close", "volume")]
        ratio[name], z, _ = roll_gaps(
            Movement(BarSeries(name, "f", frame["date"].to_numpy("M8[D]"), *columns))
        )
        assert (z > 4.75) == (name == "rty_f")
    assert ratio["rty_f"] > 3 > 1.5 > max(ratio["iwm"], ratio["spy"], ratio["dia"])


def test_the_page_on_bars_has_every_finding_in_its_own_words():
    page = (Path(__file__).resolve().parents[2] / "docs" / "bars.md").read_text(encoding="utf-8")
    for look in LOOKS:
        assert f"| `{look.code}` | {look.severity} | {look.looks_at} | {look.means} |" in page


def crash_and_split(seed: int = 3):
    """A calm market whose opens are the close before, with a fall of 20.5 % in one session: a crash, and a split of 5:4."""
    calm = simulate_bars(600, seed=seed, daily_sigma=0.009)
    wild = np.ones(600)
    wild[301:307] = [1.05, 0.96, 1.06, 0.93, 1.05, 0.95]  # the week after 19 October 1987 moved like this
    for shape, after in (("crash", np.cumprod(wild)), ("split", np.ones(600))):
        factor = np.where(np.arange(600) < 300, 1.0, 0.795) * after
        close = calm.close * factor
        start = np.concatenate(([close[0]], close[:-1]))
        yield (
            shape,
            replace(
                calm,
                open=start,
                close=close,
                high=np.maximum(start, close) * 1.002,
                low=np.minimum(start, close) * 0.998,
                opens_traded=np.zeros(600, dtype=bool),
            ),
        )


def test_a_crash_is_told_from_a_split_where_opens_are_the_close_before():
    found = {shape: find_in_bars({"X": bars}) for shape, bars in crash_and_split()}
    severities = {
        shape: [f.severity for f in some if f.code == "bars.split"] for shape, some in found.items()
    }
    assert severities == {"crash": ["warning"], "split": ["failure"]}


def test_wild_simulated_markets_with_such_opens_hold_no_split():
    """Sixty histories of 3,000 sessions: twelve were stopped by a night of their own, when three usual sessions were enough."""
    stopped = 0
    for seed in range(0, 60, 3):
        bars = simulate_bars(3000, seed=seed, volatility_persistence=0.97)
        bars = replace(bars, opens_traded=np.zeros(3000, dtype=bool))
        stopped += any(f.code == "bars.split" and f.severity == "failure" for f in find_in_bars({"X": bars}))
    assert stopped == 0
