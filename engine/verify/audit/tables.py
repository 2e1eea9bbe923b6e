"""The tables a replay states, and where two replays disagree about them, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from engine.bars.series import COLUMNS
from engine.replay.replay import Replay, repeated


class HasTables(Protocol):
    """What the audit reads of a replay: three tables of facts."""

    @property
    def frame(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def levels(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def events(self) -> pd.DataFrame: ...  # noqa: D102


FUTURES = {
    "cut": "history cut",
    "noise": "noise instead of the future",
    "missing": "missing values instead of the future",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that a later bar changed.

    Attributes
    ----------
    table, column : where; ``rows`` is the column where the number of rows differs.
    date : date of the row (levels: the date it was confirmed).
    as_of : the date after which the history was cut or replaced.
    future : what stood there in place of the real one: a key of ``FUTURES``.
    replayed, recomputed : the value in the whole replay, and the one that was known on ``as_of``.
    """

    table: str
    column: str
    date: str
    as_of: str
    future: str
    replayed: str
    recomputed: str

    def __str__(self) -> str:
        return (
            f"{self.table}.{self.column} on {self.date}: {self.replayed} in the replay, "
            f"{self.recomputed} as of {self.as_of} ({FUTURES[self.future]})"
        )


_DATED = {"replay": "date", "levels": "confirmed", "events": "date"}  # the day a row became known


@dataclass(frozen=True, slots=True)
class Table:
    """One table taken apart, so that two of them can be compared in a handful of array operations.

    Attributes
    ----------
    names : all columns, in order.
    blocks : float64 (rows, columns), each with the names of its columns.
    others : the other columns; texts stay in their Arrow array, because turning them into Python objects
        would cost more than the replay.
    """

    names: tuple[str, ...]
    blocks: tuple[tuple[np.ndarray, tuple[str, ...]], ...]
    others: dict[str, Any]

    def column(self, name: str) -> Any:
        """One column as an array."""
        if name in self.others:
            return self.others[name]
        values, names = next(block for block in self.blocks if name in block[1])
        return values[:, names.index(name)]

    def rows(self, which: slice | np.ndarray) -> Table:
        """Some of the rows."""
        others = {name: values[which] for name, values in self.others.items()}
        return Table(self.names, tuple((values[which], names) for values, names in self.blocks), others)


class Tables:
    """The three tables of a replay, levels in the order of their id."""

    def __init__(self, replayed: HasTables) -> None:
        if isinstance(replayed, Replay):
            self.tables = _of_replay(replayed)
            return
        levels = replayed.levels
        if not levels["level_id"].is_monotonic_increasing:
            levels = levels.sort_values("level_id", kind="stable")
        frames = {"replay": replayed.frame, "levels": levels, "events": replayed.events}
        self.tables = {name: _take_apart(frame) for name, frame in frames.items()}

    def until(self, as_of: np.datetime64) -> dict[str, Table]:
        """Only what is dated ``as_of`` or earlier."""
        found = {}
        for name, table in self.tables.items():
            known = table.column(_DATED[name]) <= as_of
            count = int(known.sum())
            # a run of rows from the start needs no copy
            found[name] = table.rows(slice(count) if known[:count].all() else known)
        return found


def differences_between(
    known: dict[str, Table], recomputed: dict[str, Table], as_of: str, future: str
) -> Iterator[tuple[int, Difference]]:
    """Yield (number of differing values, the earliest of them) for each column that differs.

    Where a table has another number of rows only that is said: its columns cannot be matched.
    """
    for table, one in known.items():
        other = recomputed[table]
        dates, other_dates = one.column(_DATED[table]), other.column(_DATED[table])
        rows, other_rows = len(dates), len(other_dates)
        if rows != other_rows:
            shorter = min(rows, other_rows)
            apart = np.append(np.flatnonzero(dates[:shorter] != other_dates[:shorter]), shorter)[0]
            day = _day((dates if rows > other_rows else other_dates)[apart])
            yield (
                abs(rows - other_rows),
                Difference(table, "rows", day, as_of, future, str(rows), str(other_rows)),
            )
            continue
        for name in _suspects(one, other):
            if name not in one.names or name not in other.names:
                states = ["present" if name in side.names else "absent" for side in (one, other)]
                yield 1, Difference(table, name, as_of, as_of, future, *states)
                continue
            values, other_values = one.column(name), other.column(name)
            differs = _differing(values, other_values)
            if len(differs):
                at = differs[0]
                shown = _shown(values[at]), _shown(other_values[at])
                yield len(differs), Difference(table, name, _day(dates[at]), as_of, future, *shown)


def _of_replay(replay: Replay) -> dict[str, Table]:
    """The arrays that the engine's own frames are made of; making the frames would take four times the replay."""
    bars = replay.bars
    others: dict[str, Any] = {
        "instrument": repeated(bars.symbol, len(bars)),
        "date": bars.dates.astype("datetime64[us]"),
        **{name: getattr(bars, name) for name in COLUMNS},
    }
    names, blocks = list(others), []
    for values, columns in replay.blocks():
        names += columns
        if values.dtype == np.float64:
            blocks.append((values, tuple(columns)))
        else:
            others |= {name: values[:, at] for at, name in enumerate(columns)}
    found = {"replay": Table(tuple(names), tuple(blocks), others)}
    for table, flat in (("levels", replay.level_columns()), ("events", replay.event_columns())):
        found[table] = Table(tuple(flat), (), flat)
    return found


def _take_apart(frame: pd.DataFrame) -> Table:
    is_float = [dtype == np.float64 for dtype in frame.dtypes]
    others = {}
    for name in frame.columns[[not f for f in is_float]]:
        values = frame[name]
        others[str(name)] = values.to_numpy() if isinstance(values.dtype, np.dtype) else values.array
    floats = frame.loc[:, is_float]
    names = tuple(str(name) for name in frame.columns)
    block = floats.to_numpy(dtype=np.float64), tuple(str(name) for name in floats.columns)
    return Table(names, (block,), others)


def _suspects(one: Table, other: Table) -> list[str]:
    """Columns worth a closer look: all but the float columns that one comparison of a block clears together."""
    names = [*one.names, *(name for name in other.names if name not in one.names)]
    if [block[1] for block in one.blocks] != [block[1] for block in other.blocks]:
        return names
    cleared: set[str] = set()
    for (values, columns), (other_values, _) in zip(one.blocks, other.blocks, strict=True):
        if np.array_equal(values.view("i8"), other_values.view("i8")):
            cleared |= set(columns)
    return [name for name in names if name not in cleared]


def _differing(one: Any, other: Any) -> np.ndarray:
    """Positions at which two columns of equal length differ in a bit; NaN equals NaN."""
    if one.dtype != other.dtype:
        return np.arange(len(one))
    if one.dtype == np.float64:
        unequal = np.asarray(one).view("i8") != np.asarray(other).view("i8")
    elif isinstance(one, np.ndarray):
        unequal = one != other
    elif one.equals(other):
        return np.empty(0, np.int64)
    else:
        unequal = np.asarray(one, dtype=object) != np.asarray(other, dtype=object)
    if not unequal.any():
        return np.empty(0, np.int64)
    return np.flatnonzero(unequal & ~(pd.isna(one) & pd.isna(other)))


def _day(value: Any) -> str:
    return str(value)[:10]


def _shown(value: Any) -> str:
    if isinstance(value, np.datetime64):
        return _day(value)
    return repr(value.item()) if isinstance(value, np.generic) else str(value)
