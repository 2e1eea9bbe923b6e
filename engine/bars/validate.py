"""From a raw table to a sound bar series, or to one exact error; nothing is repaired that the config does not name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.bars.adjust import ADJUSTED_NAMES, Adjust, factors
from engine.bars.corrections import apply_corrections
from engine.bars.culprit import common_cause, culprit, row_cause
from engine.bars.dates import read_days, require_order
from engine.bars.opens import Opens, traded_opens
from engine.bars.series import COLUMNS, PRICE_COLUMNS, BarSeries
from engine.config import Correction
from engine.errors import DataError


@dataclass(frozen=True, slots=True)
class Reading:
    """How the bars of one instrument are to be read, as its config says.

    Attributes
    ----------
    symbol, family : of the instrument.
    place : file or source, for error messages.
    opens, adjust : see ``Instrument``.
    corrections : those of this instrument.
    """

    symbol: str
    family: str
    place: str
    opens: Opens = "auto"
    adjust: Adjust = "none"
    corrections: tuple[Correction, ...] = ()


def to_series(frame: pd.DataFrame, *, symbol: str, family: str, place: str) -> BarSeries:
    """Check the content of ``frame`` and make it a :class:`BarSeries`, as :func:`read_series` does without options."""
    return read_series(frame, Reading(symbol, family, place))


def read_series(frame: pd.DataFrame, reading: Reading) -> BarSeries:
    """Correct, check and adjust the content of ``frame`` and make it a :class:`BarSeries`.

    Parameters
    ----------
    frame : columns date, open, high, low, close and, optionally, volume and an adjusted close (any case); text or
        numbers.  The index is what the source calls each row.

    Raises
    ------
    DataError
        ``data.missing_column``, ``data.duplicate_column``, ``data.empty``, ``data.bad_date``, ``data.duplicate_date``,
        ``data.not_daily``, ``data.not_ascending``, ``data.not_a_number``, ``data.infinite``, ``data.not_positive``,
        ``data.high_below_low``, ``data.outside_range``, ``data.negative_volume`` or ``data.correction_unused``; the
        first offending row and the column at fault are named, with the number of further rows that share the defect.
    """
    place = reading.place
    columns = _columns(frame, place)
    days = read_days(frame[columns["date"]], place)
    frame, days = apply_corrections(frame, days, columns, reading.corrections, place)
    if not len(frame):
        raise DataError("data.empty", f"{place}: there are no bars", "export the bars again")
    require_order(days, frame[columns["date"]], place)
    report = _Reporter(place, days, frame.index.to_numpy())
    values: dict[str, np.ndarray] = {}
    for name in COLUMNS:
        if name in columns:
            values[name] = _numbers(frame[columns[name]], name, report)
        else:
            values[name] = np.zeros(len(frame))
    _require_positive(values, report)
    _require_range(values, report)
    adjusted = next((name for name in ADJUSTED_NAMES if name in columns), None)
    known = None
    if adjusted is not None:
        known = _adjusted(frame[columns[adjusted]], report, needed=reading.adjust != "none")
    if reading.adjust != "none":
        if known is None:
            raise DataError(
                "data.no_adjusted_close",
                f"{place}: `adjust: {reading.adjust}` needs an adjusted close, and there is none",
                f"add a column {ADJUSTED_NAMES[0]!r}, or set `adjust: none`",
            )
        factor = factors(values["close"], known, reading.adjust)
        values |= {name: values[name] * factor for name in PRICE_COLUMNS}
        known = None
    return BarSeries(
        symbol=reading.symbol,
        family=reading.family,
        dates=days,
        opens_traded=traded_opens(
            values["open"], values["high"], values["low"], values["close"], reading.opens
        ),
        adjusted_close=known,
        **values,  # type: ignore[arg-type]
    )


def _columns(frame: pd.DataFrame, place: str) -> dict[str, str]:
    """Lower-case name -> the frame's own name."""
    columns = {str(name).strip().lower(): name for name in frame.columns}
    missing = [name for name in ("date", *PRICE_COLUMNS) if name not in columns]
    if missing:
        raise DataError(
            "data.missing_column",
            f"{place}: no column {', '.join(missing)} (found: {', '.join(map(str, frame.columns)) or 'none'})",
            "name the columns date, open, high, low, close and, optionally, volume; a CSV parts them by commas",
        )
    names = [str(name).strip().lower() for name in frame.columns]
    twice = [name for name in ("date", *COLUMNS) if names.count(name) > 1]
    if twice:
        raise DataError(
            "data.duplicate_column",
            f"{place}: more than one column {', '.join(twice)} (found: {', '.join(map(str, frame.columns))})",
            "keep the column that is meant and rename the other",
        )
    if not len(frame):
        raise DataError("data.empty", f"{place}: there are no bars", "export the bars again")
    return columns


