"""What stands beside the three probabilities of a date: intervals, notes, track record, analogues.

Everything is known at the date: models of its fold, outcomes whose horizon had ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from engine.config import Config
from engine.errors import InputError
from engine.forecast.baselines.filtered_history import MoreVariances
from engine.forecast.folds.calendar import effective_sample_size, known_bars
from engine.forecast.folds.rows import Track
from engine.forecast.folds.walk import FoldModel, TrackForecast
from engine.forecast.inputs import ForecastInput
from engine.forecast.models import model_named
from engine.forecast.probabilities import log_odds, logistic
from engine.forecast.walk_forward import Forecasts, GroupForecast
from engine.kernels.threads import in_threads
from engine.rules.reading import BIAS_NAMES, POSITION_NAMES
from engine.scenarios import SCENARIOS
from engine.table.explain.analogues import nearest_rows
from engine.table.explain.explanation import Explanation
from engine.table.explain.intervals import Query, resampled_forecasts, resampled_offsets
from engine.table.explain.track_record import reliability_sentence
from engine.table.story.attribution import attributions
from engine.table.story.change import share_of, yesterdays_question_today

ANALOGUES = 10


def explain(
    forecasts: Forecasts,
    instruments: Sequence[ForecastInput],
    config: Config,
    requests: Sequence[tuple[str, Any]],
    resampled: Mapping[tuple[str, int], np.ndarray] | None = None,
    held: Mapping[tuple[str, int], np.ndarray] | None = None,
) -> dict[tuple[str, Any], Explanation]:
    """Explain the forecasts of (symbol, date) pairs; pairs without a forecast get an empty explanation.

    Refits are shared by requests of the same group and fold, so ask for all instruments of a date at once.
    ``resampled`` and ``held`` have what :func:`resampled_past` and :func:`held_question` give for a symbol and bar, where it
    is known already.

    Raises
    ------
    InputError
        ``forecast.unknown_symbol``.
    """
    entries = {entry.bars.symbol: entry for entry in instruments}
    result: dict[tuple[str, Any], Explanation] = {}
    wanted: dict[tuple[str, int], list[tuple[str, Any]]] = {}
    for symbol, day in requests:
        if symbol not in entries:
            raise InputError("forecast.unknown_symbol", f"{symbol!r} is not one of {', '.join(entries)}")
        implied = forecasts.more.get(symbol) is not None
        result[symbol, day] = Explanation(opponent="implied_history" if implied else "filtered_history")
        wanted.setdefault((symbol, entries[symbol].bars.index_of(day)), []).append((symbol, day))
    yesterdays: dict[tuple[str, int], np.ndarray | None] = dict(held or {})
    refits: list[_Refits] = []
    for group in forecasts.groups:
        for position, forecast in enumerate(group.tracks):
            asked: dict[int, list[tuple[int, Explanation]]] = {}
            for (symbol, bar), names in wanted.items():
                row = _row_of(forecast, symbol, bar)
                if row is None or entries[symbol].bars.dates[bar] != np.datetime64(
                    str(names[0][1])[:10], "D"
                ):
                    continue
                for name in names:
                    asked.setdefault(int(forecast.fold[row]), []).append((row, result[name]))
            for number, rows in asked.items():
                model = next(m for m in forecast.models if m.fold.number == number)
                for row, target in rows:
                    _describe(group, position, row, model, entries, target)
                    place = (
                        forecast.track.symbols[forecast.track.instrument[row]],
                        int(forecast.track.row[row]),
                    )
                    if place not in yesterdays:  # once for all horizons
                        entry, bar = entries[place[0]], place[1]
                        more = forecasts.more.get(place[0])
                        yesterdays[place] = held_question(entry, bar, forecasts.calendar, config, more)
                    _shares(forecast, group.published[position], row, yesterdays[place], target)
                refits.append(_Refits(group, position, model, rows))
    if config.forecast.interval_draws:
        _intervals(forecasts, refits, entries, config, resampled or {})
    return result


def _row_of(forecast: TrackForecast, symbol: str, bar: int) -> int | None:
    track = forecast.track
    if symbol not in track.symbols:
        return None
    index = track.symbols.index(symbol)
    found = np.flatnonzero((track.instrument == index) & (track.row == bar) & forecast.forecast)
    return int(found[0]) if len(found) else None


def _describe(
    group: GroupForecast,
    position: int,
    row: int,
    model: FoldModel,
    entries: dict[str, ForecastInput],
    target: Explanation,
) -> None:
    forecast, published = group.tracks[position], group.published[position]
    track = forecast.track
    instrument = track.instrument[row]
    known = track.known_at(int(track.session[row]) + 1)
    mine = np.flatnonzero((track.instrument[:known] == instrument) & forecast.forecast[:known])
    trained = int(np.count_nonzero(track.instrument[: track.known_at(model.fold.start)] == instrument))
    z, contributions = _contributions(forecast, model, row)
    for k, horizon in enumerate(track.horizons):
        target.effective_rows[horizon] = effective_sample_size(trained, horizon)
        taken_apart = attributions(track.offset[row, k], contributions, published[row, k], track.names, z)
        for code, name in enumerate(SCENARIOS):
            p = float(published[row, k, code])
            target.reliability[horizon, name] = reliability_sentence(
                p, published[mine, k, code], track.codes[mine, k] == code, horizon
            )
            target.attributions[horizon, name] = taken_apart[code]
    if track.horizons[-1] == max(h for t in group.tracks for h in t.track.horizons):
        target.analogues.extend(_analogues(group, position, row, model, entries))


def _shares(
    forecast: TrackForecast, published: np.ndarray, row: int, held: np.ndarray | None, target: Explanation
) -> None:
    """Where the change since the session before comes from; nothing where there was no forecast then."""
    track = forecast.track
    symbol = track.symbols[track.instrument[row]]
    before = _row_of(forecast, symbol, int(track.row[row]) - 1)
    if held is None or before is None:
        return
    for k, horizon in enumerate(track.horizons):
        alone = [np.exp(track.offset[at, k]) for at in (before, row)]
        for code, name in enumerate(SCENARIOS):
            tables = (float(published[before, k, code]), float(published[row, k, code]))
            each = (float(alone[0][code]), float(alone[1][code]))
            target.shares.append(share_of(horizon, name, tables, each, float(held[horizon - 1, code])))


def _contributions(forecast: TrackForecast, model: FoldModel, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardised features (p,) and what each adds to the log-odds of each scenario, (3, p)."""
    track = forecast.track
    p = len(track.names)
    if model.standardiser is None or model.fitted is None:
        return np.zeros(p), np.zeros((3, p))
    z = model.standardiser.apply(np.ascontiguousarray(track.features[:, row : row + 1]))[:, 0]
    out = model.fitted.contributions(model.weights, z)
    own = model.deviations.get(int(track.instrument[row]))
    if own is not None:
        out = out + own.candidates.contributions(own.weights, z)
    return z, out


