"""Audit of what lies around the bars: contracts and context, put together again without the future."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pandas as pd

from engine.verify.audit.tables import Difference


class Part(Protocol):
    """Something that a series was made with, and that can be made again from less."""

    @property
    def name(self) -> str: ...  # noqa: D102

    def facts(self) -> pd.DataFrame:
        """One row a session (column ``date``): what it says of that session."""
        ...

    def as_known(self, day: np.datetime64, future: str, seed: int) -> Part:
        """What was known after the close of ``day``, with nothing, noise or missing values behind it."""
        ...


class Rechecked:
    """The facts of the parts of one series, ready to be compared date by date."""

    def __init__(self, parts: tuple[Part, ...], seed: int) -> None:
        self.seed = seed
        self.whole = [(part, part.facts()) for part in parts]

    @property
    def columns(self) -> int:
        """Number of columns compared."""
        return sum(frame.shape[1] for _, frame in self.whole)

    def differences(self, day: np.datetime64, future: str) -> Iterator[tuple[int, Difference]]:
        """(number of differing values, the first) for each part and column that differs with one kind of future."""
        for part, whole in self.whole:
            known = whole[whole["date"].to_numpy().astype("datetime64[D]") <= day]
            again = part.as_known(day, future, self.seed).facts()
            again = again[again["date"].to_numpy().astype("datetime64[D]") <= day]
            yield from _compare(part.name, known, again, str(day), future)


def _compare(
    name: str, known: pd.DataFrame, again: pd.DataFrame, day: str, future: str
) -> Iterator[tuple[int, Difference]]:
    if len(known) != len(again):
        yield (
            abs(len(known) - len(again)),
            Difference(name, "rows", day, day, future, str(len(known)), str(len(again))),
        )
        return
    for column in known.columns:
        one, other = known[column].to_numpy(), again[column].to_numpy()
        if one.dtype.kind == "f":
            unequal = one.astype(np.float64).view("i8") != other.astype(np.float64).view("i8")
            unequal &= ~(np.isnan(one) & np.isnan(other))
        else:
            unequal = (one != other) & ~(pd.isna(one) & pd.isna(other))
        at = np.flatnonzero(unequal)
        if len(at):
            date = str(known["date"].iloc[at[0]])[:10]
            yield (
                len(at),
                Difference(name, str(column), date, day, future, _shown(one[at[0]]), _shown(other[at[0]])),
            )


def _shown(value: Any) -> str:
    return repr(float(value)) if isinstance(value, float | np.floating) else str(value)
