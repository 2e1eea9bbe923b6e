"""Walk-forward folds over the sessions of all instruments, purged by the full horizon.

Intervals are closed: the label of a row at session ``t`` covers sessions ``t .. t + H`` of its own
instrument, both ends included, and the row may train a fold that starts at ``s`` only if ``t + H < s``.
A label that ends exactly on the first session of a fold is purged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.config import ForecastConfig
from engine.errors import DataError, InputError

Pooling = Literal["none", "family", "all"]

NEVER = np.iinfo(np.int64).max  # the horizon ends after the last session: trains no fold
# sessions: filtered_history starts long before the first forecast, so that training rows have an offset
EARLIEST_REFIT = 252


@dataclass(frozen=True, slots=True)
class Fold:
    """One refit and the block of sessions ``start <= session < stop`` it forecasts.

    ``number`` counts from 0 at ``min_train_sessions``; negative folds come before it, are forecast like
    any other and serve only to choose penalties and to fit calibrators.
    """

    number: int
    start: int
    stop: int


def union_calendar(dates: Sequence[np.ndarray]) -> np.ndarray:
    """All dates on which at least one instrument traded, ascending, each once (``datetime64[D]``)."""
    if not dates:
        raise InputError("forecast.no_instruments", "no instrument was given", "pass at least one")
    return np.unique(np.concatenate([np.asarray(d, dtype="datetime64[D]") for d in dates]))


def walk_forward_folds(
    n_sessions: int, *, min_train_sessions: int, refit_sessions: int, inner_from: int | None = None
) -> tuple[Fold, ...]:
    """Folds of a calendar with ``n_sessions`` sessions; a longer calendar never moves an old fold.

    Folds start at session ``min_train_sessions + k * refit_sessions``, counted from the start of the
    history.  Only the last one changes when sessions are added: it grows until it is full.

    >>> for fold in walk_forward_folds(12, min_train_sessions=6, refit_sessions=3, inner_from=2):
    ...     print(fold.number, list(range(fold.start, fold.stop)))
    -1 [3, 4, 5]
    0 [6, 7, 8]
    1 [9, 10, 11]
    >>> for fold in walk_forward_folds(11, min_train_sessions=6, refit_sessions=3):
    ...     print(fold.number, list(range(fold.start, fold.stop)))
    0 [6, 7, 8]
    1 [9, 10]

    With a horizon of 2 sessions the fold ``[6, 7, 8]`` trains on sessions 0, 1, 2 and 3: the label of
    session 4 covers 4, 5 and 6, and session 6 is being forecast.

    .. warning::
       Labels overlap.  Neighbouring rows share all but one session of their future, so (a) a row whose
       horizon reaches into the fold has seen part of the answer, even if a level was hit early: keeping
       only the early hits would also bias the classes; and (b) ``n`` rows carry about ``n / H``
       independent observations.  Never split these rows at random, and never count them as ``n``.

    Parameters
    ----------
    n_sessions : sessions in the calendar.
    min_train_sessions : session at which fold 0 starts.
    refit_sessions : sessions per fold.
    inner_from : earliest session an inner (negative) fold may start at; None for no inner folds.

    Raises
    ------
    DataError
        ``data.too_few_bars`` when not one session is left to forecast.
    """
    if refit_sessions < 1 or min_train_sessions < 1:
        raise InputError(
            "forecast.bad_folds",
            f"min_train_sessions {min_train_sessions} and refit_sessions {refit_sessions} must be at least 1",
        )
    if n_sessions <= min_train_sessions:
        raise DataError(
            "data.too_few_bars",
            f"the history has {n_sessions} sessions; the first forecast needs {min_train_sessions + 1} "
            f"(forecast.min_train_sessions {min_train_sessions} to train on, and one to forecast)",
            "use a longer history or a later date, or lower forecast.min_train_sessions",
        )
    inner = 0 if inner_from is None else max(0, (min_train_sessions - inner_from) // refit_sessions)
    last = (n_sessions - 1 - min_train_sessions) // refit_sessions
    folds = []
    for number in range(-inner, last + 1):
        start = min_train_sessions + number * refit_sessions
        folds.append(Fold(number, start, min(start + refit_sessions, n_sessions)))
    return tuple(folds)


def refit_starts(n_sessions: int, settings: ForecastConfig) -> np.ndarray:
    """Sessions of a calendar at which filtered_history is fitted: the starts of all folds, and as many before them.

    ``min_train_sessions + k * refit_sessions``, k < 0 too, from session 252 on; ascending int64.
    """
    step = settings.refit_sessions
    first = settings.min_train_sessions - ((settings.min_train_sessions - EARLIEST_REFIT) // step) * step
    return np.arange(first, n_sessions, step, dtype=np.int64)


def calendar_positions(dates: np.ndarray, calendar: np.ndarray) -> np.ndarray:
    """Session index in ``calendar`` of each date, (n,) int64."""
    return np.searchsorted(calendar, np.asarray(dates, dtype="datetime64[D]")).astype(np.int64)


def horizon_ends(positions: np.ndarray, horizon_sessions: int) -> np.ndarray:
    """Calendar session on which the horizon of each row ends, ``NEVER`` where history ends first.

    ``positions`` (n,) are the calendar sessions of one instrument's own bars: the horizon counts the
    instrument's sessions, not those of the union calendar.
    """
    ends = np.full(len(positions), NEVER, dtype=np.int64)
    if horizon_sessions < len(positions):
        ends[: len(positions) - horizon_sessions] = positions[horizon_sessions:]
    return ends


def latest_refit(positions: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Calendar session of the latest refit at or before each row, (n,) int64; -1 before the first.

    ``starts`` are ascending calendar sessions of the refits.
    """
    latest = np.searchsorted(starts, positions, side="right") - 1
    return np.where(latest >= 0, np.append(starts, -1)[latest], -1).astype(np.int64)


def bars_known(positions: np.ndarray, refits: np.ndarray) -> np.ndarray:
    """How many of its own bars the fit used at each row may see: those before the session ``refits`` (n,) of it.

    Rows without a refit, a negative session, get 0.
    """
    known = np.searchsorted(positions, refits, side="left").astype(np.int64)
    return np.where(refits >= 0, known, 0)


def known_bars(dates: np.ndarray, calendar: np.ndarray, settings: ForecastConfig) -> np.ndarray:
    """The same from an instrument's own ``dates`` (n,): refits are counted on the ``calendar`` of all instruments."""
    positions = calendar_positions(dates, calendar)
    return bars_known(positions, latest_refit(positions, refit_starts(len(calendar), settings)))


def effective_sample_size(rows: int, horizon_sessions: int) -> float:
    """Independent observations among ``rows`` daily rows whose labels each span ``horizon_sessions``."""
    return rows / horizon_sessions


def pooled(members: Mapping[str, str], pooling: Pooling) -> dict[str, list[str]]:
    """Symbols that share a model, by the name of their group; ``members`` maps each symbol to its family."""
    groups: dict[str, list[str]] = {}
    for symbol, family in members.items():
        name = {"none": symbol, "family": family, "all": "all"}[pooling]
        groups.setdefault(name, []).append(symbol)
    return groups
