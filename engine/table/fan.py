"""Where the paths of ``filtered_history`` lie after each session: quantiles of the close, for a drawing.

The very paths that the probabilities of the last close were counted on: same fit, same draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.bars.series import BarSeries
from engine.config import Config
from engine.forecast.baselines.paths import HIGHEST_SIGMA, lattice
from engine.forecast.baselines.shocks import MEMORY_DECAY, fit_shocks, past_inputs
from engine.forecast.folds.calendar import known_bars, union_calendar
from engine.kernels.streams import path_shift

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def last_fans(
    bars: Mapping[str, BarSeries],
    config: Config,
    quantiles: Sequence[float] = QUANTILES,
    calendar: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Quantiles of the close after 1 .. longest horizon sessions from each instrument's last close.

    ``calendar`` is that of all instruments, on which refits are counted; None: of those given.

    Returns
    -------
    symbol -> (longest horizon, quantiles) float64 prices; an instrument with too little history is left out.
    """
    if not bars:
        return {}
    if calendar is None:
        calendar = union_calendar([series.dates for series in bars.values()])
    longest, paths = max(config.horizons), config.forecast.paths
    found = {}
    for symbol, series in bars.items():
        known = int(known_bars(series.dates, calendar, config.forecast)[-1])
        closes = simulated_closes(series, known, longest, paths, config.seed)
        if closes is not None:
            found[symbol] = np.quantile(closes, quantiles, axis=0).T
    return found


def simulated_closes(bars: BarSeries, known: int, horizon: int, paths: int, seed: int) -> np.ndarray | None:
    """Closes (paths, horizon) of the paths that start at the last bar, fitted on the first ``known`` bars.

    None where the fit has too little history.
    """
    last = len(bars) - 1
    shocks = fit_shocks(past_inputs(bars), known, np.array([last]), horizon)
    if shocks is None:
        return None
    size = np.uint64(len(shocks.library))
    multipliers = lattice(paths, horizon)
    each = np.arange(paths, dtype=np.uint64)
    place, memory = np.zeros(paths), np.zeros(paths)
    volatility = np.full(paths, shocks.sigma[0])
    out = np.empty((paths, horizon))
    for session in range(horizon):
        shift = np.uint64(path_shift(seed, last, session))
        with np.errstate(over="ignore"):
            fraction = (each * multipliers[session] + shift) >> np.uint64(32)
        drawn = shocks.library[((fraction * size) >> np.uint64(32)).astype(np.int64)].astype(np.float64)
        taken_back = shocks.reversal * memory
        memory = MEMORY_DECAY * memory + taken_back + drawn[:, 0]
        place += volatility * (taken_back + drawn[:, 0])
        volatility = np.minimum(shocks.gain[0] + volatility * drawn[:, 3], HIGHEST_SIGMA * shocks.sigma[0])
        out[:, session] = place
    return bars.close[last] * np.exp(out)
