"""A trade ends the way its outcome says: both read the same definition of what is touched first."""

import numpy as np
import pytest

from engine.backtest.fills import FLOOR, HORIZON, TARGET, fill_signals
from engine.config import OutcomeConfig
from engine.outcomes.outcomes import label
from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE
from tests.backtest.trading_twin import gappy_bars

HORIZON_SESSIONS = 8


@pytest.mark.parametrize("floor_break", ["close", "touch"])
@pytest.mark.parametrize("tie", ["breakdown", "continuation"])
def test_exits_follow_outcomes(floor_break, tie):
    n = 400
    bars = gappy_bars(n, 11)
    rng = np.random.default_rng(11)
    floor = bars.close - 0.5 * rng.integers(2, 9, n)
    target = bars.close + 0.5 * rng.integers(2, 9, n)
    setup = np.column_stack([floor, target, target, target + 1.0, floor - 1.0])
    outcomes = label(bars, setup, (HORIZON_SESSIONS,), OutcomeConfig(floor_break=floor_break, tie=tie))
    seen = set()
    for t in range(n - HORIZON_SESSIONS):
        signals = np.zeros(n, bool)
        signals[t] = True
        fills = fill_signals(
            bars,
            floor,
            target,
            signals,
            horizon_sessions=HORIZON_SESSIONS,
            floor_break=floor_break,
            tie=tie,
        )
        code, when = outcomes.codes[t, 0], outcomes.resolved_at[t, 0]
        if fills.cancelled:
            # the gap that cancels an entry decides the outcome in the very same session
            assert code in (CONTINUATION, BREAKDOWN)
            assert when == t + 1
            continue
        reason, exit_ = fills.reason[0], fills.exit[0]
        if code == CONTINUATION:
            assert (reason, exit_) == (TARGET, when)
        elif code == RANGE:
            assert (reason, exit_) == (HORIZON, t + HORIZON_SESSIONS)
        elif code == BREAKDOWN and floor_break == "touch":
            assert (reason, exit_) == (FLOOR, when)
        elif code == BREAKDOWN and when == t + HORIZON_SESSIONS:
            assert (reason, exit_) == (HORIZON, when)
        else:
            assert code == BREAKDOWN
            assert (reason, exit_) == (FLOOR, when + 1)
        seen.add((int(code), int(reason)))
    assert len(seen) == (4 if floor_break == "close" else 3)
