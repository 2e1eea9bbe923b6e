"""The replay: every rule at every close, with what was known at that close and nothing else.

``replay(bars, config)`` walks a whole history; ``Replay.append`` walks only the bars that are new, from the state
the last bar left behind.  Both run the same kernels over the same arrays, so their rows agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from engine.bars.series import COLUMNS, BarSeries
from engine.config import Config, with_plugins
from engine.config.choices import SETUP_RULES
from engine.errors import InputError
from engine.question import SETUP, SETUP_CHANGES, SETUP_LEVELS
from engine.replay.families import FAMILIES, FeatureFamily, Known
from engine.replay.features import LEVEL_FEATURES, N_RECENT
from engine.replay.memory import MEMORY_SIZE
from engine.replay.rule import SetupRule, SetupSeen, restate
from engine.replay.setup import setup_params
from engine.replay.walk import SNAPSHOT_BARS, Book, Prices, Span, WalkParams, Written, advance_walk
from engine.rules.book.events import CAPACITY, empty_book
from engine.rules.book.levels import EVENT, EVENTS, LEVEL, STANDING
from engine.rules.book.ranks import N_EVENTS, N_LEVELS
from engine.rules.indicators import INDICATORS, STATE_SIZE, advance_indicators
from engine.rules.kinds import KINDS, find_candidates, level_params
from engine.rules.momentum import MOMENTUM, MOMENTUM_STATE_SIZE, advance_momentum, momentum_params
from engine.rules.names import level_names
from engine.rules.reading import READING, advance_reading

REPLAY_COLUMNS: tuple[str, ...] = (
    "instrument",
    "date",
    *COLUMNS,
    *INDICATORS,
    *MOMENTUM,
    *LEVEL_FEATURES,
    *SETUP,
    *SETUP_LEVELS,
    *SETUP_CHANGES,
    *READING,
)

# bounds the memory of candidates and buffers, and keeps what one kernel wrote in the cache for the next
_CHUNK_BARS = 16384
_TEXT = pd.StringDtype(na_value=np.nan)
_SPARE_ROWS = 4 * CAPACITY  # one bar can bring three events to every level of a full book


@dataclass(frozen=True, slots=True, eq=False)
class ReplayState:
    """What the kernels must remember after the last bar; the next bar starts from a copy of it."""

    indicators: np.ndarray
    momentum: np.ndarray
    rows: np.ndarray
    counters: np.ndarray
    recent: np.ndarray
    memory: np.ndarray

    @classmethod
    def fresh(cls) -> ReplayState:
        """Before the first bar."""
        rows, counters = empty_book()
        return cls(
            np.zeros(STATE_SIZE),
            np.zeros(MOMENTUM_STATE_SIZE),
            rows,
            counters,
            np.zeros(N_RECENT),
            np.zeros(MEMORY_SIZE),
        )

    def copy(self) -> ReplayState:
        """An independent copy."""
        return ReplayState(*(getattr(self, name).copy() for name in self.__slots__))


@dataclass(frozen=True, eq=False)
class Replay:
    """Everything known at each close of one instrument.

    Attributes
    ----------
    bars, config : what was replayed, and how.
    indicators, momentum, features, setup, reading : (n, k) float64, columns as in INDICATORS, MOMENTUM,
        LEVEL_FEATURES, SETUP and READING; NaN where unknown.
    setup_levels : (n, 4) int64, columns as in SETUP_LEVELS; -1 projected, -2 undefined.
    setup_changes : (n, 2) int64, why floor and target are not yesterday's: positions in engine.question.CHANGES.
    more : (n, k) float64, the columns of :attr:`families`, which are filled from what is known at each close.
    families : the feature families that the replay's own passes do not fill.
    table : LEVEL records, one per level, by id; never rewritten.
    log : EVENT records in the order they happened.
    snapshots, snapshot_counters : the book after every 256th bar, from which any date is looked up.
    state : what the next bar needs.
    """

    bars: BarSeries
    config: Config
    indicators: np.ndarray
    momentum: np.ndarray
    features: np.ndarray
    setup: np.ndarray
    setup_levels: np.ndarray
    setup_changes: np.ndarray
    reading: np.ndarray
    more: np.ndarray
    families: tuple[FeatureFamily, ...]
    table: np.ndarray
    log: np.ndarray
    snapshots: np.ndarray
    snapshot_counters: np.ndarray
    state: ReplayState

    def __len__(self) -> int:
        return len(self.bars)

    def blocks(self) -> list[tuple[np.ndarray, Sequence[str]]]:
        """The columns of numbers that :attr:`frame` has beside the bars, (n, k) with their names."""
        return [
            (self.indicators, INDICATORS),
            (self.momentum, MOMENTUM),
            (self.features, LEVEL_FEATURES),
            (self.setup, SETUP),
            (self.setup_levels, SETUP_LEVELS),
            (self.setup_changes, SETUP_CHANGES),
            (self.reading, READING),
            (self.more, [name for family in self.families for name in family.columns]),
        ]

    @cached_property
    def known(self) -> dict[str, np.ndarray]:
        """The columns of numbers that :attr:`frame` has beside the bars, (n,) each, as views."""
        return {
            name: values[:, column] for values, names in self.blocks() for column, name in enumerate(names)
        }

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per bar, columns :data:`REPLAY_COLUMNS` and those of ``families``; NaN where unknown."""
        n = len(self)
        dates = self.bars.dates.astype("datetime64[us]")
        head = pd.DataFrame({"instrument": repeated(self.bars.symbol, n), "date": dates})
        prices = pd.DataFrame({name: getattr(self.bars, name) for name in COLUMNS})
        frames = [pd.DataFrame(values, columns=list(names), copy=False) for values, names in self.blocks()]
        return pd.concat([head, prices, *frames], axis=1)

    @cached_property
    def levels(self) -> pd.DataFrame:
        """One row per level: instrument, level_id, kind, low, high, formed, confirmed, name, kinds.

        low and high are NaN for a moving average, whose price is that of the date.  ``kinds`` is how many rules
        agree on the zone.
        """
        return pd.DataFrame(self.level_columns())

    @with_plugins
    def level_columns(self) -> dict[str, Any]:
        """The columns of :attr:`levels` as arrays, texts in Arrow's; a frame of them costs more than the walk."""
        dates = self.bars.dates.astype("datetime64[us]")
        table = self.table
        return {
            "instrument": repeated(self.bars.symbol, len(table)),
            "level_id": np.arange(len(table), dtype=np.int64),
            "kind": _taken([kind.name for kind in KINDS], table["kind"]),
            "low": table["low"],
            "high": table["high"],
            "formed": dates[table["formed"]],
            "confirmed": dates[table["confirmed"]],
            "name": level_names(table, self.bars.dates),
            "kinds": table["agreeing"].astype(np.int64),
        }

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row per event, in the order they happened: instrument, level_id, date, event, value."""
        return pd.DataFrame(self.event_columns())

    def event_columns(self) -> dict[str, Any]:
        """The columns of :attr:`events` as arrays."""
        return {
            "instrument": repeated(self.bars.symbol, len(self.log)),
            "level_id": self.log["level"].astype(np.int64),
            "date": self.bars.dates.astype("datetime64[us]")[self.log["bar"]],
            "event": _taken(EVENTS, self.log["code"]),
            "value": self.log["value"],
        }

    @with_plugins
    def append(self, bars: BarSeries) -> Replay:
        """The replay of a longer history, walking only the bars that are new.

        Parameters
        ----------
        bars : the same bars as before, and at least as many; the first ``len(self)`` must be identical.

        Raises
        ------
        InputError
            ``replay.not_an_extension``: a past bar was changed or is missing; replay from the start.
        """
        n = len(self)
        names = ("dates", *COLUMNS)
        if len(bars) < n or not all(
            np.array_equal(getattr(bars, c)[:n], getattr(self.bars, c)) for c in names
        ):
            raise InputError(
                "replay.not_an_extension",
                f"{bars.symbol}: the first {n} bars are not those that were replayed",
                "past bars changed: replay the whole history",
            )
        return _extend(self, bars)


@with_plugins
def replay(bars: BarSeries, config: Config) -> Replay:
    """Replay every session of ``bars``; see :class:`Replay`.

    Any sound history works, however short: what cannot be known yet is NaN.

    Examples
    --------
    >>> from engine.bars.simulate import simulate_bars
    >>> from engine.config import parse_config
    >>> source = {"kind": "bundled", "name": "nasdaq"}
    >>> config = parse_config({"name": "demo", "instruments": [{"symbol": "SIM", "source": source}]})
    >>> len(replay(simulate_bars(300), config).frame)
    300
    """
    return _extend(_nothing(bars, config), bars)


def _nothing(bars: BarSeries, config: Config) -> Replay:
    families = tuple(
        family for family in FAMILIES if family.fill and (family.wants is None or family.wants(bars))
    )
    return Replay(
        bars=bars.cut(0),
        config=config,
        indicators=np.empty((0, len(INDICATORS))),
        momentum=np.empty((0, len(MOMENTUM))),
        features=np.empty((0, len(LEVEL_FEATURES))),
        setup=np.empty((0, len(SETUP))),
        setup_levels=np.empty((0, len(SETUP_LEVELS)), np.int64),
        setup_changes=np.empty((0, len(SETUP_CHANGES)), np.int64),
        reading=np.empty((0, len(READING))),
        more=np.empty((0, sum(len(family.columns) for family in families))),
        families=families,
        table=np.empty(0, LEVEL),
        log=np.empty(0, EVENT),
        snapshots=np.empty((0, CAPACITY), STANDING),
        snapshot_counters=np.empty((0, 2), np.int64),
        state=ReplayState.fresh(),
    )


def _extend(before: Replay, bars: BarSeries) -> Replay:
    start, stop = len(before), len(bars)
    rules = before.config.rules
    chosen_by: SetupRule = SETUP_RULES[before.config.setup.rule].load()
    state = before.state.copy()
    indicators = _grown(before.indicators, stop)
    momentum = _grown(before.momentum, stop)
    reading = _grown(before.reading, stop)
    features = _grown(before.features, stop)
    setup = _grown(before.setup, stop)
    setup_levels = _grown(before.setup_levels, stop)
    setup_changes = _grown(before.setup_changes, stop)
    snapshots = _zeros_after(before.snapshots, stop // SNAPSHOT_BARS)
    snapshot_counters = _zeros_after(before.snapshot_counters, stop // SNAPSHOT_BARS)

    prices = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    thresholds = momentum_params(rules)
    of_levels = level_params(rules)
    params = WalkParams(of_levels, setup_params(before.config.setup))
    walked = Prices(bars.high, bars.low, bars.close)
    book = Book(state.rows, state.counters, state.recent, state.memory)
    # room for the usual number; pages that are not needed are never touched, and the walk asks for more if it must
    table = _grown(before.table, len(before.table) + (stop - start) // 2 + _SPARE_ROWS)
    log = _grown(before.log, len(before.log) + 3 * (stop - start) + _SPARE_ROWS)
    state.counters[N_LEVELS] = len(before.table)
    state.counters[N_EVENTS] = len(before.log)
    for first_bar in range(start, stop, _CHUNK_BARS):
        last_bar = min(first_bar + _CHUNK_BARS, stop)
        advance_indicators(bars.high, bars.low, bars.close, first_bar, last_bar, state.indicators, indicators)
        advance_momentum(*prices, indicators, first_bar, last_bar, thresholds, state.momentum, momentum)
        candidates = find_candidates(bars, indicators, first_bar, last_bar, of_levels)
        bar, candidate = first_bar, 0
        while bar < last_bar:
            bar, candidate = advance_walk(
                walked,
                indicators,
                candidates,
                Span(bar, last_bar, candidate),
                params,
                book,
                Written(
                    table, log, snapshots, snapshot_counters, setup, setup_levels, setup_changes, features
                ),
            )
            if bar < last_bar:
                table = _grown(table, 2 * len(table))
                log = _grown(log, 2 * len(log))
        if chosen_by.choose is not None:
            own = setup[first_bar:last_bar].copy()
            seen = SetupSeen(bars, indicators, momentum, own, first_bar, last_bar)
            restate(chosen_by, seen, setup, setup_levels, setup_changes, features)
        advance_reading(bars.close, indicators, momentum, setup, first_bar, last_bar, thresholds, reading)
    more = _grown(before.more, stop)
    known = Known(bars, indicators, momentum, features, setup, reading)
    column = 0
    for family in before.families:
        if family.fill is not None:
            family.fill(known, start, stop, more[:, column : column + len(family.columns)])
            column += len(family.columns)
    return Replay(
        bars=bars,
        config=before.config,
        indicators=indicators,
        momentum=momentum,
        features=features,
        setup=setup,
        setup_levels=setup_levels,
        setup_changes=setup_changes,
        reading=reading,
        more=more,
        families=before.families,
        table=table[: state.counters[N_LEVELS]],
        log=log[: state.counters[N_EVENTS]],
        snapshots=snapshots,
        snapshot_counters=snapshot_counters,
        state=state,
    )


def _grown(values: np.ndarray, rows: int) -> np.ndarray:
    grown = np.empty((rows, *values.shape[1:]), values.dtype)
    grown[: len(values)] = values
    return grown


def _zeros_after(values: np.ndarray, rows: int) -> np.ndarray:
    grown = np.zeros((rows, *values.shape[1:]), values.dtype)
    grown[: len(values)] = values
    return grown


def repeated(text: str, n: int) -> Any:
    """A column of one text, as pandas holds it."""
    return _strings(pa.repeat(pa.scalar(text, pa.large_string()), n))


def _taken(words: Sequence[str], codes: np.ndarray) -> Any:
    return _strings(pa.array(words, pa.large_string()).take(pa.array(codes)))


def _strings(values: pa.Array) -> Any:
    return pd.arrays.ArrowStringArray(values, dtype=_TEXT)  # type: ignore[call-arg]
