"""Look-ahead audit: does any date say something else once the future is known?

A replay of the whole history is compared, bit for bit, with replays that cannot know the future: the history cut
after a date, and the same history followed by a year of noise, and by a year of missing values.  Everything dated up
to that date must be equal: every column of every row, every level confirmed by then, every event by then.  Nothing is
assumed about how the replay works, so the audit can be pointed at any replay function and can fail.

Each future finds a look-ahead that the others miss.  The cut finds what depends on the length of the history; noise
finds what falls back to the right answer at the end of a history; missing values find what only asks whether there is
a later value, because in a cut or noisy history every bar that is there has one.  What a plugin adds is audited like the
rest, its baselines too (:mod:`engine.verify.audit.forecasts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Any

import numpy as np

from engine.bars.series import COLUMNS, BarSeries
from engine.config import Config, with_plugins
from engine.errors import CheckFailed, InputError
from engine.kernels.streams import audit_lots, audit_noise
from engine.replay.replay import replay
from engine.verify.audit.around import Rechecked
from engine.verify.audit.forecasts import GuestForecasts
from engine.verify.audit.tables import Difference, HasTables, Tables, differences_between

FUTURE_SESSIONS = 252  # length of an invented future
_NOISE_SIGMA = 0.04  # daily; far from any real future, so that a peek cannot go unnoticed
_EXAMPLES = 3  # differences kept per table, column and kind of future; all are counted


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What the audit of one instrument found.

    Attributes
    ----------
    symbol : the instrument.
    seed : chose the dates and the noise.
    dates : the audited dates, ascending.
    rewritten : those of them on which at least one bit differed.
    columns : number of columns compared (replay, levels and events together).
    difference_count : number of differing values found, a value counted once for each date it differs from.
    differences : the first few for each table, column and kind of future.
    """

    symbol: str
    seed: int
    dates: tuple[str, ...]
    rewritten: tuple[str, ...]
    columns: int
    difference_count: int
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """True where nothing was rewritten."""
        return not self.rewritten

    @property
    def text(self) -> str:
        """``"200 dates, 0 rewritten"``."""
        return f"{len(self.dates)} dates, {len(self.rewritten)} rewritten"

    def __str__(self) -> str:
        return "\n  ".join([f"{self.symbol}: {self.text}", *map(str, self.differences)])

    def certificate(self) -> dict[str, Any]:
        """The result as JSON-able values, for the manifest."""
        return {
            "symbol": self.symbol,
            "certificate": self.text,
            "passed": self.passed,
            "seed": self.seed,
            "dates": len(self.dates),
            "first_date": self.dates[0],
            "last_date": self.dates[-1],
            "rewritten": list(self.rewritten),
            "columns_compared": self.columns,
            "future_sessions": FUTURE_SESSIONS,
            "difference_count": self.difference_count,
            "differences": [
                {name: getattr(difference, name) for name in Difference.__slots__}
                for difference in self.differences
            ],
        }

    def require(self) -> None:
        """Raise ``CheckFailed`` (``audit.look_ahead``, exit code 4) where anything was rewritten."""
        if not self.passed:
            shown = "; ".join(map(str, self.differences[:_EXAMPLES]))
            more = len(self.differences) - _EXAMPLES
            raise CheckFailed(
                "audit.look_ahead",
                f"{self.symbol}: {self.text}; {shown}" + (f"; and {more} more" if more > 0 else ""),
                "a rule reads bars after its date: compute the named column from bars up to the date only",
            )


