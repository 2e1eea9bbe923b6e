"""Decision curves by hand; intervals that hold what they should and hold 0 for an account against itself."""

from types import SimpleNamespace

import numpy as np
import pytest

from engine.backtest.chance.decision import LEVELS, decision_curves
from engine.backtest.chance.intervals import account_intervals
from engine.backtest.chance.resample import resampled_figures, resampled_positions
from engine.backtest.performance import month_table
from tests.backtest.some_setups import some_setup
from tests.backtest.trading_twin import small_config


def test_net_benefit_precision_and_recall_by_hand():
    setup = some_setup(2, 400)
    traded = [SimpleNamespace(plans=(SimpleNamespace(setup=setup),))]
    dates = setup.bars.dates
    positions = resampled_positions(len(dates) - 1, 20.0, 25, 1)
    rows = decision_curves(traded, small_config(), dates, positions)
    known = setup.eligible & (setup.outcome >= 0)
    for scenario, code in (("continuation", 2), ("breakdown", 0)):
        p, came = setup.table[known, code], setup.outcome[known] == code
        mine = rows[(rows["curve"] == scenario) & np.isclose(rows["threshold"], LEVELS[30])].set_index(
            "figure"
        )["value"]
        acted = p >= LEVELS[30]
        true, false = np.sum(acted & came), np.sum(acted & ~came)
        assert mine["precision_percent"] == pytest.approx(100 * true / (true + false))
        assert mine["recall_percent"] == pytest.approx(100 * true / came.sum())
        assert mine["net_benefit"] == pytest.approx(100 * (true - false * 0.305 / 0.695) / len(came))
        always = 100 * (came.mean() - (1 - came.mean()) * 0.305 / 0.695)
        assert mine["net_benefit_always"] == pytest.approx(always)
    never = rows[(rows["figure"] == "acted_percent") & (rows["threshold"] > 0.99)]["value"]
    assert (never == 0).all()


def test_resampled_figures_are_those_of_the_resampled_account():
    rng = np.random.default_rng(0)
    returns = rng.normal(0.0005, 0.01, (300, 2))
    positions = resampled_positions(300, 25.0, 4, 3)
    figures = resampled_figures(returns, positions)
    for draw in range(4):
        mine = returns[positions[draw]]
        worth = np.cumprod(1 + np.vstack([np.zeros(2), mine]), axis=0)
        np.testing.assert_allclose(figures[draw, :, 0], worth[-1])
        np.testing.assert_allclose(figures[draw, :, 1], mine.mean(axis=0))
        np.testing.assert_allclose(figures[draw, :, 2], mine.std(axis=0, ddof=1))
        fall = (worth / np.maximum.accumulate(worth, axis=0) - 1).min(axis=0)
        np.testing.assert_allclose(figures[draw, :, 3], fall)


def test_an_interval_of_the_sharpe_ratio_holds_it():
    """Independent normal returns with a yearly Sharpe ratio of 0.8: of 60 fixed markets 54 are expected to be held by a 90 %
    interval; 45 or fewer come in 0.1 % of samples if it holds what it says."""
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        curves = np.cumprod(1 + rng.normal(0.8 / 252**0.5 * 0.01, 0.01, (1500, 3)), axis=0)
        config = small_config(verify={"bootstrap_draws": 200})
        found = account_intervals(np.vstack([np.ones(3), curves]), config, 5, 252)["strategy"]["sharpe_252"]
        held += found["low"] <= 0.8 <= found["high"]
    assert held > 45


def test_an_account_does_not_differ_from_itself_and_too_few_returns_say_nothing():
    rng = np.random.default_rng(1)
    curve = np.cumprod(1 + rng.normal(0, 0.01, 600))
    config = small_config(verify={"bootstrap_draws": 100})
    found = account_intervals(np.column_stack([curve] * 3), config, 5, 252)
    for entry in found["minus_unfiltered"].values():
        assert (entry["value"], entry["low"], entry["high"]) == (0.0, 0.0, 0.0)
    assert account_intervals(np.column_stack([curve[:30]] * 3), config, 5, 252) is None


def test_months_compound_to_their_year():
    dates = np.arange(np.datetime64("2019-11-15"), np.datetime64("2021-02-10"))
    equity = np.cumprod(1 + np.random.default_rng(0).normal(0, 0.01, len(dates)))
    rows = month_table(dates, equity)
    assert [row["year"] for row in rows] == [2019, 2020, 2021]
    assert rows[0]["months"][:10] == [None] * 10
    for row in rows:
        grown = np.prod([1 + value / 100 for value in row["months"] if value is not None])
        assert 100 * (grown - 1) == pytest.approx(row["whole"])
    assert np.prod([1 + row["whole"] / 100 for row in rows]) == pytest.approx(equity[-1] / equity[0])
