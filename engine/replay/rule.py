"""What a setup rule is: how floor, ceiling, target and retest are chosen at a close.

The engine's own, ``levels``, chooses them from the level book (:mod:`engine.replay.setup`) inside the walk.  Another rule
comes from a plugin: it is asked after the walk, is given the engine's own setup beside what the bars say, and gives the
prices of the question in its place.  An edge whose price is that of the engine's own keeps its level; any other is marked
projected, and its strength, touches and the like are 0.  Where the engine has no setup there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.bars.series import BarSeries
from engine.question import (
    CEILING,
    CEILING_LEVEL,
    FIRST,
    FLOOR,
    FLOOR_LEVEL,
    KEPT,
    PROJECTED,
    REPLACED,
    RETEST,
    RETEST_LEVEL,
    TARGET_HIGH,
    TARGET_LEVEL,
    TARGET_LOW,
    UNDEFINED,
)
from engine.replay.families.geometry import GEOMETRY
from engine.replay.families.standing import OF_A_LEVEL
from engine.replay.features import LEVEL_FEATURES
from engine.rules.indicators import ATR, SIGMA


@dataclass(frozen=True, slots=True, eq=False)
class SetupSeen:
    """What a setup rule is given for the bars ``start .. stop - 1``.

    Attributes
    ----------
    bars : n sessions, of which those after ``stop - 1`` are none of the rule's business.
    indicators, momentum : (n, k) float64, columns as in INDICATORS and MOMENTUM, filled up to ``stop - 1``.
    own : (stop - start, 5) float64, the engine's setups of these bars, columns :data:`engine.question.SETUP`; NaN where
        there is none.
    start, stop : the bars asked for.
    """

    bars: BarSeries
    indicators: np.ndarray
    momentum: np.ndarray
    own: np.ndarray
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class SetupRule:
    """One rule.

    Attributes
    ----------
    name : what ``setup.rule`` calls it.
    choose : -> (stop - start, 5) float64 in the order of :data:`engine.question.SETUP`, with retest < floor < close <
        ceiling <= target_low <= target_high, or five NaN where there is no question; row i from bars up to i only.
        None: the walk's own.
    """

    name: str
    choose: Callable[[SetupSeen], np.ndarray] | None


LEVELS = SetupRule("levels", None)

# of each edge: its column of the setup, its level, and its columns of the features
_EDGES = (
    (FLOOR, FLOOR_LEVEL),
    (CEILING, CEILING_LEVEL),
    (TARGET_LOW, TARGET_LEVEL),
    (RETEST, RETEST_LEVEL),
)
_STANDING = len(GEOMETRY.columns)


def restate(
    rule: SetupRule,
    seen: SetupSeen,
    setup: np.ndarray,
    levels: np.ndarray,
    changes: np.ndarray,
    features: np.ndarray,
) -> None:
    """Put the rule's setups of the bars asked for in place of the engine's, with the features that follow from them.

    Parameters
    ----------
    setup, levels, changes, features : (n, ...) as in :class:`engine.replay.replay.Replay`, written in place.
    """
    assert rule.choose is not None
    rows = slice(seen.start, seen.stop)
    chosen = np.where(np.isnan(seen.own).any(axis=1)[:, None], np.nan, rule.choose(seen))
    none = np.asarray(np.isnan(chosen).any(axis=1))
    chosen[none] = np.nan
    for price, level in _EDGES:
        moved = chosen[:, price] != seen.own[:, price]
        if price == TARGET_LOW:
            moved |= chosen[:, TARGET_HIGH] != seen.own[:, TARGET_HIGH]
        levels[rows, level][moved] = PROJECTED
    levels[rows][none] = UNDEFINED
    setup[rows] = chosen
    _restate_changes(seen, setup, changes)
    _restate_features(seen, chosen, none, features[rows])


def _restate_changes(seen: SetupSeen, setup: np.ndarray, changes: np.ndarray) -> None:
    """Why an edge is not yesterday's: the engine's word where the price is its own, else that another has taken its place."""
    start, stop = seen.start, seen.stop
    nothing = np.full((1, setup.shape[1]), np.nan)
    before = np.concatenate([setup[start - 1 : start] if start else nothing, setup[start : stop - 1]])
    for column, price in enumerate((FLOOR, TARGET_LOW)):
        was, now, engine = before[:, price], setup[start:stop, price], changes[start:stop, column]
        said = np.where(np.isnan(was), FIRST, np.where(was == now, KEPT, REPLACED))
        said = np.where(np.isnan(now), KEPT, said)
        own = (now == seen.own[:, price]) | np.isnan(seen.own[:, price])
        changes[start:stop, column] = np.where(own, engine, said)


def _restate_features(seen: SetupSeen, setup: np.ndarray, none: np.ndarray, out: np.ndarray) -> None:
    """The columns of :func:`engine.replay.features.fill_features` that follow from an edge that was moved."""
    close = seen.bars.close[seen.start : seen.stop]
    atr, sigma = (seen.indicators[seen.start : seen.stop, column] for column in (ATR, SIGMA))
    for edge, (price, _) in enumerate(_EDGES):
        moved = (setup[:, price] != seen.own[:, price]) & ~none
        target_high = setup[:, TARGET_HIGH]
        if price == TARGET_LOW:
            moved |= (target_high != seen.own[:, TARGET_HIGH]) & ~none
            out[moved, _WIDTH] = ((target_high - setup[:, price]) / atr)[moved]
        below = price in (FLOOR, RETEST)
        away = close - setup[:, price] if below else setup[:, price] - close
        far = np.log(close / setup[:, price]) if below else np.log(setup[:, price] / close)
        out[moved, 2 * edge] = (away / atr)[moved]
        out[moved, 2 * edge + 1] = (far / sigma)[moved]
        first = _STANDING + edge * len(OF_A_LEVEL)
        out[moved, first : first + len(OF_A_LEVEL)] = [0.0] * (len(OF_A_LEVEL) - 1) + [1.0]
        if price in (FLOOR, TARGET_LOW):
            out[moved, _ROOM] = (out[:, 1] / (out[:, 1] + out[:, 5]))[moved]
    out[none] = np.nan


_WIDTH, _ROOM = LEVEL_FEATURES.index("target_width_atr"), LEVEL_FEATURES.index("room_ratio")