@with_plugins
def audit(
    bars: BarSeries,
    config: Config,
    dates: int | None = 200,
    seed: int | None = None,
    *,
    replay: Callable[[BarSeries, Config], HasTables] = replay,
    track: Callable[[np.ndarray], Iterable[int]] = iter,
) -> AuditResult:
    """Compare a whole replay with what it would have said on ``dates`` of its own dates.

    Parameters
    ----------
    bars : n sessions, at least one.
    dates : how many dates are audited, the last one always; None or n and more: every one.
    seed : chooses dates and noise (default: ``config.seed``).
    replay : the function under audit (default: ``engine.replay.replay.replay``).
    track : passes the indices of the audited dates on, one by one; a place to count them.

    Notes
    -----
    Equal means equal bits; NaN equals NaN.  Levels are matched by ``level_id``, which must not change either.
    Every audited date costs three replays of its history.

    Raises
    ------
    InputError
        ``audit.no_bars`` or ``audit.no_dates``.
    """
    if len(bars) == 0:
        raise InputError("audit.no_bars", f"{bars.symbol}: no bars to audit", "load a history first")
    if dates is not None and dates < 1:
        raise InputError("audit.no_dates", f"dates is {dates}", "audit at least one date, or None for all")
    seed = config.seed if seed is None else seed
    replayed = replay(bars, config)
    whole, forecasts = Tables(replayed), GuestForecasts(replayed, config)
    parts = Rechecked(bars.around.recheckable, seed)
    chosen = _choose(len(bars), dates, seed)
    rewritten: list[str] = []
    kept: dict[tuple[str, str, str], list[Difference]] = {}
    count = 0
    for t in track(chosen):
        as_of = bars.dates[t]
        known = whole.until(as_of)
        clean = True
        histories = {
            "cut": bars.cut(t + 1),
            "noise": _followed_by(bars, t, _noise(bars.close[t], audit_noise(seed, t))),
            "missing": _followed_by(bars, t, dict.fromkeys(COLUMNS, np.full(FUTURE_SESSIONS, np.nan))),
        }
        for future, history in histories.items():
            around = history.around if future == "cut" else bars.around.as_known(as_of, future, seed)
            again = replay(changed(history, around=around), config)
            for found, difference in (
                *differences_between(known, Tables(again).until(as_of), str(as_of), future),
                *forecasts.differences(again, t + 1, future),
                *parts.differences(as_of, future),
            ):
                clean = False
                count += found
                examples = kept.setdefault((difference.table, difference.column, future), [])
                if len(examples) < _EXAMPLES:
                    examples.append(difference)
        if not clean:
            rewritten.append(str(as_of))
    return AuditResult(
        symbol=bars.symbol,
        seed=seed,
        dates=tuple(str(bars.dates[t]) for t in chosen),
        rewritten=tuple(rewritten),
        columns=sum(len(table.names) for table in whole.tables.values()) + parts.columns + forecasts.columns,
        difference_count=count,
        differences=tuple(difference for examples in kept.values() for difference in examples),
    )


def _choose(n: int, dates: int | None, seed: int) -> np.ndarray:
    """Indices of the audited bars; each bar's lot depends on the seed and its own index only."""
    if dates is None or dates >= n:
        return np.arange(n)
    drawn = np.argsort(audit_lots(seed, n)[:-1], kind="stable")[: dates - 1]
    return np.sort(np.append(drawn, n - 1))


def _noise(last_close: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A year of a wild random walk."""
    close = last_close * np.exp(np.cumsum(rng.normal(0.0, _NOISE_SIGMA, FUTURE_SESSIONS)))
    opening = close * np.exp(rng.normal(0.0, _NOISE_SIGMA, FUTURE_SESSIONS))
    wick = 1.0 + np.abs(rng.normal(0.0, _NOISE_SIGMA, (2, FUTURE_SESSIONS)))
    return {
        "open": opening,
        "high": np.maximum(opening, close) * wick[0],
        "low": np.minimum(opening, close) / wick[1],
        "close": close,
        "volume": rng.lognormal(10.0, 2.0, FUTURE_SESSIONS),
    }


def _followed_by(bars: BarSeries, t: int, future: dict[str, np.ndarray]) -> BarSeries:
    """The history up to bar t, then other bars on the days after it."""
    dates = bars.dates[t] + np.arange(1, FUTURE_SESSIONS + 1)
    joined: dict[str, Any] = {
        name: np.append(getattr(bars, name)[: t + 1], values)
        for name, values in {"dates": dates, **future}.items()
    }
    return changed(bars, **joined)
