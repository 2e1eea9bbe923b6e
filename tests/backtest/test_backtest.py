import json

import numpy as np
import pandas as pd
import pytest

from engine.backtest.backtest import backtest
from engine.backtest.strategy import setups_of, strategy_equity, strategy_of, traded_horizon
from engine.config import with_overrides
from engine.errors import InputError
from tests.backtest.trading_twin import frames, gappy_bars, small_config, twin_equity, twin_trades


def case(seed=0, n=400, symbol="SIM", opens_real_from=0, warm=50):
    bars = gappy_bars(n, seed, symbol=symbol, opens_real_from=opens_real_from)
    rng = np.random.default_rng(seed)
    floor, target = bars.close - rng.integers(2, 6, n), bars.close + rng.integers(2, 6, n)
    probability = rng.random(n)
    probability[:warm] = np.nan
    floor[warm + 5 : warm + 9] = np.nan
    return bars, floor, target, probability


def run(config, *cases):
    bars = {c[0].symbol: c[0] for c in cases}
    pairs = [frames(*c) for c in cases]
    replay = pd.concat([p[0] for p in pairs], ignore_index=True)
    forecasts = pd.concat([p[1] for p in pairs], ignore_index=True)
    return backtest(bars, replay, forecasts, config), (bars, replay, forecasts)


@pytest.mark.parametrize("floor_break", ["close", "touch"])
@pytest.mark.parametrize("real_from", [0, 200])
def test_equity_equals_plain_python(floor_break, real_from):
    bars, floor, target, probability = case(3, opens_real_from=real_from)
    config = small_config(outcome={"floor_break": floor_break}, backtest={"entry_threshold": 0.6})
    result, _ = run(config, (bars, floor, target, probability))
    eligible = np.isfinite(floor) & np.isfinite(probability)
    curves = {"strategy": eligible & (probability >= 0.6), "unfiltered": eligible}
    for name, signals in curves.items():
        trades, _ = twin_trades(bars, floor, target, signals, 10, floor_break, "breakdown")
        expected = twin_equity(bars, trades, 50, 100_000.0, 1e-4, 1e-4)
        np.testing.assert_allclose(result.equity[name], expected, rtol=1e-9)
    price = bars.close[51] if real_from > 51 else bars.open[51]
    hold = [(50, 51, 399, price, bars.close[399], "end")]
    np.testing.assert_allclose(
        result.equity["buy_and_hold"], twin_equity(bars, hold, 50, 100_000.0, 1e-4, 1e-4), rtol=1e-9
    )


def test_trades_tell_what_was_done():
    bars, floor, target, probability = case(3)
    result, _ = run(small_config(), (bars, floor, target, probability))
    trades = result.trades
    signals = np.isfinite(floor) & (np.nan_to_num(probability) >= 0.5)
    expected, cancelled = twin_trades(bars, floor, target, signals, 10, "close", "breakdown")
    days = bars.dates.astype("datetime64[us]")
    assert len(trades) == len(expected) > 20
    np.testing.assert_array_equal(trades["signal_date"], days[[t[0] for t in expected]])
    assert trades["entry_price"].tolist() == [t[3] for t in expected]
    assert trades["exit_price"].tolist() == [t[4] for t in expected]
    assert trades["exit_reason"].tolist() == [t[5] for t in expected]
    assert trades["sessions_held"].tolist() == [t[2] - t[0] for t in expected]
    assert trades["p_continuation"].min() >= 0.5
    assert result.metrics["strategy"]["cancelled_entries"] == cancelled
    assert result.metrics["strategy"]["trades"] == len(expected)
    assert sum(result.metrics["strategy"]["exits"].values()) == len(expected)


def test_nothing_before_the_first_forecast_and_no_forecast_without_a_fold_is_traded():
    bars, floor, target, probability = case(3)
    result, (by_symbol, replay, forecasts) = run(small_config(), (bars, floor, target, probability))
    assert result.trades["signal_date"].min() >= pd.Timestamp(bars.dates[50])
    assert result.equity["date"].iloc[0] == pd.Timestamp(bars.dates[50])
    assert (result.equity[["strategy", "buy_and_hold", "unfiltered"]].iloc[0] == 100_000.0).all()
    forecasts = forecasts.assign(fold=np.where(np.arange(400) < 200, -1, 0))
    later = backtest(by_symbol, replay, forecasts, small_config())
    assert later.trades["signal_date"].min() >= pd.Timestamp(bars.dates[200])


