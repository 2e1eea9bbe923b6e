"""Sizes: Kelly's known answers, a volatility target, caps, and no trade without an edge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from engine.backtest.plan import plan
from engine.backtest.sizing.kelly import kelly_fraction
from engine.year import sessions_per_week, sessions_per_year
from tests.backtest.some_setups import some_setup
from tests.backtest.trading_twin import small_config


@pytest.mark.parametrize(
    ("p", "odds", "fraction"),
    # f = p - q / b (Kelly 1956)
    [(0.6, 1.0, 0.2), (0.5, 2.0, 0.25), (0.5, 1.0, 0.0), (0.4, 1.0, 0.0), (0.9, 0.5, 0.7)],
)
def test_kelly_of_a_bet(p, odds, fraction):
    found = kelly_fraction(np.array([[p, 1 - p]]), np.array([[odds, -1.0]]))
    assert found[0] == pytest.approx(fraction, abs=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_kelly_of_three_outcomes_is_the_maximum(seed):
    rng = np.random.default_rng(seed)
    p, x = rng.dirichlet([2, 2, 2]), np.array([rng.uniform(0.01, 0.1), -0.001, -rng.uniform(0.01, 0.1)])
    found = kelly_fraction(p[None], x[None])[0]
    if p @ x <= 0:
        assert found == 0.0
        return
    best = minimize_scalar(
        lambda f: -p @ np.log1p(f * x),
        bounds=(0, -0.999999 / x.min()),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert -p @ np.log1p(found * x) <= best.fun + 1e-12


def test_without_an_edge_there_is_no_trade_and_it_is_counted():
    setup = some_setup(1, 300)
    setup.table[12:] = (0.5, 0.2, 0.3)
    setup.target[:], setup.floor[:] = setup.bars.close * 1.02, setup.bars.close * 0.98
    config = small_config(backtest={"sizing": "kelly", "entry_threshold": 0.2})
    found = plan(setup, config, 10)
    assert not found.signals.any()
    assert found.unsized == int(setup.eligible.sum())


@pytest.mark.parametrize("fee", [0.0, 8.0, 25.0])
def test_kelly_bets_on_what_costs_leave(fee):
    """The edge is 40 basis points; two fees of 25 take more than that, and then there is no trade."""
    setup = some_setup(1, 300)
    setup.table[12:] = (0.3, 0.2, 0.5)
    setup.target[:], setup.floor[:] = setup.bars.close * 1.02, setup.bars.close * 0.98
    costs = {"fee_bps": fee, "slippage_bps": 0.0}
    config = small_config(
        backtest={"sizing": "kelly", "kelly_fraction": 0.05, "entry_threshold": 0.2, **costs}
    )
    found = plan(setup, config, 10)
    if fee == 25.0:
        assert not found.signals.any()
        return
    p, x = np.array([0.3, 0.2, 0.5]), np.array([-0.02, 0.0, 0.02]) - 2e-4 * fee
    best = minimize_scalar(lambda f: -p @ np.log1p(f * x), bounds=(0, -0.999999 / x.min()), method="bounded")
    assert found.weight[1][50] == pytest.approx(0.05 * best.x, rel=1e-4)


def test_a_volatility_target_is_met_up_to_the_cap():
    setup = some_setup(1, 300)
    setup.sigma[50], setup.sigma[51], setup.sigma[52] = 0.02, 0.001, np.nan
    config = small_config(
        backtest={"sizing": "volatility_target", "volatility_target_percent": 10.0, "entry_threshold": 1e-6}
    )
    found = plan(setup, config, 10)
    year = sessions_per_year(sessions_per_week(setup.bars.dates)) ** 0.5
    assert found.weight[1][50] * 0.02 * year == pytest.approx(0.10)
    assert found.weight[1][51] == 1.0
    assert found.signals[52] == 0


def test_tranches_ask_for_their_share_of_the_horizon():
    for sizing in ("fixed_fraction", "kelly", "volatility_target"):
        one, many = (
            plan(
                some_setup(1, 100), small_config(backtest={"sizing": sizing, "positions": positions}), 10
            ).weight[1]
            for positions in ("one", "tranches")
        )
        np.testing.assert_allclose(many, one / 10)
