"""What came after each close: the only table of the engine that knows the future.

Rules, setup and features cannot import this module (import-linter holds them to it).  An outcome is known
once its FULL horizon has passed, even where a level was hit on the first day: keeping the early hits of an
unfinished horizon would leave a sample with too few ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.config import OutcomeConfig
from engine.errors import InputError
from engine.outcomes.first_touch import (
    AMBIGUOUS,
    RULE_TARGET,
    RULE_TERMINAL,
    RULES,
    UP,
    terminal_class,
    touch_bar,
)
from engine.question import SETUP
from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE, SCENARIOS, UNRESOLVED

_BLOCK = 512  # rows whose levels and first touches stay in the first-level cache together
_LINE = 8  # float64 numbers in a cache line
_NEVER = 1 << 30  # "first session" of something that did not happen within the longest horizon


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Outcomes of one instrument, one row per session, one column per horizon.

    Attributes
    ----------
    symbol, dates : the instrument and its (n,) sessions.
    horizons : (h,) ascending, in sessions.
    codes : (n, h) int8, 0 breakdown, 1 range, 2 continuation, -1 unresolved or no setup on that date.
    resolved_at : (n, h) int32, index of the bar that decided; a range is decided by the last bar of its
        horizon; -1 where unresolved.  Note that the label may be USED only from ``t + horizon`` on.
    ambiguous : (n, h) bool, True where one bar reached both levels in an unknown order.
    target_touched, retest_touched : (n, h) int8, 1 where a high reached ``target_low`` / a low reached
        ``retest`` at any time within the horizon, whatever came first; 0 where not; -1 unresolved.
    event_session : (n,) int32, sessions to the first event within the longest horizon; 0 none; -1 where the
        longest horizon is unresolved.
    event_code : (n,) int8, scenario code of that event; -1 where there is none or it is unresolved.
    """

    symbol: str
    dates: np.ndarray
    horizons: np.ndarray
    codes: np.ndarray
    resolved_at: np.ndarray
    ambiguous: np.ndarray
    target_touched: np.ndarray
    retest_touched: np.ndarray
    event_session: np.ndarray
    event_code: np.ndarray

    def frame(self) -> pd.DataFrame:
        """The columns of ``outcomes.parquet``: one row per date and horizon, missing where unresolved."""
        rows, count = self.codes.shape
        resolved = self.codes.ravel() != UNRESOLVED
        names = np.array([None, *SCENARIOS], dtype=object)  # code + 1
        days = self.dates.astype("datetime64[us]")
        resolved_on = np.where(resolved, days[np.maximum(self.resolved_at.ravel(), 0)], np.datetime64("NaT"))
        return pd.DataFrame(
            {
                "instrument": pd.Series([self.symbol] * (rows * count), dtype="str"),
                "date": np.repeat(days, count),
                "horizon_sessions": np.tile(self.horizons, rows),
                "outcome": pd.Series(names[self.codes.ravel() + 1], dtype="str"),
                "resolved_on": resolved_on,
                "ambiguous": _nullable(self.ambiguous, resolved),
                "target_touched": _nullable(self.target_touched, resolved),
                "retest_touched": _nullable(self.retest_touched, resolved),
            }
        )


