"""Coverage of the 90 % interval of skill on markets with known probabilities: the table of docs/method.md.

    python -m benchmarks.studies.skill_coverage [--markets 400]

The forecast knows the exact probabilities, the baseline says them with log-odds 1.3 times too large.  What the interval
should hold is the ratio of mean scores over all markets of a length together.
"""

from __future__ import annotations

import argparse

import numpy as np

from engine.verify.skill.bootstrap import bootstrap_sums, expected_block, interval_of
from engine.verify.skill.ratio_interval import skill_interval
from engine.verify.skill.scores import log_loss
from tests.verify.exact_questions import exact_questions, overstated


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--markets", type=int, default=400)
    markets = parser.parse_args().markets
    print(
        "rows, H: share of 90 % intervals that hold the skill; the same for percentiles of the block bootstrap"
    )
    for rows in (300, 600, 1260, 2520, 20_000):
        for horizon in (10, 15):
            pairs = []
            for seed in range(markets if rows < 20_000 else markets // 4):
                asked = exact_questions(rows, 20_000 + seed, horizons=(horizon,))
                said, codes = asked.probabilities[0], asked.codes[0]
                pairs.append(
                    (log_loss(said, codes), log_loss(overstated(asked, 1.3).probabilities[0], codes))
                )
            truth = 1.0 - sum(a.sum() for a, _ in pairs) / sum(b.sum() for _, b in pairs)
            held = percentile = 0
            for seed, (a, b) in enumerate(pairs):
                block = expected_block(horizon, [a - b])
                low, high = skill_interval(a, b, block)
                held += low <= truth <= high
                drawn = bootstrap_sums(
                    np.column_stack([a, b]), np.arange(rows), np.zeros((rows, 1), int), 1, block=block, draws=299, seed=seed
                )  # fmt: skip
                low, high = interval_of(1.0 - drawn[:, 0, 0] / drawn[:, 0, 1], 0.9)
                percentile += low <= truth <= high
            print(
                f"{rows:6d} {horizon:3d}: {held / len(pairs):.3f} {percentile / len(pairs):.3f}", flush=True
            )


if __name__ == "__main__":
    main()
