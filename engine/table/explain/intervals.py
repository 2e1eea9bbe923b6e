"""How far a probability would move if history had come in another order: refits on resampled history.

Each draw puts the past together again from blocks of whole sessions (all instruments of a block together, so
that what moves together stays together), fits the baseline, the classifier and the calibrator to it, and
forecasts the same date.  The spread of the draws is the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.bars.series import BarSeries
from engine.config import Config
from engine.forecast.baselines.filtered_history import MoreVariances, Simulation, simulated
from engine.forecast.calibration import calibrator_named
from engine.forecast.folds.rows import Track
from engine.forecast.folds.walk import FEWEST_OUTCOMES, FoldModel, TrackForecast, window_of
from engine.forecast.models import model_named
from engine.forecast.models.learner import Learner, Window
from engine.forecast.models.logistic_kernels import log_rows, softmax_rows
from engine.forecast.models.offset_logistic import LinearPath
from engine.forecast.probabilities import FLOOR, floor_probabilities
from engine.kernels.blocks import resampled_positions
from engine.kernels.streams import interval_seed, resampled_bars, resampled_rows
from engine.kernels.threads import in_threads

_BLOCK_HORIZONS = 5  # mean block length in horizons
_MOST_ROWS = 12_000  # rows of one refit; with more, every n-th is used and counts n times
_RECENT_BARS = 300  # real bars kept behind a resampled history: the state of volatility at the date is a fact


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """Rows of one fold of a track whose intervals are wanted: index (q,) into the track."""

    model: FoldModel
    rows: np.ndarray


def resampled_offsets(
    bars: BarSeries,
    setup: np.ndarray,
    bar: int,
    known: int,
    config: Config,
    draws: int,
    more: MoreVariances | None = None,
) -> np.ndarray:
    """The opponent that the classifier starts from, of one date, refitted on resampled bars, (draws, longest, 3) probabilities.

    The ``known`` bars of the fit are resampled in blocks; the bars that follow up to ``bar``, and the last
    ones before the date, stay as they were.  ``more``, what options say at each close, goes with its bar; its share
    is that of the date.
    """
    longest = max(config.horizons)
    moves = {
        name: np.log(getattr(bars, name)[1 : bar + 1] / bars.close[:bar])
        for name in ("open", "high", "low", "close")
    }
    tail = np.arange(max(0, bar - _RECENT_BARS), bar)

    def one_history(d: int) -> np.ndarray:
        rng = resampled_bars(config.seed, bars.symbol, d)
        picked = np.concatenate(
            [resampled_positions(0, max(known - 1, 1), _BLOCK_HORIZONS * longest, rng), tail]
        )
        path = np.concatenate(([0.0], np.cumsum(moves["close"][picked])))
        level = np.log(bars.close[bar]) - path[-1]
        synthetic = replace(
            bars,
            dates=bars.dates[0] + np.arange(len(path)),
            close=np.exp(level + path),
            volume=np.zeros(len(path)),
            opens_traded=np.concatenate(([True], bars.opens_traded[picked + 1])),
            adjusted_close=None,
            **{
                name: np.exp(level + np.concatenate((path[:1], path[:-1] + moves[name][picked])))
                for name in ("open", "high", "low")
            },
        )
        n = len(path)
        placed = np.full((n, 5), np.nan)
        placed[-1] = setup
        allowed = np.zeros(n, dtype=np.int64)
        allowed[-1] = len(picked) - len(tail) + 1
        wanted = np.zeros(n, dtype=bool)
        wanted[-1] = True
        how = Simulation(longest, config.outcome, config.forecast.paths, interval_seed(config.seed, d))
        moved = None
        if more is not None and more.share[bar] > 0.0 and np.isfinite(more.values[bar]).all():
            values = more.values[np.concatenate(([0], picked + 1))]
            moved = MoreVariances(values, np.full(n, more.share[bar]))
        return simulated(synthetic, placed, allowed, how, wanted, moved).probabilities[-1]

    return np.stack(in_threads(one_history, range(draws)))


def resampled_forecasts(
    forecast: TrackForecast,
    raw: np.ndarray,
    query: Query,
    learner: Learner,
    offsets: np.ndarray,
    config: Config,
    calibrated: Sequence[bool],
) -> np.ndarray:
    """Probabilities (draws, q, horizons, 3) of the queried rows from refits on resampled training sessions.

    Parameters
    ----------
    raw : (N, horizons, 3) uncalibrated out-of-sample probabilities of the track.
    offsets : (draws, q, longest, 3) baseline probabilities of the rows, one per draw.
    calibrated : for each horizon, whether the fold's calibrator was in use.
    """
    track, model = forecast.track, query.model
    draws = len(offsets)
    out = np.empty((draws, len(query.rows), len(track.horizons), 3))
    columns = np.array(track.horizons) - 1
    rolling = config.forecast.rolling_sessions if config.forecast.window == "rolling" else None
    used = track.training_slice(model.fold, rolling)
    own_learner = model_named(config.forecast.model).own
    own = {} if own_learner is None else {index: own_learner() for index in model.deviations}
    for d in range(draws):
        rng = resampled_rows(config.seed, track.horizons[-1], model.fold.start, d)
        paths = offsets[d]
        offset = log_rows(np.ascontiguousarray(paths[:, columns].reshape(-1, 3)), FLOOR)
        offset = offset.reshape(len(query.rows), len(columns), 3)
        logits = offset
        if model.fitted is not None:
            rows = _resampled_rows(track, used, rng)
            logits = _refit(track, model, rows, learner, own, query.rows, offset, paths)
        for k in range(len(columns)):
            p = floor_probabilities(softmax_rows(np.ascontiguousarray(logits[:, k])))
            if calibrated[k]:
                past = np.flatnonzero(forecast.forecast[: used.stop])
                p = _recalibrated(track, raw[:, k], past, p, k, config, rng)
            out[d, :, k] = p
    return out


def _resampled_rows(track: Track, used: slice, rng: np.random.Generator) -> np.ndarray:
    session = track.session[used]
    first, stop = int(session.min()), int(session.max()) + 1
    drawn = resampled_positions(first, stop, _BLOCK_HORIZONS * track.horizons[-1], rng)
    times = np.bincount(drawn - first, minlength=stop - first)[session - first]
    rows = used.start + np.repeat(np.arange(len(session)), times)
    return rows[:: max(1, len(rows) // _MOST_ROWS)]


def _refit(
    track: Track,
    model: FoldModel,
    rows: np.ndarray,
    learner: Learner,
    own: dict[int, LinearPath],
    asked: np.ndarray,
    offset: np.ndarray,
    paths: np.ndarray,
) -> np.ndarray:
    assert model.standardiser is not None
    z = model.standardiser.apply(np.ascontiguousarray(track.features[:, rows]))
    window = window_of(track, rows, z)
    thinned = model.rows / max(len(rows), 1)
    fitted = learner.fit(replace(window, weight=window.weight * thinned))
    now = model.standardiser.apply(np.ascontiguousarray(track.features[:, asked]))
    logits = fitted.mixed(model.weights, now, offset, paths)
    for index, one in own.items():
        at = np.flatnonzero(track.instrument[rows] == index)
        here = np.flatnonzero(track.instrument[asked] == index)
        if not len(here) or len(at) < FEWEST_OUTCOMES * track.horizons[-1]:
            continue
        centre = fitted.mixed(model.weights, z[:, at], window.offset[at], window.paths[at])
        part = Window(
            np.ascontiguousarray(z[:, at]),
            centre,
            window.codes[at],
            np.full(len(at), thinned / track.horizons[-1]),
            window.paths[at],
            window.event_session[at],
            window.event_code[at],
        )
        logits[here] = one.fit(part).mixed(
            model.deviations[index].weights, np.ascontiguousarray(now[:, here]), logits[here], paths[here]
        )
    return logits


def _recalibrated(
    track: Track,
    raw: np.ndarray,
    past: np.ndarray,
    p: np.ndarray,
    k: int,
    config: Config,
    rng: np.random.Generator,
) -> np.ndarray:
    session = track.session[past]
    first, stop = int(session.min()), int(session.max()) + 1
    drawn = resampled_positions(first, stop, _BLOCK_HORIZONS * track.horizons[-1], rng)
    times = np.bincount(drawn - first, minlength=stop - first)[session - first]
    kept = past[times > 0]
    weight = track.evidence_weight[kept] * times[times > 0]
    calibrator = calibrator_named(config.forecast.calibrator).make()
    calibrator.fit(raw[kept], track.codes[kept, k], weight)
    return calibrator.predict_proba(p)
