"""Placebo levels: do real levels do anything that random prices at the same distance do not?

Every date is asked its question a second time, with levels that mean nothing: the distances (floor, ceiling,
target, retest together, in ATR) of an earlier date of similar volatility.  ATR is the yardstick because setups are
chosen by it: in any other unit the placebo distances would scatter more than the real ones.  The placebo levels are labelled by the same rule and forecast by the same filtered_history as the real ones, so
distance and volatility are accounted for on both sides, and what is left is what the levels themselves do:

    excess of a class   = frequency - mean filtered_history probability          (per side)
    hit-rate difference = excess at real levels - excess at placebo levels
    surprise            = log loss of filtered_history - the log loss it expects of itself (its entropy)
    surprise difference = surprise at real levels - surprise at placebo levels, in nats

A skill over base rates would not do in place of the surprise: it says how unlike each other the questions of a side
are, and levels may be chosen alike without holding any better.  If floors hold, breakdown's hit-rate difference is below 0.  Both sides share their dates, so they are resampled
together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import pandas as pd

from engine.config import Config
from engine.errors import InputError
from engine.forecast.baselines.filtered_history import filtered_history
from engine.forecast.folds.calendar import calendar_positions, known_bars, union_calendar
from engine.forecast.inputs import ForecastInput
from engine.kernels.streams import placebo_lot, placebo_seed
from engine.outcomes.outcomes import label
from engine.scenarios import SCENARIOS
from engine.verify.calibration.sharpness import entropies_nats
from engine.verify.plain import plain
from engine.verify.skill.bootstrap import BLOCKS_PER_HORIZON, bootstrap_sums, interval_of
from engine.verify.skill.scores import log_loss

PLACEBO_COLUMNS = (
    "horizon_sessions", "scenario", "rows", "effective_rows", "real_frequency", "real_expected",
    "placebo_frequency", "placebo_expected", "hit_rate_difference", "low", "high",
)  # fmt: skip
_BINS = 5
_LEAST_HISTORY = 252
_PATHS = 250  # per date and side; the noise of a probability, 0.03, averages out over dates
_STEP = 2  # every second session: neighbours share nine tenths of their horizon anyway

Forecast = Callable[[ForecastInput, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Placebo:
    """Real levels against random ones.

    Attributes
    ----------
    table : one row per horizon and scenario, columns :data:`PLACEBO_COLUMNS`; ``low`` and ``high`` enclose the
        hit-rate difference.
    metrics : JSON-able: horizon -> rows, scenario figures, real_surprise_nats, placebo_surprise_nats,
        surprise_difference_nats with _low and _high, and a verdict in words, which corrects its intervals for the
        number of classes (Bonferroni).
    """

    table: pd.DataFrame
    metrics: dict[str, Any]


def placebo_setups(close: np.ndarray, atr: np.ndarray, setup: np.ndarray, seed: int) -> np.ndarray:
    """Setups (n, 5) with the distances of an earlier date of similar volatility.

    Dates are put into five bins by the rank of their v = ATR / close among those up to them; a date takes the
    distances ``ln(level / close) / v`` of a date of its bin before it, chosen by a hash of seed and date
    index, so more bars never change an old placebo.  Order and signs of the distances are kept.  NaN where
    the setup is undefined, and on the first dates (252 ATRs, then one date of the bin).

    Raises
    ------
    InputError
        ``verify.shape``.
    """
    close, atr, setup = (np.asarray(a, dtype=np.float64) for a in (close, atr, setup))
    n = len(close)
    if atr.shape != (n,) or setup.shape != (n, 5):
        raise InputError("verify.shape", f"close {close.shape}, atr {atr.shape} and setup {setup.shape}")
    volatility = atr / close
    rank = pd.Series(volatility).expanding(min_periods=_LEAST_HISTORY).rank(pct=True).to_numpy()
    usable = np.isfinite(setup).all(axis=1) & np.isfinite(rank) & (volatility > 0)
    bins = np.where(usable, np.clip(np.ceil(np.nan_to_num(rank) * _BINS) - 1, 0, _BINS - 1), -1).astype(
        np.int64
    )
    donor = _donors(bins, np.uint64(seed))
    found = donor >= 0
    out = np.full((n, 5), np.nan)
    distance = np.log(setup[donor[found]] / close[donor[found], None]) / volatility[donor[found], None]
    out[found] = close[found, None] * np.exp(distance * volatility[found, None])
    return out


PlaceboPart = dict[str, np.ndarray]


def placebo_part(
    item: ForecastInput, calendar: np.ndarray, config: Config, forecast: Forecast | None = None
) -> PlaceboPart | None:
    """One instrument asked about its own and about placebo levels; None without enough history.

    Sessions, like refits, are counted on the ``calendar`` of all instruments: the two sides share their dates.
    """
    predict = forecast or _filtered(config, calendar)
    setup = np.asarray(item.setup, dtype=np.float64)
    fake = placebo_setups(item.bars.close, item.known["atr_14"], setup, config.seed)
    session = calendar_positions(item.bars.dates, calendar)
    rows = (
        np.isfinite(fake).all(axis=1)
        & (session >= config.forecast.min_train_sessions)
        & (session % _STEP == 0)
    )
    if not rows.any():
        return None
    return {
        "date": item.bars.dates[rows].astype("datetime64[D]"),
        "real": label(item.bars, setup, config.horizons, config.outcome).codes[rows],
        "fake": label(item.bars, fake, config.horizons, config.outcome).codes[rows],
        "p_real": predict(item, setup, rows)[rows],
        "p_fake": predict(item, fake, rows)[rows],
    }


def placebo(inputs: Sequence[ForecastInput], config: Config, forecast: Forecast | None = None) -> Placebo:
    """Ask every second forecast date of every instrument about its own and about placebo levels.

    Parameters
    ----------
    inputs : as the walk-forward gets them.
    config : horizons, outcome rule, ``forecast.min_train_sessions`` and ``refit_sessions``, ``verify`` and
        ``seed`` are used.
    forecast : (input, setup (n, 5), rows (n,) bool) -> (n, horizons, 3), how distance and volatility are turned
        into probabilities; None is filtered_history with 250 paths on both sides.

    Instruments without enough history give no rows; without any rows the table is empty and metrics say
    ``horizons: {}``.
    """
    calendar = union_calendar([item.bars.dates for item in inputs])
    return placebo_of([placebo_part(item, calendar, config, forecast) for item in inputs], config)


def placebo_of(found: Sequence[PlaceboPart | None], config: Config) -> Placebo:
    """Compare the two sides over all instruments."""
    parts = [part for part in found if part is not None]
    records: list[dict[str, Any]] = []
    by_horizon: dict[str, Any] = {}
    if parts:
        joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        for k, horizon in enumerate(config.horizons):
            lines, metrics = _compare(joined, k, horizon, config)
            records.extend(lines)
            by_horizon[str(horizon)] = metrics
    return Placebo(pd.DataFrame(records, columns=list(PLACEBO_COLUMNS)), plain({"horizons": by_horizon}))


def _filtered(config: Config, calendar: np.ndarray) -> Forecast:
    steps = np.array(config.horizons) - 1

    def predict(item: ForecastInput, setup: np.ndarray, rows: np.ndarray) -> np.ndarray:
        known = known_bars(item.bars.dates, calendar, config.forecast)
        result = filtered_history(
            item.bars, setup, known, int(steps[-1]) + 1, config.outcome, _PATHS, config.seed, rows
        )
        return result.probabilities[:, steps]

    return predict


def _compare(
    joined: dict[str, np.ndarray], k: int, horizon: int, config: Config
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    real, fake = joined["real"][:, k].astype(np.int64), joined["fake"][:, k].astype(np.int64)
    p_real, p_fake = joined["p_real"][:, k], joined["p_fake"][:, k]
    used = (real >= 0) & (fake >= 0) & np.isfinite(p_real).all(axis=1) & np.isfinite(p_fake).all(axis=1)
    count = int(used.sum())
    if not count:
        return [], {"rows": 0, "verdict": "no date has both real and placebo levels"}
    order = np.argsort(joined["date"][used], kind="stable")
    real, fake, p_real, p_fake = (a[used][order] for a in (real, fake, p_real, p_fake))
    days, date_index = np.unique(joined["date"][used][order], return_inverse=True)
    hits = [(codes[:, None] == np.arange(3)).astype(np.float64) for codes in (real, fake)]
    surprise = [log_loss(p, codes) - entropies_nats(p) for p, codes in ((p_real, real), (p_fake, fake))]
    excess = (hits[0] - p_real) - (hits[1] - p_fake)
    drawn = bootstrap_sums(
        np.column_stack([excess, surprise[0] - surprise[1]]),
        date_index.astype(np.int64),
        np.zeros((count, 1), np.int64),
        1,
        block=max(BLOCKS_PER_HORIZON * horizon / _STEP, 1.0),
        draws=config.verify.bootstrap_draws,
        seed=placebo_seed(config.seed, horizon),
    )[:, 0]
    windows = len(days) * _STEP / horizon
    lines, scenarios, stand_out = [], {}, []
    for c, scenario in enumerate(SCENARIOS):
        means = drawn[:, c] / drawn[:, -1]
        low, high = interval_of(means, config.verify.interval)
        widest = interval_of(means, 1.0 - (1.0 - config.verify.interval) / len(SCENARIOS))
        stand_out.append(widest[0] > 0 or widest[1] < 0)
        line = {
            "horizon_sessions": horizon,
            "scenario": scenario,
            "rows": count,
            "effective_rows": windows,
            "real_frequency": float(hits[0][:, c].mean()),
            "real_expected": float(p_real[:, c].mean()),
            "placebo_frequency": float(hits[1][:, c].mean()),
            "placebo_expected": float(p_fake[:, c].mean()),
            "hit_rate_difference": float(excess[:, c].mean()),
            "low": low,
            "high": high,
        }
        lines.append(line)
        scenarios[scenario] = {key: line[key] for key in PLACEBO_COLUMNS[4:]}
    low, high = interval_of(drawn[:, 3] / drawn[:, -1], config.verify.interval)
    real_surprise, placebo_surprise = (float(values.mean()) for values in surprise)
    metrics = {
        "rows": count,
        "effective_rows": windows,
        "scenarios": scenarios,
        "real_surprise_nats": real_surprise,
        "placebo_surprise_nats": placebo_surprise,
        "surprise_difference_nats": real_surprise - placebo_surprise,
        "surprise_difference_nats_low": low,
        "surprise_difference_nats_high": high,
        "verdict": _verdict([line for line, stands in zip(lines, stand_out, strict=True) if stands]),
    }
    return lines, metrics


def _verdict(found: list[dict[str, Any]]) -> str:
    """In words, from the classes whose interval leaves out 0 after a correction for looking at all of them."""
    if not found:
        return "real levels are not distinguishable from random prices at the same distance"
    said = ", ".join(
        f"{line['scenario']} {abs(line['hit_rate_difference']) * 100:.1f} points "
        f"{'more' if line['hit_rate_difference'] > 0 else 'less'} often"
        for line in found
    )
    return f"at real levels, beyond what distance and volatility explain: {said} than at random prices"


@numba.njit(cache=True)
def _donors(bins, seed):
    """For each date, an earlier date of its bin picked by hash; -1 where there is none."""
    n = bins.size
    seen = np.empty((_BINS, n), np.int64)
    counts = np.zeros(_BINS, np.int64)
    out = np.full(n, -1, np.int64)
    for t in range(n):
        b = bins[t]
        if b < 0:
            continue
        if counts[b] > 0:
            out[t] = seen[b, int(placebo_lot(seed, t) % np.uint64(counts[b]))]
        seen[b, counts[b]] = t
        counts[b] += 1
    return out
