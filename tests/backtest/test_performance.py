import numpy as np
import pandas as pd
import pytest

from engine.backtest import performance


def curve(seed=0, n=600):
    rng = np.random.default_rng(seed)
    return 1e5 * np.exp(np.concatenate(([0.0], np.cumsum(rng.normal(3e-4, 0.01, n)))))


def test_figures_equal_vectorbts_at_252_sessions():
    import vectorbt  # noqa: F401  registers the accessor

    equity = curve()
    returns = pd.Series(performance.session_returns(equity)).vbt.returns(freq="1D", year_freq="252 days")
    mine = performance.equity_metrics(equity)
    assert mine["sharpe_252"] == pytest.approx(returns.sharpe_ratio(), rel=1e-9)
    assert mine["annual_return_percent"] == pytest.approx(100 * returns.annualized(), rel=1e-9)
    assert mine["annual_volatility_percent"] == pytest.approx(100 * returns.annualized_volatility(), rel=1e-9)
    # vectorbt's drawdown starts from the first return, ours from the initial cash
    assert mine["max_drawdown_percent"] == pytest.approx(100 * min(returns.max_drawdown(), 0.0), rel=1e-9)


def test_drawdown_and_growth_of_a_curve_done_by_hand():
    equity = np.array([100.0, 120.0, 90.0, 150.0, 75.0])
    assert performance.max_drawdown_percent(equity) == pytest.approx(-50.0)
    assert performance.annual_return_percent(equity) == pytest.approx(100 * (0.75 ** (252 / 4) - 1))
    assert (
        performance.equity_metrics(equity, np.array([0.0, 120.0, 0.0, 150.0, 0.0]))["exposure_percent"]
        == 40.0
    )


@pytest.mark.parametrize("equity", [np.full(50, 3.7), np.array([1.0]), np.array([1.0, 1.1])])
def test_no_sharpe_ratio_without_variation(equity):
    assert performance.sharpe_ratio(performance.session_returns(equity)) is None


def test_trade_figures_done_by_hand():
    metrics = performance.trade_metrics(
        np.array([0.02, -0.01, 0.03, 0.0]), np.array([3, 5, 10, 2]), 800.0, 100.0, 504
    )
    assert metrics["trades"] == 4
    assert metrics["win_rate_percent"] == 50.0
    assert metrics["average_trade_bps"] == pytest.approx(100.0)
    assert metrics["profit_factor"] == pytest.approx(5.0)
    assert metrics["average_sessions_held"] == 5.0
    assert metrics["turnover_per_year"] == pytest.approx(2.0)


def test_certainty_equivalent_prices_risk():
    equity = curve()
    returns = performance.session_returns(equity)
    neutral = performance.certainty_equivalent_percent(equity, 0.0)
    assert neutral == pytest.approx(100 * 252 * returns.mean())
    averse = performance.certainty_equivalent_percent(equity, 4.0)
    assert neutral - averse == pytest.approx(100 * 252 * 2.0 * returns.var(ddof=1))
    assert performance.certainty_equivalent_percent(np.full(9, 5.0), 4.0) == 0.0
