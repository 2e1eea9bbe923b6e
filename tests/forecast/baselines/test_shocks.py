from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.bars.simulate import simulate_bars
from engine.forecast.baselines.shocks import MIN_SESSIONS, Shocks, fit_shocks, past_inputs

ROWS = np.array([1500, 1520])


def same(a: Shocks, b: Shocks) -> bool:
    return (
        np.array_equal(a.library, b.library)
        and np.array_equal(a.opens, b.opens, equal_nan=True)
        and np.array_equal(a.sigma, b.sigma)
        and np.array_equal(a.gain, b.gain)
        and a.reversal == b.reversal
    )


def test_library_is_standardised_and_sorted():
    bars = simulate_bars(2000, seed=1, volatility_persistence=0.95)
    shocks = fit_shocks(past_inputs(bars), 1500, ROWS, 15)
    close, high, low, factor = shocks.library.T
    assert (np.diff(close) >= 0).all()
    assert np.std(close) == pytest.approx(1.0, abs=0.02)
    assert (high >= close).all()
    assert (low <= close).all()
    assert (factor >= 0.3 - 1e-6).all()
    assert np.isfinite(shocks.opens).all()


def test_sessions_after_the_fit_are_as_volatile_as_forecast():
    bars = simulate_bars(2000, seed=1, volatility_persistence=0.95)
    after = np.arange(1500, 1999)
    shocks = fit_shocks(past_inputs(bars), 1500, after, 15)
    surprises = np.log(bars.close[after + 1] / bars.close[after]) / shocks.sigma
    # 499 squares of variance 2 to 4: the bounds are more than four standard errors away
    assert 0.6 < np.mean(surprises**2) < 1.5
    plain = np.log(bars.close[after + 1] / bars.close[after]) / shocks.sigma.mean()
    assert np.mean(surprises**4) / np.mean(surprises**2) ** 2 < np.mean(plain**4) / np.mean(plain**2) ** 2


def test_the_past_mean_counts_a_third_after_1433_shocks():
    bars = simulate_bars(2000, seed=1)
    trend = replace(
        bars, **{k: getattr(bars, k) * 1.001 ** np.arange(2000) for k in ("open", "high", "low", "close")}
    )
    plain, lifted = (fit_shocks(past_inputs(b), 1500, ROWS, 15).library[:, 0].mean() for b in (bars, trend))
    kept = 1433 / (1433 + 252 / 0.3**2)
    added = np.log(1.001) / 0.012
    assert lifted - plain == pytest.approx(kept * added, rel=0.1)


def test_bars_after_known_change_the_start_of_the_paths_but_not_what_is_drawn():
    bars = simulate_bars(2000, seed=1)
    moved = replace(bars, high=np.where(np.arange(2000) >= 1500, bars.high * 1.02, bars.high))
    a, b = (fit_shocks(past_inputs(x), 1500, ROWS, 15) for x in (bars, moved))
    assert np.array_equal(a.library, b.library)
    assert a.reversal == b.reversal
    assert (b.sigma > a.sigma).all()


def test_appending_bars_leaves_a_fit_as_it_was():
    bars = simulate_bars(2000, seed=1)
    a, b = (fit_shocks(past_inputs(x), 1500, ROWS, 15) for x in (bars, bars.cut(1521)))
    assert same(a, b)


def test_opens_that_were_not_traded_are_not_drawn():
    bars = replace(simulate_bars(1600, seed=1), opens_traded=np.arange(1600) >= 1000)
    shocks = fit_shocks(past_inputs(bars), 1500, ROWS, 15)
    assert np.isnan(shocks.opens).sum() == 1000 - 67


def test_short_or_motionless_histories_have_no_fit():
    bars = simulate_bars(2000, seed=1)
    past = past_inputs(bars)
    assert fit_shocks(past, MIN_SESSIONS - 1, ROWS, 15) is None
    assert fit_shocks(past, MIN_SESSIONS, ROWS, 15) is not None
    flat = replace(bars, **{k: np.full(2000, 10.0) for k in ("open", "high", "low", "close")})
    assert fit_shocks(past_inputs(flat), 1500, ROWS, 15) is None


def test_serial_dependence_is_found_and_none_is_invented():
    def reversal(coefficient, seed):
        bars = simulate_bars(3000, seed=seed)
        returns = np.diff(np.log(bars.close), prepend=np.log(1000.0))
        memory = 0.0
        prices = []
        level = np.log(1000.0)
        for r in returns:
            step = r + coefficient * memory
            memory = 0.8 * memory + step
            level += step
            prices.append(level)
        close = np.exp(prices)
        factor = close / bars.close
        moved = replace(
            bars, close=close, open=bars.open * factor, high=bars.high * factor, low=bars.low * factor
        )
        return fit_shocks(past_inputs(moved), 3000, np.array([2999]), 15).reversal

    # shrunk estimate of 0: standard deviation 0.009 over 100 seeds; 0.04 is more than four of them
    assert abs(reversal(0.0, 8)) < 0.04
    assert -0.13 < reversal(-0.1, 8) < -0.05


def test_what_a_fit_kept_gives_the_same_shocks_for_other_rows_and_horizons():
    """The bars of a run are asked about three times; what is kept is told apart by everything a fit depends on."""
    bars = simulate_bars(2000, seed=3)
    asked = [(1500, ROWS, 15), (1500, ROWS[:1], 15), (1500, ROWS, 10), (1500, ROWS, 1), (1450, ROWS, 15)]
    past = past_inputs(bars)
    assert past_inputs(bars) is past
    for _ in range(2):
        for one in asked:
            alone = fit_shocks(past_inputs(replace(bars, symbol="again")), *one)
            assert same(fit_shocks(past, *one), alone)
    assert len(past.fits) == 4


def test_a_fit_may_be_kept_while_another_thread_keeps_its_own():
    past = past_inputs(simulate_bars(900, seed=8))

    class Meanwhile:
        """Stands for a thread that puts a fit in between two looks at those that are kept."""

        @property
        def library(self):
            past.fits[(len(past.fits), 0, 0.0)] = None
            return ()

    past.fits[(-1, 0, 0.0)] = past.fits[(-2, 0, 0.0)] = Meanwhile()
    before = len(past.fits)
    assert fit_shocks(past, 800, np.arange(810, 820), 10) is not None
    assert len(past.fits) > before
