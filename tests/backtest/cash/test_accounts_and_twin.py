"""vectorbt's accounts, the walk that sizes them and a plain loop over days agree, whatever the options."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.backtest.cash import walk
from engine.backtest.plan import plan
from engine.backtest.possible import EXIT_REASONS
from engine.backtest.trading import asked_by, is_plain, place_of, rules_of, strategy_account, trade
from tests.backtest.portfolio_twin import twin_account
from tests.backtest.some_setups import some_setup
from tests.backtest.trading_twin import small_config

OPTIONS = st.fixed_dictionaries(
    {
        "entry": st.sampled_from(["probability", "expected_value", "over_filtered_history"]),
        "sides": st.sampled_from(["long", "short", "both"]),
        "exit_on_turn": st.booleans(),
        "sizing": st.sampled_from(["fixed_fraction", "volatility_target", "kelly"]),
        "positions": st.sampled_from(["one", "tranches"]),
        "fraction": st.sampled_from([1.0, 0.3]),
        "max_leverage": st.sampled_from([1.0, 2.5]),
        "instrument_cap": st.sampled_from([None, 0.4]),
        "family_cap": st.sampled_from([None, 0.5]),
        "fee_bps": st.sampled_from([0.0, 7.0, 900.0]),
        "slippage_bps": st.sampled_from([0.0, 11.0]),
        "funding_percent": st.sampled_from([0.0, 8.0]),
        "borrow_percent": st.sampled_from([0.0, 25.0]),
    }
)


def plans_of(config, seed, count, *, opens_real_from=0, dividends=False, n=160):
    found = []
    for i in range(count):
        setup = some_setup(
            seed + 100 * i, n - 7 * i, symbol=f"S{i}", family="ab"[i % 2], opens_real_from=opens_real_from
        )
        made = plan(setup, config, config.horizons[-1])
        if dividends:
            paid = np.where(np.arange(len(setup.bars)) % 20 == 7, 0.5, 0.0)
            made = replace(made, costs=replace(made.costs, dividends=paid))
        found.append(made)
    return tuple(found)


def agree(plans, config, cash=10_000.0):
    """Hold the account against the twin; the number of trades."""
    trading = config.backtest
    expected, done = twin_account(
        plans,
        horizon=config.horizons[-1],
        floor_break=config.outcome.floor_break,
        tie=config.outcome.tie,
        cash=cash,
        leverage=trading.max_leverage,
        caps=(trading.instrument_cap, trading.family_cap),
        one=trading.positions == "one",
        turn=trading.exit_on_turn,
    )
    traded = trade(plans, config, cash)
    scale = max(np.max(np.abs(expected)), cash)
    np.testing.assert_allclose(traded.equity[:, 0], expected, rtol=1e-9, atol=1e-12 * scale)
    np.testing.assert_allclose(strategy_account(plans, config, cash), expected, rtol=1e-9, atol=1e-12 * scale)
    place = place_of(plans)
    walked = walk(place, asked_by(plans, place), rules_of(config, cash))
    np.testing.assert_allclose(walked.equity, expected, rtol=1e-9, atol=1e-12 * scale)
    np.testing.assert_allclose(walked.gross, traded.invested[:, 0], rtol=1e-9, atol=1e-9 * scale)
    for i, made in enumerate(traded.made):
        mine = [p for p in done if p["i"] == i]
        fills, booked = made.fills, made.booked
        assert fills.signal.tolist() == [p["signal"] for p in mine]
        assert fills.entry.tolist() == [p["entry"] for p in mine]
        assert fills.exit.tolist() == [p["exit"] for p in mine]
        assert fills.side.tolist() == [p["side"] for p in mine]
        assert fills.entry_price.tolist() == [p["in"] for p in mine]
        assert fills.exit_price.tolist() == [p["out"] for p in mine]
        if not is_plain(plans, config):
            assert [EXIT_REASONS[r] for r in fills.reason] == [p["reason"] for p in mine]
        for name, key in (("size", "units"), ("fees", "fees")):
            np.testing.assert_allclose(booked[name], [p[key] for p in mine], rtol=1e-9)
        np.testing.assert_allclose(booked["pnl"], [p["pnl"] for p in mine], rtol=1e-9, atol=1e-9 * scale)
        np.testing.assert_allclose(
            booked["return"], [p["pnl"] / (p["units"] * p["fill"]) for p in mine], atol=1e-9
        )
    return len(done)


@given(
    options=OPTIONS,
    seed=st.integers(0, 10_000),
    count=st.sampled_from([1, 1, 3]),
    horizon=st.integers(1, 9),
    floor_break=st.sampled_from(["close", "touch"]),
    tie=st.sampled_from(["breakdown", "continuation"]),
    real_from=st.sampled_from([0, 0, 80, 160]),
    dividends=st.booleans(),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_combination_of_options(options, seed, count, horizon, floor_break, tie, real_from, dividends):
    config = small_config(
        backtest=options
        | {"entry_threshold": 0.34, "entry_edge_bps": -300.0, "entry_lead": -0.05, "cash": "shared"},
        outcome={"floor_break": floor_break, "tie": tie},
        horizons=[horizon],
    )
    agree(plans_of(config, seed, count, opens_real_from=real_from, dividends=dividends), config)


@pytest.mark.parametrize("sides", ["long", "short", "both"])
@pytest.mark.parametrize("positions", ["one", "tranches"])
def test_there_are_trades_to_compare(sides, positions):
    config = small_config(
        backtest={"sides": sides, "positions": positions, "entry_threshold": 0.34}, horizons=[6]
    )
    made = sum(agree(plans_of(config, seed, 2), config) for seed in range(3))
    assert made > 60


def test_the_default_account_is_the_plain_one():
    config = small_config(backtest={"entry_threshold": 0.34}, horizons=[6])
    plans = plans_of(config, 5, 1)
    assert is_plain(plans, config)
    assert agree(plans, config) > 10


@pytest.mark.parametrize("sides", ["long", "short"])
def test_an_account_that_costs_have_spent_trades_no_more(sides):
    # 10 % on each side of every trade: about 70 trades leave a millionth
    config = small_config(
        backtest={"sides": sides, "fee_bps": 1000.0, "entry_threshold": 0.2, "random_entries": 3},
        horizons=[2],
    )
    plans = plans_of(config, 3, 1, n=900)
    agree(plans, config)
    traded = trade(plans, config, 10_000.0)
    assert traded.spent is not None
    assert traded.not_made > 10
    assert abs(traded.equity[-1, 0]) < 1.0
    assert np.isfinite(traded.equity).all()
    assert np.isfinite(traded.draws).all()