def _analogues(
    group: GroupForecast, position: int, row: int, model: FoldModel, entries: dict[str, ForecastInput]
) -> list[dict[str, Any]]:
    forecast = group.tracks[position]
    track = forecast.track
    if model.standardiser is None:
        return []
    session = int(track.session[row])
    known = track.known_at(session + 1)
    past = np.flatnonzero(track.instrument[:known] == track.instrument[row])
    z = model.standardiser.apply(np.ascontiguousarray(track.features[:, past]))
    now = model.standardiser.apply(np.ascontiguousarray(track.features[:, row : row + 1]))[:, 0]
    entry = entries[track.symbols[track.instrument[row]]]
    longest = track.horizons[-1]
    found = nearest_rows(z, track.row[past], now, count=ANALOGUES, apart_sessions=longest + 1)
    lines = []
    for neighbour in found:
        bar = int(track.row[past[neighbour.index]])
        outcomes: dict[int, str | None] = {}
        for k, horizon in enumerate(entry.outcomes.horizons.tolist()):
            code = int(entry.outcomes.codes[bar, k])
            outcomes[int(horizon)] = SCENARIOS[code] if code >= 0 else None
        lines.append(
            {
                "date": entry.bars.dates[bar],
                "distance": neighbour.distance,
                "outcomes": outcomes,
                "reading": _reading(entry, bar),
            }
        )
    return lines


def _reading(entry: ForecastInput, bar: int) -> str:
    bias, position = (float(entry.known[name][bar]) for name in ("bias", "position"))
    if np.isnan(bias) or np.isnan(position):
        return ""
    return f"{BIAS_NAMES[int(bias)]}, {POSITION_NAMES[int(position)]}"


@dataclass(frozen=True, slots=True, eq=False)
class _Refits:
    """Dates of one fold of a track, whose intervals come from the same refits."""

    group: GroupForecast
    position: int
    model: FoldModel
    asked: list[tuple[int, Explanation]]

    @property
    def track(self) -> Track:
        return self.group.tracks[self.position].track

    @property
    def rows(self) -> np.ndarray:
        return np.array([row for row, _ in self.asked], dtype=np.int64)

    def places(self) -> list[tuple[str, int]]:
        """Symbol and bar of each date."""
        track = self.track
        return [(track.symbols[track.instrument[row]], int(track.row[row])) for row, _ in self.asked]


