"""The threshold curve: every point is the backtest at that threshold, and its luck is what random entries have."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.backtest import backtest
from engine.backtest.cash.many import (
    LoneFigures,
    accounts_of,
    add_accounts,
    curve_figures,
    walked_accounts,
)
from engine.backtest.chance import thresholds
from engine.backtest.chance.thresholds import FEWEST_TRADES
from engine.backtest.comparisons import every_setup
from engine.backtest.trading import place_of, rules_of
from tests.backtest.cash.test_accounts_and_twin import plans_of
from tests.backtest.trading_twin import frames, gappy_bars, small_config


def case(seed=0, n=320, symbol="SIM"):
    bars = gappy_bars(n, seed, symbol=symbol)
    rng = np.random.default_rng(seed)
    floor, target = bars.close - rng.integers(2, 6, n), bars.close + rng.integers(2, 6, n)
    probability = rng.uniform(0.01, 0.99, n).round(2)
    probability[:50] = np.nan
    replay, forecasts = frames(bars, floor, target, probability)
    return {symbol: bars}, replay, forecasts


def run(config, *cases):
    bars = {symbol: series for one in cases for symbol, series in one[0].items()}
    replay, forecasts = (pd.concat([one[k] for one in cases], ignore_index=True) for k in (1, 2))
    return backtest(bars, replay, forecasts, config)


def points(result, figure):
    rows = result.thresholds
    return rows[(rows["curve"] == "account") & (rows["figure"] == figure)].reset_index(drop=True)


@pytest.mark.parametrize("cases", [1, 2])
@pytest.mark.parametrize("options", [{}, {"positions": "tranches"}, {"cash": "shared", "fraction": 0.5}])
def test_a_point_of_the_curve_is_the_backtest_at_its_threshold(cases, options):
    given_cases = [case(seed, symbol=f"S{seed}") for seed in range(cases)]
    result = run(small_config(backtest=options | {"curve_draws": 4, "random_entries": 0}), *given_cases)
    for k in (0, 85):
        threshold = float(points(result, "trades")["threshold"][k])
        config = small_config(
            backtest=options | {"curve_draws": 0, "random_entries": 0, "entry_threshold": threshold}
        )
        alone = run(config, *given_cases).metrics["strategy"]
        for figure, name in {
            "trades": "trades",
            "hit_rate_percent": "win_rate_percent",
            "average_trade_bps": "average_trade_bps",
            "annual_return_percent": "annual_return_percent",
            "sharpe_252": "sharpe_252",
            "max_drawdown_percent": "max_drawdown_percent",
            "exposure_percent": "exposure_percent",
        }.items():
            assert points(result, figure)["value"][k] == pytest.approx(alone[name], rel=1e-7, abs=1e-9), (
                figure
            )


def test_bands_are_ordered_and_the_same_again():
    config = small_config(backtest={"curve_draws": 40})
    one, again = run(config, case()), run(config, case())
    pd.testing.assert_frame_equal(one.thresholds, again.thresholds)
    rows = one.thresholds.dropna()
    assert (rows["low"] <= rows["high"]).all()
    assert (rows["random_low"] <= rows["random_median"]).all()
    assert (rows["random_median"] <= rows["random_high"]).all()
    # a trade count has no NaN anywhere, and a threshold that few dates reach has few trades, not none by error
    counts = points(one, "trades")["value"]
    assert counts.notna().all()
    assert counts.iloc[0] > counts.iloc[-1] >= 1


def test_the_best_of_a_hundred_random_scores_is_luck():
    """Scores are drawn at random, so p is uniform: of 20 fixed markets 2 are expected at or below 0.1 (8 or more: 0.04 %)."""
    below = 0
    for seed in range(20):
        config = small_config(backtest={"curve_draws": 19, "random_entries": 0})
        found = run(config, case(seed, n=300)).metrics["threshold_curve"]
        assert 1 / 20 <= found["p_value"] <= 1.0
        assert found["best"]["trades"] >= FEWEST_TRADES
        below += found["p_value"] <= 0.1
    assert below < 8


def test_scores_that_know_the_outcome_are_not_luck():
    bars, replay, forecasts = case(3)
    series = bars["SIM"]
    ahead = np.concatenate([series.close[5:] / series.close[:-5] - 1, np.zeros(5)])
    rank = (np.argsort(np.argsort(ahead)) + 1) / (len(ahead) + 1)
    forecasts["p_continuation"] = np.where(np.arange(len(ahead)) < 50, np.nan, rank)
    found = backtest(bars, replay, forecasts, small_config(backtest={"curve_draws": 60})).metrics
    assert found["threshold_curve"]["p_value"] == pytest.approx(1 / 61)


def test_too_few_trades_have_no_best():
    bars, replay, forecasts = case(3)
    forecasts.loc[60:, "p_continuation"] = np.nan
    found = backtest(bars, replay, forecasts, small_config(backtest={"curve_draws": 20})).metrics
    assert found["threshold_curve"]["best"] is None
    assert found["threshold_curve"]["p_value"] is None


@given(
    seed=st.integers(0, 5_000),
    sides=st.sampled_from(["long", "short", "both"]),
    fraction=st.sampled_from([1.0, 0.4]),
    fee=st.sampled_from([1.0, 400.0, 1000.0]),
    dividends=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_quick_kernels_equal_the_walk(seed, sides, fraction, fee, dividends):
    config = small_config(
        backtest={"sides": sides, "fraction": fraction, "fee_bps": fee, "borrow_percent": 9.0}, horizons=[5]
    )
    plans = plans_of(config, seed, 1, dividends=dividends, n=250)
    place, rules = place_of(plans), rules_of(config, 500.0)
    trades = every_setup(plans, place, sides=False, sized=True)
    keys = np.random.default_rng(seed).random(len(trades))
    levels = np.linspace(0, 1, 7)
    quick = accounts_of(place, trades, keys, levels, rules)
    counts, curves = LoneFigures(place, trades, rules)(keys, levels)
    walked = walked_accounts(place, trades, keys, levels, rules)
    sums = np.zeros((2, *quick.equity.shape))
    np.testing.assert_array_equal(add_accounts(place, trades, keys, levels, rules, *sums), quick.counts)
    np.testing.assert_array_equal(sums, [quick.equity, quick.gross])
    for name in ("counts", "curves", "equity", "gross", "earned"):
        np.testing.assert_allclose(
            getattr(quick, name), getattr(walked, name), rtol=1e-9, atol=1e-9, err_msg=name
        )
    np.testing.assert_allclose(counts, walked.counts, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(curves, walked.curves, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(curve_figures(walked.equity, walked.gross), walked.curves)


def test_of_many_instruments_no_account_is_kept_and_their_dates_may_differ():
    """Instruments that begin on other dates, and random entries whose numbers are drawn in more than one piece."""
    config = small_config(backtest={"curve_draws": 30, "random_entries": 0})
    cases = [case(seed, n=300 - 7 * seed, symbol=f"S{seed}") for seed in range(3)]
    one = run(config, *cases)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thresholds, "_TOGETHER", 12)
        again = run(config, *cases)
    pd.testing.assert_frame_equal(one.thresholds, again.thresholds)