def test_zero_trades_is_a_result():
    bars, floor, target, probability = case(3)
    config = small_config(backtest={"entry_threshold": 0.9999, "random_entries": 5})
    result, _ = run(config, (bars, floor, target, np.minimum(probability, 0.9)))
    assert len(result.trades) == 0
    assert result.trades["return"].dtype == np.float64
    assert result.trades["exit_reason"].dtype == "str"
    assert (result.equity["strategy"] == 100_000.0).all()
    assert (result.equity["random_median"] == 100_000.0).all()
    strategy = result.metrics["strategy"]
    assert strategy["trades"] == 0
    assert strategy["sharpe_252"] is None
    assert strategy["win_rate_percent"] is None
    assert strategy["deflated_sharpe"]["probability"] is None
    assert strategy["exposure_percent"] == 0.0
    assert any("no trade" in warning for warning in result.metrics["warnings"])
    json.dumps(result.metrics, allow_nan=False)


def test_fills_at_the_close_are_counted_and_said():
    bars, floor, target, probability = case(3, opens_real_from=200)
    result, _ = run(small_config(), (bars, floor, target, probability))
    late = result.metrics["strategy"]["entries_filled_at_close"]
    assert late == int((result.trades["entry_date"] < pd.Timestamp(bars.dates[200])).sum()) > 0
    assert str(bars.dates[199]) in result.metrics["warnings"][0]


def test_instruments_trade_equal_shares_by_themselves():
    one, two = case(1, symbol="AAA"), case(2, n=300, symbol="BBB")
    config = small_config(backtest={"random_entries": 3})
    both, inputs = run(config, one, two)
    alone = [run(small_config(backtest={"initial_cash": 50_000.0}), c)[0] for c in (one, two)]
    merged = (
        pd.DataFrame({"date": both.equity["date"]})
        .merge(alone[0].equity[["date", "strategy"]], on="date", how="left")
        .merge(alone[1].equity[["date", "strategy"]], on="date", how="left", suffixes=("_a", "_b"))
        .ffill()
        .fillna(50_000.0)
    )
    np.testing.assert_allclose(
        both.equity["strategy"], merged["strategy_a"] + merged["strategy_b"], rtol=1e-12
    )
    for symbol, single in zip(("AAA", "BBB"), alone, strict=True):
        mine = both.metrics["instruments"][symbol]["strategy"]
        assert mine["sharpe_252"] == pytest.approx(single.metrics["strategy"]["sharpe_252"], rel=1e-9)
    assert both.trades["signal_date"].is_monotonic_increasing
    np.testing.assert_array_equal(strategy_equity(*inputs, config), both.equity["strategy"])
    alone = strategy_of(setups_of(*inputs, traded_horizon(config)), config)
    assert alone.metrics == both.metrics["strategy"]
    np.testing.assert_array_equal(alone.equity, both.equity["strategy"])


def test_an_instrument_without_forecasts_is_left_out_and_said():
    one, two = case(1, symbol="AAA"), case(2, symbol="BBB")
    two[3][:] = np.nan
    result, _ = run(small_config(), one, two)
    assert list(result.metrics["instruments"]) == ["AAA"]
    assert "BBB" in result.metrics["warnings"][0]
    with pytest.raises(InputError) as error:
        run(small_config(), two)
    assert error.value.code == "backtest.no_forecasts"


def test_random_entries_come_as_often_and_bracket_themselves():
    bars, floor, target, probability = case(5, n=900)
    config = small_config(backtest={"random_entries": 60})
    result, _ = run(config, (bars, floor, target, probability))
    equity = result.equity
    assert (equity["random_low"] <= equity["random_median"]).all()
    assert (equity["random_median"] <= equity["random_high"]).all()
    # entries drawn at random are what the probabilities of this case are: no evidence against that.
    # False alarm rate 2 %, but seed and data are fixed
    assert 0.01 < result.metrics["random_entries"]["p_value"] < 1.0
    figures = result.metrics["random_entries"]
    # the curve takes the upper of the two middle draws, the figure their mean
    median = 100 * (equity["random_median"].iloc[-1] / equity["random_median"].iloc[0] - 1)
    assert figures["median_total_return_percent"] == pytest.approx(median, rel=0.1)
    assert figures["median_max_drawdown_percent"] < 0 < figures["median_annual_volatility_percent"]
    assert figures["median_sharpe_252"] is not None
    again, _ = run(config, (bars, floor, target, probability))
    pd.testing.assert_frame_equal(equity, again.equity)
    assert again.metrics == result.metrics