def _require_positive(values: dict[str, np.ndarray], report: _Reporter) -> None:
    below = np.mean([np.mean(values[name] <= 0) for name in PRICE_COLUMNS])
    reason = (
        "values on both sides of zero are returns or differences, not prices: give prices"
        if below > 0.2
        else "log returns are undefined for prices of zero or below (WTI settled at -37.63 on 2020-04-20); "
        "use a positive series, for example a back-adjusted ratio or an ETF"
    )
    for name in PRICE_COLUMNS:
        report.check(values[name] <= 0, "data.not_positive", name, values[name], "is not positive", reason)
    report.check(
        values["volume"] < 0, "data.negative_volume", "volume", values["volume"], "is negative",
        "leave the volume column out if the source has none",
    )  # fmt: skip


def _require_range(values: dict[str, np.ndarray], report: _Reporter) -> None:
    """Low <= open, close <= high, or the error about the cell that is at fault."""
    low, high = values["low"], values["high"]
    slack = 1e-9 * values["close"]  # a vendor's adjustment factor leaves noise in the last bits
    crossed = high < low
    outside = {
        name: (values[name] > high + slack) | (values[name] < low - slack) for name in ("open", "close")
    }
    bad = np.flatnonzero(crossed | outside["open"] | outside["close"])
    if not len(bad):
        return
    row = int(bad[0])
    name, near = culprit(values, row)
    cause = common_cause(values) or row_cause(values, row)
    if crossed[row]:
        code = "data.high_below_low"
        other = "low" if name == "high" else "high"
        what = f"is {'below' if name == 'high' else 'above'} the {other} {values[other][row]:.6g}"
    else:
        code = "data.outside_range"
        inside = next(column for column in ("open", "close") if outside[column][row])
        what = (
            f"is outside [low, high] = [{low[row]:.6g}, {high[row]:.6g}]"
            if name == inside
            else f"leaves the {inside} {values[inside][row]:.6g} outside [low, high]"
        )
    mask = np.zeros(len(low), dtype=bool)
    mask[bad] = True
    report.check(
        mask,
        code,
        name,
        values[name],
        f"{what}; it should be near {near:.6g}",
        "correct the bar at its source",
        cause,
    )


def _adjusted(column: pd.Series, report: _Reporter, *, needed: bool) -> np.ndarray | None:
    """The adjusted close; None where it is not sound and not needed."""
    if not needed:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers if (np.isfinite(numbers) & (numbers > 0)).all() else None
    numbers = _numbers(column, "adjusted close", report)
    report.check(
        numbers <= 0, "data.not_positive", "adjusted close", numbers, "is not positive",
        "leave the column out if the source has none",
    )  # fmt: skip
    return numbers


class _Reporter:
    """Turns a mask of bad rows into one error that names the first of them."""

    def __init__(self, place: str, days: np.ndarray, rows: np.ndarray) -> None:
        self.place, self.days, self.rows = place, days, rows

    def check(
        self, bad: np.ndarray, code: str, column: str, shown: object, what: str, hint: str, cause: str = ""
    ) -> None:
        found = np.flatnonzero(bad)
        if not len(found):
            return
        first, others = int(found[0]), len(found) - 1
        more = f" (and in {others} more row{'s' if others > 1 else ''})" if others else ""
        more += f": {cause}" if cause else ""
        value = np.asarray(shown, dtype=object)[first]
        if len(found) <= _CORRECTABLE:
            hint += (
                "; where the source cannot be changed (a download), the config can: "
                f"`corrections: [{{date: {self.days[first]}, skip: true, reason: ...}}]`, or `column:` and `value:` in place of "
                "`skip:`"
            )
        raise DataError(
            code,
            f"{self.place}: row {self.rows[first]} ({self.days[first]}): {column} {value!s} {what}{more}",
            hint,
        )


_CORRECTABLE = 20  # rows: more than that is another file, not a correction


def _numbers(column: pd.Series, name: str, report: _Reporter) -> np.ndarray:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isfinite(numbers).all():
        return np.ascontiguousarray(numbers)
    text = column.astype(str).replace("", "(empty)").to_numpy()
    empty = (
        "write 0 where there is no volume, or leave the column out if the source has none"
        if name == "volume"
        else "fill the cell or drop the row"
    )
    report.check(
        np.isnan(numbers), "data.not_a_number", name, text, "is not a number",
        f"{empty}; numbers have a decimal point and no thousands separator (`decimal:` says otherwise)",
    )  # fmt: skip
    report.check(
        np.isinf(numbers), "data.infinite", name, text, "is infinite", "correct the bar at its source"
    )
    return np.ascontiguousarray(numbers)