def label(
    bars: BarSeries, setup: np.ndarray, horizons: Sequence[int] | np.ndarray, outcome: OutcomeConfig
) -> Outcomes:
    """The outcome of every session's setup, for all horizons in one pass.

    Parameters
    ----------
    bars : the n sessions; the bars of ``t + 1 .. t + H`` decide the outcome of ``t``.
    setup : (n, 5) float64, columns as in :data:`engine.question.SETUP`, in the unit of the bars; a NaN in a row: no setup.
    horizons : ascending distinct positive numbers of sessions.
    outcome : the rule (``target``, ``band``, ``terminal``), what breaks the floor, and who wins a tie.

    Raises
    ------
    InputError
        ``outcomes.bad_shape``, ``outcomes.bad_horizons``, ``outcomes.bad_setup`` (a row in which
        retest < floor < ceiling <= target_low does not hold).

    Example
    -------
    >>> import numpy as np
    >>> from engine.bars.simulate import simulate_bars
    >>> from engine.config import OutcomeConfig
    >>> bars = simulate_bars(100, seed=1)
    >>> setup = bars.close[:, None] * np.array([0.97, 1.02, 1.03, 1.035, 0.95])
    >>> label(bars, setup, [10, 15], OutcomeConfig()).codes.shape
    (100, 2)
    """
    n = len(bars)
    setup = np.ascontiguousarray(setup, dtype=np.float64)
    if setup.shape != (n, len(SETUP)):
        raise InputError(
            "outcomes.bad_shape",
            f"setup has shape {setup.shape}, expected {(n, len(SETUP))}",
            f"one row per session, columns {', '.join(SETUP)}",
        )
    steps = np.asarray(horizons)
    if (
        steps.ndim != 1
        or len(steps) == 0
        or steps.dtype.kind not in "iu"
        or steps[0] < 1
        or np.any(np.diff(steps.astype(np.int64)) <= 0)
    ):
        raise InputError(
            "outcomes.bad_horizons", f"horizons {list(horizons)!r}", "ascending distinct whole numbers from 1"
        )
    steps = steps.astype(np.int64)
    shape = (n, len(steps))
    codes, resolved_at, ambiguous = (
        np.empty(shape, np.int8),
        np.empty(shape, np.int32),
        np.empty(shape, np.bool_),
    )
    target_touched, retest_touched = np.empty(shape, np.int8), np.empty(shape, np.int8)
    event_session, event_code = np.empty(n, np.int32), np.empty(n, np.int8)
    bad = label_bars(
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.opens_traded,
        setup,
        steps,
        RULES[outcome.rule],
        outcome.floor_break == "touch",
        outcome.tie == "continuation",
        codes,
        resolved_at,
        ambiguous,
        target_touched,
        retest_touched,
        event_session,
        event_code,
    )
    if bad >= 0:
        row = ", ".join(f"{name} {value:g}" for name, value in zip(SETUP, setup[bad], strict=True))
        raise InputError(
            "outcomes.bad_setup",
            f"{bars.symbol} {bars.dates[bad]} (row {bad}): {row}",
            "retest < floor < ceiling <= target_low must hold, or the row must be NaN",
        )
    return Outcomes(
        symbol=bars.symbol,
        dates=bars.dates,
        horizons=steps,
        codes=codes,
        resolved_at=resolved_at,
        ambiguous=ambiguous,
        target_touched=target_touched,
        retest_touched=retest_touched,
        event_session=event_session,
        event_code=event_code,
    )


@numba.njit(cache=True)
def _first_at_or_above(values, levels, longest, first):
    """First j in 1 .. longest at which ``values[j + b] >= levels[b]``, for each row b of a block.

    ``values`` begins at the block's first row.  Walking j downwards lets each hit overwrite a later one
    without a branch, so the loop over rows runs on all vector lanes at once.
    """
    rows = len(levels)
    first[:] = _NEVER
    for j in range(longest, 0, -1):
        window = values[j : j + rows]
        for b in range(len(window)):
            first[b] = j if window[b] >= levels[b] else first[b]


@numba.njit(cache=True)
def _first_at_or_below(values, levels, longest, first):
    """The mirror of :func:`_first_at_or_above`."""
    rows = len(levels)
    first[:] = _NEVER
    for j in range(longest, 0, -1):
        window = values[j : j + rows]
        for b in range(len(window)):
            first[b] = j if window[b] <= levels[b] else first[b]


@numba.njit(cache=True)
def _first_below(values, levels, longest, first):
    """Strictly below; otherwise as :func:`_first_at_or_below`."""
    rows = len(levels)
    first[:] = _NEVER
    for j in range(longest, 0, -1):
        window = values[j : j + rows]
        for b in range(len(window)):
            first[b] = j if window[b] < levels[b] else first[b]