def test_more_trials_deflate_the_sharpe_ratio():
    given = case(5, n=900)
    few, _ = run(with_overrides(small_config(), {"backtest.trials": 2}), given)
    many, _ = run(with_overrides(small_config(), {"backtest.trials": 500}), given)
    none, _ = run(small_config(), given)
    probabilities = [r.metrics["strategy"]["deflated_sharpe"]["probability"] for r in (none, few, many)]
    assert probabilities[0] > probabilities[1] > probabilities[2]


def test_costs_only_ever_take():
    given = case(5, n=900)
    free, _ = run(small_config(backtest={"fee_bps": 0.0, "slippage_bps": 0.0}), given)
    dear, _ = run(small_config(backtest={"fee_bps": 20.0, "slippage_bps": 0.0}), given)
    assert len(free.trades) == len(dear.trades)
    np.testing.assert_allclose(
        free.trades["return"] - dear.trades["return"],
        20e-4 * (1 + free.trades["exit_fill"] / free.trades["entry_fill"]),
        rtol=1e-9,
    )


def test_rows_that_belong_to_no_bar_are_refused():
    bars, floor, target, probability = case(3)
    replay, forecasts = frames(bars, floor, target, probability)
    stray = forecasts.assign(date=forecasts["date"] + pd.Timedelta(days=3000))
    with pytest.raises(InputError) as error:
        backtest({"SIM": bars}, replay, stray, small_config())
    assert error.value.code == "backtest.unknown_date"
    with pytest.raises(InputError) as error:
        backtest({"SIM": bars}, pd.concat([replay, replay]), forecasts, small_config())
    assert error.value.code == "backtest.duplicate_date"


def test_a_threshold_that_no_forecast_reaches_leaves_empty_tables_and_no_nan():
    bars, floor, target, probability = case(4)
    config = small_config(backtest={"entry_threshold": 0.999, "random_entries": 20, "curve_draws": 20})
    result, _ = run(config, (bars, floor, target, np.minimum(probability, 0.9)))
    json.dumps(result.metrics, allow_nan=False)
    strategy = result.metrics["strategy"]
    assert strategy["trades"] == strategy["cancelled_entries"] == 0
    assert strategy["total_return_percent"] == strategy["max_drawdown_percent"] == 0.0
    assert strategy["win_rate_percent"] is None
    assert strategy["sharpe_252"] is None
    assert result.trades.empty
    assert (result.equity["strategy"] == result.equity["strategy"].iloc[0]).all()
    assert any("the highest p_continuation is 0.9" in warning for warning in result.metrics["warnings"])


def test_kelly_without_an_edge_trades_nothing_and_says_how_often():
    bars, *_ = case(4)
    config = small_config(backtest={"sizing": "kelly", "entry_threshold": 0.1})
    known = np.where(np.arange(len(bars)) >= 50, 1.0, np.nan)

    def traded(rises, falls):
        replay, forecasts = frames(bars, bars.close * 0.95, bars.close * 1.05, rises * known)
        table = forecasts.assign(p_range=(1.0 - rises - falls) * known, p_breakdown=falls * known)
        return backtest({"SIM": bars}, replay, table, config)

    without, even = traded(0.2, 0.6), traded(0.4, 0.4)  # costs make the even bet a losing one
    for result in (without, even):
        assert result.trades.empty
        assert result.metrics["strategy"]["entries_without_size"] == len(bars) - 50
        json.dumps(result.metrics, allow_nan=False)
    with_edge = traded(0.6, 0.2)
    assert with_edge.metrics["strategy"]["entries_without_size"] == 0
    assert len(with_edge.trades) > 5
