"""How likely is each level of the book to be touched?  The last close of every instrument, from its past closes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.config import Config
from engine.forecast.baselines.filtered_history import level_touch
from engine.forecast.folds.calendar import (
    bars_known,
    calendar_positions,
    horizon_ends,
    latest_refit,
    pooled,
    refit_starts,
    union_calendar,
)
from engine.outcomes.level_touches import touched_within
from engine.replay.replay import Replay
from engine.rules.indicators import SIGMA
from engine.table.touch.model import TouchPairs, walk_forward_level_touch
from engine.table.touch.pairs import LevelPairs, level_pairs

_REACH = 3.0  # standard deviations over the longest horizon: farther levels teach nothing
_REFITS = 4  # the correction is fitted at every fourth refit, about once a year; the simulation at each
EVERY = 5  # sessions between the past closes that are simulated: labels of three weeks overlap

LevelTouches = dict[int, dict[int, float]]  # level_id -> horizon -> probability


@dataclass(frozen=True, slots=True, eq=False)
class TouchPart:
    """What the correction learns from one instrument, and the levels of its last close.

    Attributes
    ----------
    rows : name to array, one entry for each past close or for each pair of close and level; see
        :func:`engine.table.touch.model.walk_forward_level_touch`.
    last : level_id of the pairs of the last close, which are the last pairs of ``rows``.
    """

    rows: dict[str, np.ndarray]
    last: np.ndarray


def book_touch(replays: Mapping[str, Replay], config: Config) -> dict[str, LevelTouches]:
    """Touch probabilities of the levels in the book of each instrument's last close.

    ``filtered_history`` corrected by what the level is, walk-forward, pooled as ``forecast.pooling`` says; see
    :mod:`engine.table.touch.model`.  A zone that the close lies in has no entry: it is being touched.
    """
    if not replays:
        return {}
    calendar = union_calendar([replay.bars.dates for replay in replays.values()])
    parts = {symbol: touch_part(replay, calendar, config) for symbol, replay in replays.items()}
    found: dict[str, LevelTouches] = {}
    families = {symbol: replay.bars.family for symbol, replay in replays.items()}
    for symbols in pooled(families, config.forecast.pooling).values():
        found |= group_touch({symbol: parts[symbol] for symbol in symbols}, calendar, config)
    return found


def touch_part(replay: Replay, calendar: np.ndarray, config: Config) -> TouchPart:
    """Simulate the levels of one instrument's past closes; refits are counted on the ``calendar`` of all."""
    bars, n = replay.bars, len(replay.bars)
    longest = max(config.horizons)
    columns = [h - 1 for h in config.horizons]
    positions = calendar_positions(bars.dates, calendar)
    wanted = positions % EVERY == 0
    wanted[-1] = True
    pairs = level_pairs(replay)
    chosen, pointer = _of_rows(pairs, wanted, _REACH * np.sqrt(longest) * replay.indicators[:, SIGMA])
    prices = pairs.prices[chosen]
    known = bars_known(positions, latest_refit(positions, refit_starts(len(calendar), config.forecast)))
    baseline = level_touch(bars, known, pointer, prices, longest, config.forecast.paths, config.seed)
    rows = {
        "sizes": np.diff(pointer)[wanted],
        "session": positions[wanted],
        "end": horizon_ends(positions, longest)[wanted],
        "distance": pairs.distance[chosen],
        "baseline": baseline[:, columns],
        "touched": touched_within(bars, pointer, prices, config.horizons),
        "features": pairs.features[chosen],
    }
    return TouchPart(rows, pairs.level_id[chosen][pointer[n - 1] :])


def group_touch(
    parts: Mapping[str, TouchPart], calendar: np.ndarray, config: Config
) -> dict[str, LevelTouches]:
    """The same for the instruments of one pooling group, from what :func:`touch_part` gives of each."""
    longest = max(config.horizons)
    first = next(iter(parts.values()))
    joined = {name: np.concatenate([part.rows[name] for part in parts.values()]) for name in first.rows}
    pointer = np.concatenate(([0], np.cumsum(joined.pop("sizes"))))
    starts = refit_starts(len(calendar), config.forecast)[::_REFITS]
    touch = walk_forward_level_touch(TouchPairs(pointer, **joined), starts, longest)
    result: dict[str, LevelTouches] = {}
    stop = 0
    for symbol, part in parts.items():
        stop += int(part.rows["sizes"].sum())
        table = touch.probabilities[stop - len(part.last) : stop]
        result[symbol] = {
            int(level): {h: float(p) for h, p in zip(config.horizons, row, strict=True)}
            for level, row in zip(part.last, table, strict=True)
            if np.isfinite(row).all()
        }
    return result


def _of_rows(pairs: LevelPairs, wanted: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the pairs that are simulated, and the row pointer (n + 1,) into them.

    The wanted rows' levels within ``reach``, and every level of the last row.
    """
    row = np.repeat(np.arange(len(wanted)), np.diff(pairs.pointer))
    near = np.abs(pairs.distance) <= reach[row]
    chosen = np.flatnonzero(wanted[row] & (near | (row == len(wanted) - 1)))
    sizes = np.bincount(row[chosen], minlength=len(wanted))
    return chosen, np.concatenate(([0], np.cumsum(sizes)))
