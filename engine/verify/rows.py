"""The rows a comparison stands on: resolved, and forecast by everybody who is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.forecast.baselines import BASELINES
from engine.scenarios import SCENARIOS
from engine.verify.overlap import Windows, common_factors, places_of
from engine.verify.sound import sound_probabilities

_PREFIX = {"model": "p", "raw": "raw"}


@dataclass(frozen=True, slots=True)
class Rows:
    """Common rows of one horizon, ordered by date and instrument.

    Attributes
    ----------
    horizon : sessions.
    frame : the n rows of the forecasts frame, without the probabilities of those who are compared.
    codes : (n,) int64 outcome, index into SCENARIOS.
    probabilities : forecaster -> (n, 3); ``model`` and those of the others that exist.
    date_index : (n,) int64, 0 .. dates - 1.
    windows : which sessions each row looks at.
    unresolved, incomplete : rows left out because the outcome is not known, or a forecast is missing.
    """

    horizon: int
    frame: pd.DataFrame
    codes: np.ndarray
    probabilities: dict[str, np.ndarray]
    date_index: np.ndarray
    windows: Windows
    unresolved: int
    incomplete: int

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def effective(self) -> float:
        """Rows per horizon: the number of windows of one instrument that do not overlap."""
        return len(self.codes) / self.horizon

    @property
    def dates(self) -> int:
        """Distinct dates."""
        return int(self.date_index[-1]) + 1 if len(self.date_index) else 0

    def of_model(self) -> Rows:
        """What the tests of the model's calibration look at, and nothing of the others'."""
        return replace(
            self,
            frame=self.frame[["instrument", "date"]],
            probabilities={"model": self.probabilities["model"]},
        )


def common_rows(
    forecasts: pd.DataFrame,
    horizon: int,
    replay: pd.DataFrame | None = None,
    others: Sequence[str] | None = None,
) -> Rows:
    """Rows of ``forecasts`` with this horizon that are resolved and complete.

    A forecaster whose columns are absent or empty throughout (no analyst table, say) is not compared; one
    that is missing on some rows takes these rows from everybody.  ``replay`` gives each instrument's
    calendar and the correlation between instruments; without it, an instrument's sessions are its forecast
    dates.  ``others`` are the forecasters beside the model.

    Raises
    ------
    InputError
        ``verify.missing_column``, ``verify.no_rows`` (nothing resolved and complete),
        ``verify.not_probabilities`` (names forecaster and row), ``verify.not_outcomes``,
        ``verify.duplicate_rows``.
    """
    needed = ["instrument", "date", "horizon_sessions", "outcome", *columns_of("model")]
    missing = [c for c in needed if c not in forecasts.columns]
    if missing:
        raise InputError("verify.missing_column", f"forecasts frame has no column {', '.join(missing)}")
    frame = forecasts.loc[forecasts["horizon_sessions"] == horizon]
    frame = frame.sort_values(["date", "instrument"], kind="stable").reset_index(drop=True)
    repeated = frame.duplicated(["instrument", "date"])
    if repeated.any():
        first = frame.loc[repeated.to_numpy()].iloc[0]
        raise InputError(
            "verify.duplicate_rows",
            f"{int(repeated.sum())} rows repeat an instrument and date at horizon {horizon}, "
            f"the first {first['instrument']} {first['date']}",
        )
    codes = outcome_codes(frame["outcome"])
    resolved = codes >= 0
    compared = ("model", *(("raw", *BASELINES.names) if others is None else others))
    names = [name for name in compared if set(columns_of(name)) <= set(frame.columns)]
    values = {name: frame[columns_of(name)].to_numpy(dtype=np.float64) for name in names}
    frame = frame.drop(columns=[column for name in names for column in columns_of(name)])
    present = {name: ~np.isnan(v).any(axis=1) for name, v in values.items()}
    names = [name for name in names if name == "model" or (present[name] & resolved).any()]
    complete = np.logical_and.reduce([present[name] for name in names])
    used = resolved & complete
    if not used.any():
        raise InputError(
            "verify.no_rows",
            f"no row at horizon {horizon} is both resolved and forecast by {', '.join(names)}",
            "a longer history, or a smaller forecast.min_train_sessions, gives rows to score",
        )
    kept = frame.loc[used].reset_index(drop=True)
    probabilities = {name: sound_probabilities(values[name][used], name) for name in names}
    _, date_index = np.unique(kept["date"].to_numpy(), return_inverse=True)
    return Rows(
        horizon=horizon,
        frame=kept,
        codes=codes[used],
        probabilities=probabilities,
        date_index=date_index.astype(np.int64),
        windows=windows_of(kept, frame if replay is None else replay),
        unresolved=int((~resolved).sum()),
        incomplete=int((resolved & ~complete).sum()),
    )


def columns_of(forecaster: str) -> list[str]:
    """The three columns of a forecaster in the order breakdown, range, continuation."""
    return [f"{_PREFIX.get(forecaster, forecaster)}_{scenario}" for scenario in SCENARIOS]


def outcome_codes(outcome: pd.Series) -> np.ndarray:
    """Class codes of an outcome column of scenario names; -1 where null.

    Raises
    ------
    InputError
        ``verify.not_outcomes`` where a name is no scenario.
    """
    values = outcome.astype(object)
    codes = values.map({name: code for code, name in enumerate(SCENARIOS)})
    unknown = codes.isna() & values.notna()
    if unknown.any():
        raise InputError(
            "verify.not_outcomes", f"{values[unknown].iloc[0]!r} is not one of {', '.join(SCENARIOS)}"
        )
    return codes.fillna(-1).to_numpy(dtype=np.int64)


def windows_together(several: list[Rows], calendar: pd.DataFrame) -> tuple[list[str], list[Windows]]:
    """Instruments, and the windows of several horizons' rows among the same sessions of all of them."""
    frame = pd.concat([rows.frame[["instrument", "date"]] for rows in several], ignore_index=True)
    together = windows_of(frame, calendar)
    stops = np.cumsum([len(rows) for rows in several])
    parts = [
        together.take(np.arange(stop - len(rows), stop)) for rows, stop in zip(several, stops, strict=True)
    ]
    return list(dict.fromkeys(frame["instrument"])), parts


