"""The variance regression of filtered_history against a log-HAR, walk-forward, at the horizons of a run.

    python -m benchmarks.studies.log_har

Prints the mean quasi-likelihood loss y / f - ln(y / f) - 1 of both, and their difference with its standard error over
blocks of a year.  Definitions were registered in docs/method.md before these figures were looked at.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from engine.bars.load import load_sound
from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars
from engine.config import parse_config
from engine.forecast.baselines.shocks import fit_variance_pair, past_inputs

FIRST, STEP = 1260, 63
_DAY, _WEEK, _MONTH = 0, 1, 2  # columns of the inputs: mean range variances of 1, 5 and 22 sessions
_YEAR = 252


def losses(bars: BarSeries, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Loss of the regression and of the log-HAR on every date from ``FIRST`` on whose horizon is over."""
    past = past_inputs(bars)
    n = len(bars)
    total = np.concatenate(([0.0], np.cumsum(past.proxy)))
    ahead = np.full(n, np.nan)
    ahead[: n - horizon] = (total[horizon + 1 :] - total[1 : n - horizon + 1]) / horizon
    logs = np.log(np.maximum(past.inputs[:, [_DAY, _WEEK, _MONTH]], 1e-14))
    design = np.column_stack([np.ones(n), logs])
    out = np.full((2, n), np.nan)
    for start in range(FIRST, n - horizon, STEP):
        rows = np.arange(start, min(start + STEP, n - horizon))
        used = np.arange(66, start - horizon)
        target = np.log(np.maximum(ahead[used], 1e-14))
        beta, *_ = np.linalg.lstsq(design[used], target, rcond=None)
        spread = np.var(target - design[used] @ beta)
        both = fit_variance_pair(past, start, horizon).at(rows), np.exp(design[rows] @ beta + 0.5 * spread)
        for k, f in enumerate(both):
            out[k, rows] = ahead[rows] / f - np.log(ahead[rows] / f) - 1.0
    scored = np.isfinite(out).all(axis=0)
    return out[0, scored], out[1, scored]


def bundled() -> dict[str, BarSeries]:
    """The two series that come with the package."""
    names = ("nasdaq", "sp500")
    entries = [{"symbol": name.upper(), "source": {"kind": "bundled", "name": name}} for name in names]
    bars, _ = load_sound(parse_config({"name": "study", "instruments": entries}), None)
    return bars


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line a series and horizon."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=10)
    asked = parser.parse_args(arguments)
    series = bundled() | {
        f"simulated {seed}": simulate_bars(4000, seed=seed, volatility_persistence=0.97)
        for seed in range(asked.markets)
    }
    means = []
    for horizon in (10, 15):
        for name, bars in series.items():
            plain, logarithm = losses(bars, horizon)
            gap = logarithm - plain
            years = np.array([part.mean() for part in np.array_split(gap, max(len(gap) // _YEAR, 2))])
            error = years.std(ddof=1) / np.sqrt(len(years))
            means.append((plain.mean(), logarithm.mean()))
            print(
                f"{name:14s} H {horizon:2d}  regression {plain.mean():.4f}  log-HAR {logarithm.mean():.4f}  "
                f"difference {gap.mean():+.4f} (standard error {error:.4f})"
            )
    both = np.mean(means, axis=0)
    print(f"mean            regression {both[0]:.4f}  log-HAR {both[1]:.4f}")


if __name__ == "__main__":
    main()