def _intervals(
    forecasts: Forecasts,
    refits: Sequence[_Refits],
    entries: dict[str, ForecastInput],
    config: Config,
    resampled: Mapping[tuple[str, int], np.ndarray],
) -> None:
    offsets = dict(resampled)
    for symbol, bar in (place for one in refits for place in one.places()):
        if (symbol, bar) not in offsets:  # once for all horizons
            more = forecasts.more.get(symbol)
            offsets[symbol, bar] = resampled_past(entries[symbol], bar, forecasts.calendar, config, more)
    with threadpool_limits(1, user_api="blas"):
        spreads = in_threads(lambda one: _spread(config, one, offsets), refits)
    for one, found in zip(refits, spreads, strict=True):
        published, offset = one.group.published[one.position], one.track.offset
        for q, (row, target) in enumerate(one.asked):
            for k, horizon in enumerate(one.track.horizons):
                for code, name in enumerate(SCENARIOS):
                    centre = log_odds(published[row, k, code])
                    target.intervals[horizon, name] = (
                        float(logistic(centre + found.low[q, k, code])),
                        float(logistic(centre + found.high[q, k, code])),
                    )
                    apart = float(published[row, k, code] - np.exp(offset[row, k, code]))
                    target.differences[horizon, name] = (
                        apart,
                        apart + float(found.less[q, k, code]),
                        apart + float(found.more[q, k, code]),
                    )


@dataclass(frozen=True, slots=True, eq=False)
class _Spreads:
    """Spread of refits below and above their middle, (dates, horizons, 3): log-odds, and differences to the opponent."""

    low: np.ndarray
    high: np.ndarray
    less: np.ndarray
    more: np.ndarray


def _spread(config: Config, one: _Refits, past: Mapping[tuple[str, int], np.ndarray]) -> _Spreads:
    track, calibrated = one.track, one.group.calibrated[one.position]
    learner = model_named(config.forecast.model).learner(track.names, track.horizons)
    offsets = np.stack([past[place] for place in one.places()], axis=1)[:, :, : track.horizons[-1]]
    used = [
        next(c for c in folds if c.fold == one.model.fold.number).used for folds in calibrated.calibrators
    ]
    drawn = resampled_forecasts(
        one.group.tracks[one.position],
        calibrated.raw,
        Query(one.model, one.rows),
        learner,
        offsets,
        config,
        used,
    )
    # blocks cut the clusters of volatility, so the refits lie round a centre of their own: what they tell is the
    # spread, in log-odds, and the forecast itself is the middle of it
    low, high = spread_of_refits(log_odds(drawn), config.verify.interval)
    # table and opponent are refitted to the same draw: what they share leaves the difference
    alone = offsets[:, :, np.array(track.horizons) - 1]
    return _Spreads(low, high, *spread_of_refits(drawn - alone, config.verify.interval))


def spread_of_refits(draws: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
    """How far below and above their median the refits (draws, ...) lie, low and high of shape (...).

    Another refit lies between the two with probability ``coverage``, however few the draws: the k-th of n is taken
    for the k / (n + 1) quantile.  (Interpolating between the extremes instead, the two of 40 draws that are meant to
    hold 90 % hold 83 %.)  With fewer than 2 / (1 - coverage) - 1 draws the extremes are all there is.

    Source: Hyndman and Fan, Sample quantiles in statistical packages (1996), definition 6.
    """
    edge = 0.5 * (1.0 - coverage)
    low, high = np.quantile(draws - np.median(draws, axis=0), [edge, 1.0 - edge], axis=0, method="weibull")
    return low, high


def resampled_past(
    entry: ForecastInput, bar: int, calendar: np.ndarray, config: Config, more: MoreVariances | None = None
) -> np.ndarray:
    """The opponent of one bar from resampled pasts, the same ones for all horizons; another set for each instrument.

    ``calendar`` is that of all instruments; see :func:`engine.table.explain.intervals.resampled_offsets`.
    """
    known = int(known_bars(entry.bars.dates, calendar, config.forecast)[bar])
    draws = config.forecast.interval_draws
    with threadpool_limits(1, user_api="blas"):
        return resampled_offsets(entry.bars, entry.setup[bar], bar, known, config, draws, more)


def held_question(
    entry: ForecastInput, bar: int, calendar: np.ndarray, config: Config, more: MoreVariances | None = None
) -> np.ndarray | None:
    """What the opponent says at ``bar`` of the question of the bar before.

    ``calendar`` is that of all instruments; see :func:`engine.table.story.change.yesterdays_question_today`.
    """
    if bar < 1:
        return None
    known = int(known_bars(entry.bars.dates, calendar, config.forecast)[bar])
    with threadpool_limits(1, user_api="blas"):
        questions = entry.setup[bar - 1 : bar + 1]
        return yesterdays_question_today(config, entry.bars, questions, bar, known, more)
