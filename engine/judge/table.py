"""A table of dated probabilities as arrays, or one clear error about what is wrong with it.

Columns: ``date``; ``p_<class>`` for every class, in order where the classes have one, or one column ``p`` of a yes/no
question; ``horizon_sessions`` (or one horizon for all rows); ``instrument`` where there are several.  What came true is
``outcome`` (a class by name; yes/no also as 1 and 0; empty where not known yet), or is found from bars and the columns
``floor`` and ``target`` (:mod:`engine.judge.levels`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.bars.dates import read_days
from engine.errors import DataError
from engine.verify.sound import SUM_TOLERANCE

YES_NO = ("no", "yes")
_MOST_HORIZONS = 12
_WORDS = {"1": "yes", "0": "no", "true": "yes", "false": "no", "1.0": "yes", "0.0": "no"}


@dataclass(frozen=True, slots=True, eq=False)
class ForecastTable:
    """Forecasts ordered by date and instrument.

    Attributes
    ----------
    classes : names, in the table's order.
    dates : (n,) datetime64[D].
    instruments : (n,) of str.
    horizons : (n,) int64 sessions.
    probabilities : (n, K).
    codes : (n,) int64 class that came true; -1 where not known.
    levels : (n, 2) floor and target; None where the table has none.
    """

    classes: tuple[str, ...]
    dates: np.ndarray
    instruments: np.ndarray
    horizons: np.ndarray
    probabilities: np.ndarray
    codes: np.ndarray
    levels: np.ndarray | None

    def __len__(self) -> int:
        return len(self.codes)


def read_forecasts(frame: pd.DataFrame, horizon: int | None = None) -> ForecastTable:
    """Check a table and bring it into order.

    Parameters
    ----------
    horizon : sessions every row looks ahead, where the table does not say.

    Raises
    ------
    DataError
        ``judge.missing_column``, ``judge.bad_date``, ``judge.bad_horizon``, ``judge.not_probabilities`` (range, sum,
        gaps), ``judge.not_outcomes``, ``judge.duplicate_rows``, ``judge.no_rows``; each names the first row, counted
        as in the file (the line after the header is row 1).
    """
    if not len(frame):
        raise DataError("judge.no_rows", "the table has no rows")
    if "date" not in frame.columns:
        raise DataError("judge.missing_column", "the table has no column 'date'", f"it has {_listed(frame)}")
    dates = _dates(frame["date"])
    classes, p = _probabilities(frame)
    horizons = _horizons(frame, horizon)
    instruments = (
        frame["instrument"].astype(str) if "instrument" in frame.columns else pd.Series("", frame.index)
    )
    key = pd.DataFrame({"instrument": instruments, "date": dates, "horizon": horizons})
    repeated = key.duplicated()
    if repeated.any():
        row = int(np.argmax(repeated.to_numpy()))
        raise DataError(
            "judge.duplicate_rows",
            f"row {row + 1} repeats {str(dates.iloc[row])[:10]} at {horizons[row]} sessions "
            f"({int(repeated.sum())} such rows)",
            "keep the forecast that was written down first",
        )
    order = np.lexsort((instruments.to_numpy(), dates.to_numpy()))
    levels = None
    if {"floor", "target"} <= set(frame.columns):
        levels = (
            frame[["floor", "target"]].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)[order]
        )
    if levels is None and "outcome" not in frame.columns:
        raise DataError(
            "judge.missing_column",
            "the table has neither a column 'outcome' nor 'floor' and 'target'",
            "add what came true, or the levels and --bars FILE to resolve them",
        )
    codes = _codes(frame, classes) if "outcome" in frame.columns else np.full(len(frame), -1)
    return ForecastTable(
        classes, dates.to_numpy().astype("datetime64[D]")[order], instruments.to_numpy(dtype=object)[order],
        horizons[order], p[order], codes[order], levels,
    )  # fmt: skip


def _dates(column: pd.Series) -> pd.Series:
    """Days of the one form in which the engine reads dates."""
    try:
        days = read_days(column.set_axis(np.arange(1, len(column) + 1)), "the table")
    except DataError as error:
        raise DataError("judge.bad_date", error.message, error.hint) from None
    return pd.Series(days, column.index)


def _probabilities(frame: pd.DataFrame) -> tuple[tuple[str, ...], np.ndarray]:
    named = [str(column) for column in frame.columns if str(column).startswith("p_")]
    if len(named) >= 2:
        classes = tuple(column.removeprefix("p_") for column in named)
        p = frame[named].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    elif "p" in frame.columns:
        classes = YES_NO
        yes = pd.to_numeric(frame["p"], errors="coerce").to_numpy(dtype=np.float64)
        p = np.column_stack([1.0 - yes, yes])
    else:
        raise DataError(
            "judge.missing_column",
            "the table has neither columns 'p_<class>' for two or more classes nor a column 'p'",
            f"it has {_listed(frame)}",
        )
    shown = pd.Series([row.tolist() for row in p], index=frame.index)
    _refuse(
        ~np.isfinite(p).all(axis=1), "judge.not_probabilities", "holds a gap", shown, "leave such rows out"
    )
    _refuse(
        ((p < 0) | (p > 1)).any(axis=1), "judge.not_probabilities", "lies outside 0 .. 1", shown,
        "divide percentages by 100",
    )  # fmt: skip
    total = p.sum(axis=1)
    off = np.abs(total - 1.0) > max(SUM_TOLERANCE, 2e-3)  # a table of three decimals sums to 1 within 0.0015
    _refuse(
        off,
        "judge.not_probabilities",
        "does not sum to 1",
        pd.Series(total, frame.index),
        "normalise the rows",
    )
    return classes, p / total[:, None]


def _horizons(frame: pd.DataFrame, horizon: int | None) -> np.ndarray:
    if "horizon_sessions" not in frame.columns:
        if horizon is None:
            raise DataError(
                "judge.missing_column",
                "the table has no column 'horizon_sessions'",
                "pass --horizon SESSIONS",
            )
        values = pd.Series(horizon, index=frame.index, dtype=float)
    else:
        values = pd.to_numeric(frame["horizon_sessions"], errors="coerce")
    bad = ~(values >= 1) | (values != np.floor(values)) | (values > 2520)
    _refuse(
        bad,
        "judge.bad_horizon",
        "is no whole number of sessions from 1 to 2,520",
        values,
        "count trading days",
    )
    found = np.unique(values)
    if len(found) > _MOST_HORIZONS:
        raise DataError(
            "judge.bad_horizon",
            f"{len(found)} different horizons from {found[0]:.0f} to {found[-1]:.0f} sessions in one column",
            f"judge at most {_MOST_HORIZONS} together; forecasts for a fixed day have a new horizon every day, "
            "judge those of equal length",
        )
    return values.to_numpy().astype(np.int64)


def _codes(frame: pd.DataFrame, classes: tuple[str, ...]) -> np.ndarray:
    given = frame["outcome"]
    text = given.astype(object).where(given.notna(), "").astype(str).str.strip()
    if classes == YES_NO:
        text = text.map(lambda value: _WORDS.get(value.lower(), value.lower()))
    codes = text.map({name: code for code, name in enumerate(classes)} | {"": -1})
    _refuse(
        codes.isna(), "judge.not_outcomes", f"is none of {', '.join(classes)}", given,
        "leave it empty where it is not known yet",
    )  # fmt: skip
    return codes.to_numpy().astype(np.int64)


def _refuse(bad: object, code: str, what: str, shown: pd.Series, remedy: str) -> None:
    mask = np.asarray(bad, dtype=bool)
    if mask.any():
        row = int(mask.argmax())
        raise DataError(
            code, f"row {row + 1}: {shown.iloc[row]!r} {what} ({int(mask.sum())} such rows)", remedy
        )


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns[:12]))