@numba.njit(cache=True)
def label_bars(
    bar_open,
    bar_high,
    bar_low,
    bar_close,
    opens_traded,
    setup,
    horizons,
    rule,
    floor_break_touch,
    tie_continuation,
    codes,
    resolved_at,
    ambiguous,
    target_touched,
    retest_touched,
    event_session,
    event_code,
):
    """Fill the seven arrays of :class:`Outcomes`; return the first row with an impossible setup, or -1.

    The first touch of each side is found separately; only where both fall on one bar does their order
    matter, and there :func:`touch_bar` decides.
    """
    n = len(bar_close)
    count = len(horizons)
    longest = horizons[count - 1]
    floor, ceiling, target, retest = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    beyond = np.empty(_BLOCK)
    target_at, retest_at = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    up_at, down_at = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    bad = -1
    for begin in range(0, n, _BLOCK):
        rows = min(_BLOCK, n - begin)
        levels = setup[begin : begin + rows]
        for b in range(rows):
            floor[b] = levels[b, 0]
            ceiling[b] = levels[b, 1]
            target[b] = levels[b, 2]
            retest[b] = levels[b, 4]
        high, low, close = bar_high[begin:], bar_low[begin:], bar_close[begin:]
        _first_at_or_above(high, target[:rows], longest, target_at[:rows])
        _first_at_or_below(low, retest[:rows], longest, retest_at[:rows])
        if rule == RULE_TERMINAL:
            up_at[:rows] = _NEVER
            down_at[:rows] = _NEVER
        else:
            if rule == RULE_TARGET:
                up_at[:rows] = target_at[:rows]
            else:
                for b in range(rows):  # strictly above is at or above the next number
                    beyond[b] = np.nextafter(ceiling[b], np.inf)
                _first_at_or_above(close, beyond[:rows], longest, up_at[:rows])
            if rule == RULE_TARGET and floor_break_touch:
                _first_at_or_below(low, floor[:rows], longest, down_at[:rows])
            else:
                _first_below(close, floor[:rows], longest, down_at[:rows])

        codes_here, resolved_here = codes[begin : begin + rows], resolved_at[begin : begin + rows]
        ambiguous_here = ambiguous[begin : begin + rows]
        target_here, retest_here = target_touched[begin : begin + rows], retest_touched[begin : begin + rows]
        session_here, code_here = event_session[begin : begin + rows], event_code[begin : begin + rows]
        # a million bars come from memory, which is slower than what is decided here: meanwhile a number of each cache
        # line of the next block is read, so that it is there in time; the sum keeps the compiler from dropping that
        fetched = 0.0
        for b in range(rows):
            t = begin + b
            ahead = t + _BLOCK
            if ahead < n:
                fetched += setup[ahead, 0]
                if b % _LINE == 0:
                    fetched += bar_high[ahead] + bar_low[ahead] + bar_close[ahead]
            defined = retest[b] < floor[b] and floor[b] < ceiling[b] and ceiling[b] <= target[b]
            if not defined and bad < 0:
                known = retest[b] + floor[b] + ceiling[b] + target[b]  # NaN if any is
                if not np.isnan(known):
                    bad = t
            known_sessions = n - 1 - t if defined else 0
            at = min(up_at[b], down_at[b])
            code = CONTINUATION if up_at[b] < down_at[b] else BREAKDOWN
            unclear = False
            if up_at[b] == down_at[b] and at != _NEVER:
                i = t + at
                event = touch_bar(
                    rule,
                    floor_break_touch,
                    tie_continuation,
                    opens_traded[i],
                    bar_open[i],
                    bar_high[i],
                    bar_low[i],
                    bar_close[i],
                    floor[b],
                    ceiling[b],
                    target[b],
                )
                unclear = event > AMBIGUOUS
                code = CONTINUATION if event % AMBIGUOUS == UP else BREAKDOWN
            for k in range(count):
                horizon = horizons[k]
                resolved = horizon <= known_sessions
                hit = at <= horizon
                scenario = code if hit else RANGE
                if rule == RULE_TERMINAL and resolved:
                    scenario = terminal_class(bar_close[t + horizon], floor[b], ceiling[b])
                codes_here[b, k] = scenario if resolved else UNRESOLVED
                resolved_here[b, k] = t + min(at, horizon) if resolved else -1
                ambiguous_here[b, k] = unclear and hit and resolved
                target_here[b, k] = np.int8(target_at[b] <= horizon) if resolved else np.int8(-1)
                retest_here[b, k] = np.int8(retest_at[b] <= horizon) if resolved else np.int8(-1)
            finished = longest <= known_sessions
            happened = at != _NEVER
            session_here[b] = (at if happened else 0) if finished else -1
            code_here[b] = code if finished and happened else -1
        beyond[0] = fetched
    return bad


def _nullable(values: np.ndarray, known: np.ndarray) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(values.ravel() == 1, ~known)
