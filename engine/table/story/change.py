"""What is not as it was at the close before: the edges that moved, and where the change of the table comes from.

The table is recomputed with yesterday's question held at today's close.  With F(q, t) what distance and volatility say of
question q at close t, and P the published table,

    price and volatility = F(yesterday's q, today) - F(yesterday's q, yesterday)
    question             = F(today's q, today)     - F(yesterday's q, today)
    rules                = what is left: the change of P - F

so the three add up to the change of the table exactly.  The passing of a session is part of the first.  Where yesterday's
question has been answered (its target was reached, or the floor gave way), today's table answers another one, and nothing
is split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.bars.contracts.rolls import SAME, Unit
from engine.config import Config
from engine.forecast.baselines.filtered_history import MoreVariances, Simulation, simulated
from engine.forecast.baselines.implied_history import implied_history
from engine.question import (
    CEILING,
    CHANGES,
    FLOOR,
    FLOOR_LEVEL,
    KEPT,
    TARGET_HIGH,
    TARGET_LEVEL,
    TARGET_LOW,
)

if TYPE_CHECKING:
    from engine.bars.series import BarSeries
    from engine.replay.replay import Replay

CHOSEN_ANEW = "chosen_anew"  # without memory every close chooses for itself


@dataclass(frozen=True, slots=True)
class EdgeMove:
    """An edge that is not yesterday's: where it was, where it is, and why (:data:`engine.question.CHANGES`)."""

    edge: str
    before_low: float
    before_high: float
    low: float
    high: float
    why: str


@dataclass(frozen=True, slots=True)
class ChangeShare:
    """The change of one probability: ``now - before = question + market + rules``."""

    horizon_sessions: int
    scenario: str
    before: float
    now: float
    question: float
    market: float
    rules: float


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since ``since``, the session before; ``shares`` is empty where the tables cannot be compared."""

    since: str
    moves: tuple[EdgeMove, ...] = ()
    shares: tuple[ChangeShare, ...] = ()

    @property
    def answered(self) -> str:
        """``"reached"`` or ``"broken"`` where yesterday's question was answered today, else nothing."""
        return next((move.why for move in self.moves if move.why in ("reached", "broken")), "")

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Change:
        """From plain data."""
        return cls(
            data["since"],
            tuple(EdgeMove(**move) for move in data["moves"]),
            tuple(ChangeShare(**share) for share in data["shares"]),
        )


def moves_of(replay: Replay, index: int, unit: Unit = SAME) -> tuple[EdgeMove, ...]:
    """Floor and target of bar ``index`` where they are not those of the bar before; prices in ``unit``.

    An average that moves on by a day, and stays the edge, is no move.
    """
    setup, before = replay.setup[index], replay.setup[index - 1]
    found = []
    if index < 1 or not (np.isfinite(setup).all() and np.isfinite(before).all()):
        return ()
    places = (("target", TARGET_LEVEL, TARGET_LOW, TARGET_HIGH, 1), ("floor", FLOOR_LEVEL, FLOOR, FLOOR, 0))
    for edge, level, low, high, column in places:
        same_level = replay.setup_levels[index, level] == replay.setup_levels[index - 1, level]
        why = int(replay.setup_changes[index, column])
        if setup[low] == before[low] or (
            same_level and why == KEPT and replay.setup_levels[index, level] >= 0
        ):
            continue
        was, now = ([float(unit.price(x)) for x in (at[low], at[high])] for at in (before, setup))
        found.append(
            EdgeMove(edge, was[0], was[1], now[0], now[1], CHOSEN_ANEW if why == KEPT else CHANGES[why])
        )
    return tuple(found)


def yesterdays_question_today(
    config: Config,
    bars: BarSeries,
    questions: np.ndarray,
    bar: int,
    known: int,
    more: MoreVariances | None = None,
) -> np.ndarray | None:
    """F(yesterday's question, today) as (longest, 3) probabilities; None where it is answered, or there was none.

    Parameters
    ----------
    questions : (2, 5) setups of the bar before and of ``bar``.
    known : bars known to the fit behind ``bar``.
    more : what options say, where the opponent of the table knows it.
    """
    question, by_target = questions[0], config.outcome.rule == "target"
    top = question[TARGET_LOW if by_target else CEILING]
    answered = not question[FLOOR] < bars.close[bar] < top or (by_target and bars.high[bar] >= top)
    if answered or known < 1 or not np.isfinite(questions).all():
        return None
    setup, knowns = np.full((len(bars), 5), np.nan), np.zeros(len(bars), dtype=np.int64)
    setup[bar], knowns[bar] = question, known
    wanted = knowns > 0
    how = Simulation(max(config.horizons), config.outcome, config.forecast.paths, config.seed)
    found = simulated(bars, setup, knowns, how, wanted)
    if more is not None:
        found = implied_history(found, bars, setup, knowns, how, more)
    return found.probabilities[bar]


def share_of(
    horizon: int, scenario: str, tables: tuple[float, float], alone: tuple[float, float], held: float
) -> ChangeShare:
    """The parts of one change.

    Parameters
    ----------
    tables : P yesterday and today.
    alone : F of each day's own question, yesterday and today.
    held : F(yesterday's question, today).
    """
    rules = (tables[1] - alone[1]) - (tables[0] - alone[0])
    return ChangeShare(horizon, scenario, *tables, alone[1] - held, held - alone[0], rules)
