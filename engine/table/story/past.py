"""What the chart did before a close, with its dates: swing lows and highs, tests of the 50-day, the last extreme of RSI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.bars.contracts.rolls import SAME, Unit
from engine.rules.indicators import ATR, RSI, SMA_50
from engine.rules.pivots import swing_highs_confirmed, swing_lows_confirmed

if TYPE_CHECKING:
    from engine.bars.series import BarSeries
    from engine.replay.replay import Replay

_PIVOT_SESSIONS = 252  # how far back runs of swing lows and highs are followed
_TEST_SESSIONS = 63  # a quarter: tests of the 50-day that are still told


@dataclass(frozen=True, slots=True)
class Past:
    """What led to a close.  Dates are ISO text; None, or nothing, where there is none.

    Attributes
    ----------
    low, low_on, low_sessions : the last confirmed swing low, its session, and how many sessions ago that is.
    lows_since, highs_since : session of the swing low (high) that the present run of higher or lower ones began with.
    turned_back_on : sessions of the last quarter on which the 50-day turned price back from below, oldest first.
    held_on : likewise from above.
    oversold_on, oversold_rsi : the last close with an oversold RSI, and that RSI.
    crossed_on : session on which the close came to the side of the 50-day that it is on.
    record, record_on : the highest price ever traded up to the close, as it was traded then, and its session; where
        contracts are put together that is not the highest price of the chain.
    """

    low: float | None = None
    low_on: str | None = None
    low_sessions: int | None = None
    lows_since: str | None = None
    highs_since: str | None = None
    turned_back_on: tuple[str, ...] = ()
    held_on: tuple[str, ...] = ()
    oversold_on: str | None = None
    oversold_rsi: float | None = None
    crossed_on: str | None = None
    record: float | None = None
    record_on: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Past:
        """From plain data."""
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
        return cls(**values)


NO_PAST = Past()


def past_of(replay: Replay, index: int, unit: Unit = SAME) -> Past:
    """The past of bar ``index``, from bars up to it; prices in ``unit``."""
    bars, known, rules = replay.bars, replay.known, replay.config.rules
    days = bars.dates

    def back(name: str) -> int | None:
        sessions = known[name][index]
        return None if np.isnan(sessions) or sessions > index else index - int(sessions)

    def day(at: int | None) -> str | None:
        return None if at is None else str(days[at])

    first = max(0, index + 1 - _PIVOT_SESSIONS)
    k = rules.pivot_bars
    lows = first + np.flatnonzero(swing_lows_confirmed(bars.low, first, index + 1, k)) - k
    highs = first + np.flatnonzero(swing_highs_confirmed(bars.high, first, index + 1, k)) - k
    last_low = int(lows[-1]) if len(lows) else None
    turned, held = _tests_of_the_average(replay, index)
    traded = _as_traded(bars, index)
    highest = int(np.argmax(traded))
    oversold = back("sessions_since_oversold")
    above = known["distance_sma_50_atr"][index] > 0
    return Past(
        low=None if last_low is None else float(unit.price(bars.low[last_low])),
        low_on=day(last_low),
        low_sessions=None if last_low is None else index - last_low,
        lows_since=day(_begin(lows, known["higher_lows"][index])),
        highs_since=day(_begin(highs, known["higher_highs"][index])),
        turned_back_on=tuple(str(days[i]) for i in turned),
        held_on=tuple(str(days[i]) for i in held),
        oversold_on=day(oversold),
        oversold_rsi=None if oversold is None else float(replay.indicators[oversold, RSI]),
        crossed_on=day(back("sessions_since_sma_50_" + ("reclaimed" if above else "lost"))),
        record=float(traded[highest]),
        record_on=day(highest),
    )


def _as_traded(bars: BarSeries, index: int) -> np.ndarray:
    """(index + 1,) highs, each in prices of the contract of its own day."""
    high, rolls = bars.high[: index + 1], bars.around.rolls
    return high if rolls is None else (high - rolls.shift[: index + 1]) / rolls.ratio[: index + 1]


def _begin(pivots: np.ndarray, run: float) -> int | None:
    """The pivot that a run of ``run`` higher (or lower) ones began with."""
    length = 0 if np.isnan(run) else int(abs(run))
    return int(pivots[-length - 1]) if 0 < length < len(pivots) else None


def _tests_of_the_average(replay: Replay, index: int) -> tuple[list[int], list[int]]:
    """(from below, from above) sessions on which a bar came near the 50-day and closed on its old side."""
    first = max(1, index + 1 - _TEST_SESSIONS)
    now, before = slice(first, index + 1), slice(first - 1, index)
    bars, mean, atr = replay.bars, replay.indicators[:, SMA_50], replay.indicators[:, ATR]
    near = replay.config.rules.mean_touch_atr * atr[now]
    side, was = (np.sign(bars.close[x] - mean[x]) for x in (now, before))
    turned = (side < 0) & (was < 0) & (bars.high[now] >= mean[now] - near)
    held = (side > 0) & (was > 0) & (bars.low[now] <= mean[now] + near)
    return (first + np.flatnonzero(turned)).tolist(), (first + np.flatnonzero(held)).tolist()
