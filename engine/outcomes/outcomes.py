"""What came after each close: the only table of the engine that knows the future.

Rules, setup and features cannot import this module (import-linter holds them to it).  An outcome is known
once its FULL horizon has passed, even where a level was hit on the first day: keeping the early hits of an
unfinished horizon would leave a sample with too few ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.config import OutcomeConfig
from engine.errors import InputError
from engine.kernels.threads import in_threads, thread_count
from engine.outcomes.first_touch import RULES
from engine.outcomes.label_kernels import label_bars
from engine.question import SETUP
from engine.scenarios import SCENARIOS, UNRESOLVED

_LONG = 200_000  # rows from which a second thread is worth starting


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
        or any(a >= b for a, b in pairwise(steps.tolist()))
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
    # one core cannot write as fast as memory takes it: a long series is shared among the threads
    parts = thread_count() if n >= _LONG else 1
    edges = [n * part // parts for part in range(parts + 1)]

    def share(rows: tuple[int, int]) -> int:
        return int(
            label_bars(
                *rows,
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
                codes.ravel(),
                resolved_at.ravel(),
                ambiguous.ravel(),
                target_touched.ravel(),
                retest_touched.ravel(),
                event_session,
                event_code,
            )
        )

    bad = next((row for row in in_threads(share, list(pairwise(edges))) if row >= 0), -1)
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


def _nullable(values: np.ndarray, known: np.ndarray) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(values.ravel() == 1, ~known)
