"""False alarms and power of the calibration tests on markets whose probabilities are known: the table of docs/method.md.

    python -m benchmarks.studies.calibration_size [--markets 400] [--first 0] [--draws 299] [CASE ...]

Standard error of a share near 5 % on 400 markets: 1.1 points.  This takes an hour on one core, so it is no part
of ``make bench``; a smaller gate is in the suite.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from engine.verify.calibration.joint import joint_test
from engine.verify.calibration.race import Questions
from tests.verify.exact_questions import exact_questions, overstated
from tests.verify.factory import make_config

_PATHS = 200_000
_CASES: dict[str, Callable[[int], Questions]] = {
    "extremes_500": lambda s: exact_questions(500, s, paths=_PATHS),
    "extremes_1800": lambda s: exact_questions(1800, s, paths=_PATHS),
    "extremes_20000": lambda s: exact_questions(20_000, s, paths=_PATHS),
    "one_horizon_1800": lambda s: exact_questions(1800, s, horizons=(15,), paths=_PATHS),
    "far_apart_1800": lambda s: exact_questions(1800, s, horizons=(5, 15), paths=_PATHS),
    "engine_1540": lambda s: exact_questions(1540, s, levels="engine", config=make_config(), paths=_PATHS),
    "lattice_1000": lambda s: exact_questions(1000, s, levels="lattice"),
    "together_4x1000": lambda s: exact_questions(1000, s, instruments=4, paths=_PATHS),
    "together_12x800": lambda s: exact_questions(800, s, instruments=12, correlation=0.7, paths=_PATHS),
}
_WRONG: dict[str, tuple[float, float]] = {
    "overconfident_25_3756": (1.25, 0.0),
    "overconfident_50_3756": (1.5, 0.0),
    "timid_25_3756": (0.8, 0.0),
    "bias_5_3756": (1.0, 0.05),
}


def measure(case: str, markets: range, draws: int) -> str:
    """One line of the table: shares rejected at 5 %."""
    found, began = [], time.perf_counter()
    for seed in markets:
        if case in _CASES:
            asked = _CASES[case](seed)
        else:
            asked = overstated(exact_questions(3756, 5000 + seed, paths=_PATHS), *_WRONG[case])
        test = joint_test(asked, draws=draws, seed=seed)
        found.append([test.p_temperature, *test.p_intercept.values(), test.p_joint])
    shares = " ".join(f"{share:6.3f}" for share in (np.array(found) <= 0.05).mean(axis=0))
    return f"{case:24s} {len(markets):5d} markets: {shares}   ({time.perf_counter() - began:.0f} s)"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--markets", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="number of the first market")
    parser.add_argument("--draws", type=int, default=299)
    chosen = parser.parse_args()
    print("shares rejected at 5 %: temperature, intercept at each horizon, joint verdict")
    for case in chosen.cases or [*_CASES, *_WRONG]:
        print(measure(case, range(chosen.first, chosen.first + chosen.markets), chosen.draws), flush=True)


if __name__ == "__main__":
    main()