def windows_of(rows: pd.DataFrame, calendar: pd.DataFrame) -> Windows:
    """Each row's place among its instrument's sessions; ``calendar`` has columns instrument, date and,
    for several instruments, close.

    Raises
    ------
    InputError
        ``verify.not_in_calendar`` where a row's date is no session of its instrument.
    """
    days = np.unique(calendar["date"].to_numpy())
    which, names = pd.factorize(rows["instrument"])
    instruments = [str(name) for name in names]
    of_calendar = pd.Index(names).get_indexer(calendar["instrument"])  # -1: of no row
    own_places = places_of(of_calendar, len(instruments))
    row_places = places_of(which, len(instruments))
    start = np.zeros(len(rows), np.int64)
    sessions = []
    returns = np.full((len(days), len(instruments)), np.nan)
    row_dates, calendar_dates = rows["date"].to_numpy(), calendar["date"].to_numpy()
    closes = calendar["close"].to_numpy(dtype=np.float64) if "close" in calendar.columns else None
    for i, name in enumerate(instruments):
        own, mine = own_places[i], row_places[i]
        own_days = np.unique(calendar_dates[own])
        place = np.searchsorted(own_days, row_dates[mine])
        found = (place < len(own_days)) & (own_days[np.minimum(place, len(own_days) - 1)] == row_dates[mine])
        if not found.all():
            raise InputError(
                "verify.not_in_calendar",
                f"{name}: {row_dates[mine][~found][0]} is not one of its replayed sessions",
            )
        start[mine] = place
        places = np.searchsorted(days, own_days)
        sessions.append(places.astype(np.int64))
        if len(instruments) > 1 and closes is not None:
            close = closes[own][np.argsort(calendar_dates[own], kind="stable")]
            returns[places[1:], i] = np.diff(np.log(close))
    return Windows(start, which.astype(np.int64), tuple(sessions), *common_factors(returns))
