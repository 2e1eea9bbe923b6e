"""The same work by other libraries, in the same process, and how often each rewrites what it said before.

Peers are optional: one that is not installed is left out.  ``smartmoneyconcepts`` is no dependency of the engine;
``make bench`` installs it where it can (peers.lock).  A rewrite is a value about a past session that differs
between the histories that end at t and at t + 1, counted over 250 steps.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pandas as pd
from arch.data import nasdaq

from benchmarks._clock import seconds
from benchmarks.outcomes import setup_at_usual_distances
from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars
from engine.config import OutcomeConfig, parse_config
from engine.outcomes.outcomes import label
from engine.replay.replay import replay
from engine.rules.indicators import compute_indicators
from engine.rules.momentum import compute_momentum
from engine.rules.pivots import confirmed_pivots

_BARS = 1_000_000
_STEPS = 250
_HISTORY = 1_500  # sessions before the repaint replay ends
_HORIZON = 15


def measure() -> list[dict]:
    bars = simulate_bars(_BARS, seed=1, daily_sigma=0.002)
    return [*_labels(bars), *_indicators(bars), *_levels(), *_rewrites()]


def _row(name: str, value: float, unit: str, budget: str | None = None) -> dict:
    return {"name": name, "value": value, "unit": unit, "budget": budget}


def _speed(name: str, work: Callable[[], object], n: int, ours: float | None = None) -> dict:
    speed = n / seconds(work, runs=3) / 1e6
    ratio = f" (ours: {ours / speed:,.1f} times as fast)" if ours else ""
    return _row(name + ratio, speed, "million bars/s")


def _labels(bars: BarSeries) -> list[dict]:
    setup = setup_at_usual_distances(bars)
    ours = _speed("labels: ours, H = 15", lambda: label(bars, setup, [_HORIZON], OutcomeConfig()), len(bars))
    rows = [ours]
    try:
        import vectorbt as vbt
    except ImportError:
        return rows
    close = pd.Series(bars.close)
    barriers = {"pos_th": 0.01, "neg_th": 0.01}
    rows.append(
        _speed(
            "labels: vectorbt BOLB, H = 15",
            lambda: vbt.BOLB.run(close, window=_HORIZON, **barriers).labels,
            len(bars),
            ours["value"],
        )
    )
    rows.append(
        _speed(
            "labels: vectorbt LEXLB",
            lambda: vbt.LEXLB.run(close, **barriers).labels,
            len(bars),
            ours["value"],
        )
    )
    return rows


def _indicators(bars: BarSeries) -> list[dict]:
    rules = _config().rules
    indicators = compute_indicators(bars)
    rows = [
        _speed("indicators: ours, all six", lambda: compute_indicators(bars), len(bars)),
        _speed("momentum: ours, all columns", lambda: compute_momentum(bars, rules, indicators), len(bars)),
    ]
    frame = bars.to_frame()
    ours = rows[0]["value"]
    works = pandas_indicators(frame)
    rows.append(
        _speed("indicators: pandas, all six", lambda: [work() for work in works.values()], len(bars), ours)
    )
    rows += [_speed(f"indicators: pandas {name} alone", work, len(bars)) for name, work in works.items()]
    return rows


def pandas_indicators(frame: pd.DataFrame) -> dict[str, Callable[[], pd.Series]]:
    """The usual pandas one-liners (their averages are seeded with the first value, not with a mean)."""
    close, high, low = frame["close"], frame["high"], frame["low"]

    def true_range() -> pd.Series:
        before = close.shift()
        return pd.concat([high - low, (high - before).abs(), (low - before).abs()], axis=1).max(axis=1)

    def rsi() -> pd.Series:
        change = close.diff()
        gain = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
        loss = (-change).clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
        return 100 * gain / (gain + loss)

    return {
        "SMA 50": lambda: close.rolling(50).mean(),
        "SMA 200": lambda: close.rolling(200).mean(),
        "ATR 14": lambda: true_range().ewm(alpha=1 / 14, adjust=False).mean(),
        "RSI 14": rsi,
        "EWMA sigma": lambda: np.sqrt((np.log(close).diff() ** 2).ewm(alpha=0.06, adjust=False).mean()),
        "all-time high": high.cummax,
    }


def _levels() -> list[dict]:
    bars = _nasdaq()
    config = _config()
    ours = _speed("levels: ours, whole replay", lambda: replay(bars, config), len(bars))
    rows = [
        ours,
        _speed("swings: ours, confirmed", lambda: confirmed_pivots(bars.high, bars.low, 5), len(bars)),
    ]
    smc = _smart_money()
    if smc is not None:
        frame = bars.to_frame()
        swings = smc.swing_highs_lows(frame, swing_length=5)
        rows.append(
            _speed(
                "swings: smartmoneyconcepts",
                lambda: smc.swing_highs_lows(frame, swing_length=5),
                len(bars),
                rows[1]["value"],
            )
        )
        rows.append(
            _speed(
                "levels: smartmoneyconcepts order blocks",
                lambda: smc.ob(frame, swings),
                len(bars),
                ours["value"],
            )
        )
    return rows


def _rewrites() -> list[dict]:
    bars = _nasdaq().cut(_HISTORY)
    config = _config()

    def ours(some: BarSeries) -> list[np.ndarray]:
        facts = replay(some, config)
        frame = facts.frame.drop(columns=["instrument", "date"])
        return [frame.to_numpy(dtype=float), *_known_levels(facts.levels)]

    rows = [_row(f"rewrites in {_STEPS} steps: ours, every column", count_rewrites(ours, bars), "", "<= 0")]
    smc = _smart_money()
    if smc is not None:

        def swings(some: BarSeries) -> list[np.ndarray]:
            return [smc.swing_highs_lows(some.to_frame(), swing_length=5).to_numpy(dtype=float)]

        def blocks(some: BarSeries) -> list[np.ndarray]:
            frame = some.to_frame()
            found = smc.ob(frame, smc.swing_highs_lows(frame, swing_length=5))
            return [found[["OB", "Top", "Bottom"]].to_numpy(dtype=float)]

        rows.append(
            _row(f"rewrites in {_STEPS} steps: smartmoneyconcepts swings", count_rewrites(swings, bars), "")
        )
        rows.append(
            _row(
                f"rewrites in {_STEPS} steps: smartmoneyconcepts order blocks",
                count_rewrites(blocks, bars.cut(500)),
                "",
            )
        )
    try:
        import vectorbt as vbt
    except ImportError:
        return rows

    def extrema(some: BarSeries) -> list[np.ndarray]:
        labels = vbt.LEXLB.run(pd.Series(some.close), pos_th=0.03, neg_th=0.03).labels
        return [labels.to_numpy(dtype=float)[:, None]]

    rows.append(_row(f"rewrites in {_STEPS} steps: vectorbt LEXLB", count_rewrites(extrema, bars), ""))
    return rows


def count_rewrites(facts_of: Callable[[BarSeries], list[np.ndarray]], bars: BarSeries) -> int:
    """Rows about the past that change when one more session is known, summed over the last 250 steps.

    ``facts_of`` gives tables (rows, columns) whose rows are in the order they became known.
    """
    rewritten = 0
    before = facts_of(bars.cut(len(bars) - _STEPS))
    for stop in range(len(bars) - _STEPS + 1, len(bars) + 1):
        after = facts_of(bars.cut(stop))
        for old, new in zip(before, after, strict=True):
            same = (old == new[: len(old)]) | (np.isnan(old) & np.isnan(new[: len(old)]))
            rewritten += int((~same.all(axis=1)).sum())
        before = after
    return rewritten


def _known_levels(levels: pd.DataFrame) -> list[np.ndarray]:
    days = levels[["formed", "confirmed"]].astype("int64").to_numpy(dtype=float)
    return [np.column_stack([levels[["level_id", "low", "high"]].to_numpy(dtype=float), days])]


def _smart_money():
    os.environ["SMC_CREDIT"] = "0"  # it prints an advertisement otherwise
    try:
        from smartmoneyconcepts import smc
    except ImportError:
        return None
    return smc


def _nasdaq() -> BarSeries:
    frame = nasdaq.load()
    columns = [frame[c].to_numpy(float).copy() for c in ("Open", "High", "Low", "Close", "Volume")]
    return BarSeries("IXIC", "equity_index", frame.index.to_numpy().astype("datetime64[D]"), *columns)


def _config():
    source = {"kind": "bundled", "name": "nasdaq"}
    return parse_config({"name": "bench", "instruments": [{"symbol": "IXIC", "source": source}]})
