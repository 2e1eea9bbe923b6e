import json
from dataclasses import replace

import numpy as np
import pytest

from engine.bars.simulate import simulate_bars
from engine.config import OutcomeConfig, with_overrides
from engine.errors import InputError
from engine.forecast.inputs import ForecastInput
from engine.outcomes.outcomes import label
from engine.rules.indicators import ATR, compute_indicators
from engine.verify.placebo import PLACEBO_COLUMNS, placebo, placebo_setups
from tests.verify.factory import make_config


def market(sessions=2200, seed=3):
    bars = simulate_bars(sessions, seed=seed)
    rng = np.random.default_rng(seed)
    down, up = rng.uniform(1.5, 4, (2, sessions)) * 0.012
    floor, target = bars.close * np.exp(-down), bars.close * np.exp(up)
    setup = np.column_stack([floor, target, target, target * 1.01, floor * 0.99])
    return bars, 0.012 * bars.close, setup


@pytest.fixture(scope="module")
def config():
    return with_overrides(make_config((10,)), {"forecast.min_train_sessions": 400, "forecast.paths": 100})


def as_input(bars, atr, setup):
    outcomes = label(bars, setup, [10], OutcomeConfig())
    return ForecastInput(bars, {"atr_14": atr}, setup, outcomes)


def test_distances_come_from_an_earlier_date_of_the_same_volatility():
    bars, _, setup = market(900)
    volatility = 0.01 * np.exp(0.4 * np.random.default_rng(0).standard_normal(900))
    fake = placebo_setups(bars.close, volatility * bars.close, setup, 7)
    real_distance = np.log(setup / bars.close[:, None]) / volatility[:, None]
    fake_distance = np.log(fake / bars.close[:, None]) / volatility[:, None]
    found = np.flatnonzero(np.isfinite(fake).all(axis=1))
    assert np.isnan(fake[:252]).all()
    assert len(found) > 600
    for t in found:
        donor = np.flatnonzero(np.isclose(real_distance, fake_distance[t], rtol=1e-9).all(axis=1))
        assert len(donor) == 1
        assert donor[0] < t
    assert (fake[found, 4] < fake[found, 0]).all()
    assert (fake[found, 0] < bars.close[found]).all()
    assert (bars.close[found] < fake[found, 1]).all()


def test_more_bars_do_not_reshuffle_the_past():
    bars, atr, setup = market(900)
    whole = placebo_setups(bars.close, atr, setup, 7)
    part = placebo_setups(bars.close[:600], atr[:600], setup[:600], 7)
    np.testing.assert_array_equal(whole[:600], part)
    assert not np.array_equal(placebo_setups(bars.close, atr, setup, 8), whole)
    with pytest.raises(InputError):
        placebo_setups(bars.close, atr[1:], setup, 7)


def test_meaningless_levels_do_not_beat_the_placebo(config):
    """Levels at random distances on a martingale: no difference; each interval misses 0 in one of ten markets."""
    result = placebo([as_input(*market())], config)
    assert tuple(result.table.columns) == PLACEBO_COLUMNS
    table = result.table.set_index("scenario")
    assert (table["hit_rate_difference"].abs() < 0.05).all()
    assert table["hit_rate_difference"].sum() == pytest.approx(0, abs=1e-9)
    assert ((table["low"] <= 0) & (table["high"] >= 0)).sum() >= 2
    metrics = result.metrics["horizons"]["10"]
    assert metrics["surprise_difference_nats_low"] <= 0 <= metrics["surprise_difference_nats_high"]
    json.dumps(result.metrics, allow_nan=False)


def test_floors_that_hold_are_found(config):
    """Prices that bounce off the floor of the day by construction: breakdown is rarer at real floors."""
    bars, atr, setup = market()

    def geometry(item, levels, rows):
        return np.tile([0.3, 0.4, 0.3], (len(rows), 1, 1))

    honest = label(bars, setup, [10], OutcomeConfig()).codes[:, 0]
    held = setup.copy()
    broken = np.flatnonzero(honest == 0)[::2]
    held[broken, 0] = [
        bars.close[t + 1 : t + 11].min() * 0.999 for t in broken
    ]  # floors the price stops above
    held[broken, 4] = held[broken, 0] * 0.99
    result = placebo([as_input(bars, atr, held)], config, geometry)
    line = result.table.set_index("scenario").loc["breakdown"]
    assert line["high"] < 0
    assert "breakdown" in result.metrics["horizons"]["10"]["verdict"]


def test_questions_that_are_alike_are_not_taken_for_levels_that_hold(config):
    """Floors and targets at one distance in ATR on a martingale whose volatility swings: ATR sees the swings, so the
    placebo is asked questions just as alike, and no side surprises more; the interval misses 0 in one of ten markets."""
    bars = simulate_bars(2200, seed=5, volatility_persistence=0.97)
    atr = compute_indicators(bars)[:, ATR]
    setup = bars.close[:, None] + atr[:, None] * np.array([-2.0, 2.0, 2.0, 2.1, -3.0])
    metrics = placebo([as_input(bars, atr, setup)], config).metrics["horizons"]["10"]
    assert metrics["surprise_difference_nats_low"] <= 0 <= metrics["surprise_difference_nats_high"]
    assert abs(metrics["surprise_difference_nats"]) < 0.01


@pytest.mark.filterwarnings("error")
def test_where_every_outcome_is_the_same_nothing_is_divided_by_nothing(config):
    bars, atr, _ = market(900)
    far = bars.close[:, None] * np.array([0.01, 90.0, 90.0, 99.0, 0.005])  # floor to retest, all out of reach
    result = placebo([as_input(bars, atr, far)], config)
    metrics = result.metrics["horizons"]["10"]
    assert metrics["scenarios"]["range"]["real_frequency"] == 1.0
    assert metrics["real_surprise_nats"] < 0  # a hundredth was kept for what never came
    assert metrics["surprise_difference_nats"] == pytest.approx(0, abs=1e-9)
    assert "not distinguishable" in metrics["verdict"]


def test_short_history_gives_no_rows(config):
    bars, atr, setup = market(300)
    result = placebo([as_input(bars, atr, setup)], config)
    assert len(result.table) == 0
    assert result.metrics == {"horizons": {}}


def test_refits_are_counted_on_the_calendar_of_all_instruments(config, monkeypatch):
    """A young instrument that misses sessions: its fits see the bars before the walk-forward's refit, not before its own."""
    import engine.verify.placebo as module

    bars, atr, setup = market(1500)
    there = np.flatnonzero((np.arange(1500) > 300) & (np.random.default_rng(0).random(1500) < 0.9))
    parts = {name: getattr(bars, name)[there] for name in ("dates", "open", "high", "low", "close", "volume")}
    young = replace(bars, symbol="YOUNG", **parts)
    seen = {}
    real = module.filtered_history

    def watched(series, setup, known, *rest):
        seen.setdefault(series.symbol, (known, rest[-1]))
        return real(series, setup, known, *rest)

    monkeypatch.setattr(module, "filtered_history", watched)
    result = placebo([as_input(bars, atr, setup), as_input(young, atr[there], setup[there])], config)
    assert result.metrics["horizons"]["10"]["rows"] > 0
    known, rows = seen["YOUNG"]
    first, every = config.forecast.min_train_sessions, config.forecast.refit_sessions
    for t in np.flatnonzero(rows):
        session = int(np.searchsorted(bars.dates, young.dates[t]))
        assert session % 2 == 0
        refit = first + (session - first) // every * every
        assert known[t] == np.sum(young.dates < bars.dates[refit])
