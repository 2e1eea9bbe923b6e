"""Rows of a group of instruments, stacked and put in the order in which their outcomes become known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.forecast.baselines.opponents import Opponents
from engine.forecast.folds.calendar import NEVER, Fold, calendar_positions, horizon_ends
from engine.forecast.inputs import ForecastInput
from engine.forecast.models.logistic_kernels import log_rows
from engine.forecast.probabilities import FLOOR
from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE

# log-odds of the baseline itself: lets a model learn that it is too bold, or leans to one side
OFFSET_FEATURES = ("baseline_log_odds_continuation", "baseline_log_odds_breakdown")


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Rows that one model is fitted to and forecasts, ordered by the end of their horizon.

    N rows: every session of every instrument of the group that has a setup and a baseline forecast.  The
    rows that may train a fold are a prefix, because they are sorted by the session on which the (longest)
    horizon ends; a longer history only adds rows behind it.

    Attributes
    ----------
    horizons : sessions; one, except for models that forecast all horizons at once.
    symbols, names : instruments of the group; the p features.
    instrument, row, session : (N,) index into ``symbols``, bar index, session of the union calendar.
    ends : (N,) session on which the longest horizon ends; ``NEVER`` where it has not ended.
    codes : (N, len(horizons)) int64, -1 unresolved.
    features : (p, N), raw, NaN where unknown.
    offset : (N, len(horizons), 3) log probabilities of the strongest opponent (``filtered_history``; ``implied_history`` where the
        config gives it).
    paths : (N, longest, 3) its probabilities for every session 1 .. longest.
    event_session, event_code : (N,) first event within the longest horizon.
    fit_weight : (N,) independent outcomes per row when a model is fitted.
    evidence_weight : (N,) the same when forecasts are compared.
    """

    horizons: tuple[int, ...]
    symbols: tuple[str, ...]
    names: tuple[str, ...]
    instrument: np.ndarray
    row: np.ndarray
    session: np.ndarray
    ends: np.ndarray
    codes: np.ndarray
    features: np.ndarray
    offset: np.ndarray
    paths: np.ndarray
    event_session: np.ndarray
    event_code: np.ndarray
    fit_weight: np.ndarray
    evidence_weight: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def known_at(self, session: int) -> int:
        """Rows whose horizon ended before ``session``: the first that many."""
        return int(np.searchsorted(self.ends, session, side="left"))

    def training_slice(self, fold: Fold, rolling_sessions: int | None) -> slice:
        """Rows that may train ``fold``; with a rolling window only those that ended within it."""
        first = 0 if rolling_sessions is None else self.known_at(fold.start - rolling_sessions)
        return slice(first, self.known_at(fold.start))

    def forecast_rows(self, fold: Fold) -> np.ndarray:
        """Indices of the rows dated inside ``fold``."""
        return np.flatnonzero((self.session >= fold.start) & (self.session < fold.stop))


def build_track(
    members: Sequence[ForecastInput],
    baselines: Sequence[Opponents],
    calendar: np.ndarray,
    features: Sequence[str],
    all_horizons: Sequence[int],
    horizons: tuple[int, ...],
    *,
    with_paths: bool = True,
) -> Track:
    """Stack the rows of a group for the given horizons (a subset of ``all_horizons``); ``paths`` may be left empty."""
    columns = [list(all_horizons).index(h) for h in horizons]
    longest = horizons[-1]
    parts: list[dict[str, np.ndarray]] = []
    for index, (entry, base) in enumerate(zip(members, baselines, strict=True)):
        probabilities = base.tables[base.start][:, columns]
        usable = ~np.isnan(entry.setup).any(axis=1) & np.isfinite(probabilities).all(axis=(1, 2))
        rows = np.flatnonzero(usable)
        positions = calendar_positions(entry.bars.dates, calendar)
        codes = entry.outcomes.codes[rows][:, columns].astype(np.int64)
        ends = horizon_ends(positions, longest)[rows]
        ends[codes[:, -1] < 0] = NEVER
        flat = np.ascontiguousarray(probabilities[rows].reshape(-1, 3))
        offset = log_rows(flat, FLOOR).reshape(len(rows), len(columns), 3)
        raw = np.empty((len(features) + len(OFFSET_FEATURES), len(rows)))
        for j, name in enumerate(features):
            raw[j] = entry.known[name][rows]
        raw[-2] = offset[:, -1, CONTINUATION] - offset[:, -1, RANGE]
        raw[-1] = offset[:, -1, BREAKDOWN] - offset[:, -1, RANGE]
        raw[~np.isfinite(raw)] = np.nan
        parts.append(
            {
                "instrument": np.full(len(rows), index, dtype=np.int64),
                "row": rows.astype(np.int64),
                "session": positions[rows],
                "ends": ends,
                "codes": codes,
                "features": raw,
                "offset": offset,
                "paths": base.history.probabilities[rows, : longest if with_paths else 0],
                "event_session": entry.outcomes.event_session[rows].astype(np.int64),
                "event_code": entry.outcomes.event_code[rows].astype(np.int64),
            }
        )
    stacked = {
        name: np.concatenate([part[name] for part in parts], axis=1 if name == "features" else 0)
        for name in parts[0]
    }
    # instruments of a family move together: m of them on one date count as one when forecasts are compared,
    # and as sqrt(m), half way to m independent ones, when a model is fitted
    alive = np.bincount(stacked["session"], minlength=len(calendar))[stacked["session"]].astype(np.float64)
    order = np.lexsort((stacked["instrument"], stacked["session"], stacked["ends"]))
    arranged = {
        name: np.ascontiguousarray(values[:, order] if name == "features" else values[order])
        for name, values in stacked.items()
    }
    return Track(
        horizons=horizons,
        symbols=tuple(entry.bars.symbol for entry in members),
        names=(*features, *OFFSET_FEATURES),
        fit_weight=(1.0 / (longest * np.sqrt(alive)))[order],
        evidence_weight=(1.0 / (longest * alive))[order],
        **arranged,
    )
