"""Coverage of the intervals beside a table on markets whose probabilities are known: the figures of docs/method.md.

    python -m benchmarks.studies.interval_coverage [--markets 100] [--sessions 1500] [exact] [filtered_history]

Markets of constant volatility without drift: distance decides everything, so the exact probability is known, and rules know nothing.
``exact``: the opponent says the exact probabilities, so the true difference to it is 0.  ``filtered_history``: the opponent
is the simulation, whose forecast of volatility errs; what it gets wrong can be learnt, so 0 is not the truth there.
One table a market, of its last session.
"""

from __future__ import annotations

import argparse

import numpy as np

from engine.bars.simulate import simulate_bars
from engine.forecast.baselines.filtered_history import FilteredHistory
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.inputs import ForecastInput
from engine.forecast.walk_forward import walk_forward
from engine.scenarios import SCENARIOS
from engine.table.explain.explain import explain
from tests.forecast.adhoc import FEATURES, adhoc_config, adhoc_input
from tests.verify.exact_market import SIGMA, STEPS, exact_probabilities

OPPONENTS = ("exact", "filtered_history")


def held(
    opponent: str, markets: int, sessions: int, draws: int, paths: int = 1000
) -> tuple[np.ndarray, np.ndarray]:
    """(markets, horizons, 3) bool: the interval of the probability holds the exact one, that of the difference holds 0."""
    config = adhoc_config(min_train_sessions=600, interval_draws=draws, paths=paths)
    said = np.zeros((2, markets, len(config.horizons), len(SCENARIOS)), dtype=bool)
    for number in range(markets):
        bars = simulate_bars(
            sessions, seed=40_000 + number, daily_sigma=SIGMA, steps_per_session=STEPS, symbol="A"
        )
        entry = adhoc_input(bars, config)
        at, day = ("A", sessions - 1), bars.dates[-1]
        known, again = None, None
        if opponent == "exact":
            known = [_exact(entry, config.horizons)]
            again = {at: np.repeat(known[0].history.probabilities[-1:], draws, axis=0)}
        forecasts = walk_forward([entry], config, features=FEATURES, baselines=known)
        told = explain(forecasts, [entry], config, [("A", day)], resampled=again)["A", day]
        for h, horizon in enumerate(config.horizons):
            exact = exact_probabilities(bars.close[-1:], entry.setup[-1:, 0], entry.setup[-1:, 2], horizon)[0]
            for k, name in enumerate(SCENARIOS):
                low, high = told.intervals[horizon, name]
                _, less, more = told.differences[horizon, name]
                said[:, number, h, k] = low <= exact[k] <= high, less <= 0.0 <= more
    return said[0], said[1]


def _exact(entry: ForecastInput, horizons: tuple[int, ...]) -> Opponents:
    """An opponent that knows the market."""
    n, longest = len(entry.bars), max(horizons)
    p = np.full((n, longest, 3), np.nan)
    asked = np.isfinite(entry.setup).all(axis=1)
    floor, target = entry.setup[asked, 0], entry.setup[asked, 2]
    for horizon in range(1, longest + 1):
        p[asked, horizon - 1] = exact_probabilities(entry.bars.close[asked], floor, target, horizon)
    history = FilteredHistory(p, p[:, :, 2], p[:, :, 0], np.full(n, SIGMA))
    return Opponents(history, "filtered_history", {"filtered_history": p[:, np.array(horizons) - 1]})


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("opponents", nargs="*", metavar="OPPONENT", help=" or ".join(OPPONENTS))
    parser.add_argument("--markets", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=1500)
    asked = parser.parse_args()
    for opponent in asked.opponents or OPPONENTS:
        found = held(opponent, asked.markets, asked.sessions, draws=40)
        for what, said in zip(("probability", "difference"), found, strict=True):
            # horizons and scenarios of a market are not independent: the error is that of the markets' own means
            error = said.mean(axis=(1, 2)).std(ddof=1) / np.sqrt(len(said))
            print(
                f"opponent {opponent}: 90 % intervals of the {what} hold it {said.mean():.1%} of the time (standard error "
                f"{error:.1%}); by horizon {', '.join(f'{share:.0%}' for share in said.mean(axis=(0, 2)))}",
                flush=True,
            )


if __name__ == "__main__":
    main()
