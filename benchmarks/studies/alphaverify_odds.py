"""AlphaVerify's barrier-touch odds beside filtered_history, on the floors and targets of the Nasdaq.

    python -m benchmarks.studies.alphaverify_odds --python OTHER/bin/python [--replicates 99] [--refit 252]

OTHER is an environment of Python 3.12 or 3.13 with ``alphaverify==0.1.0`` (it cannot share the engine's, it needs torch).  The
question is one that its odds answer as they are: does a high reach the target, does a low reach the floor, within 10 and 15
sessions?  filtered_history answers it with the same paths as everywhere (``level_touch``).
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from engine.config import load_config
from engine.forecast.baselines.filtered_history import level_touch
from engine.outcomes.level_touches import touched_within
from engine.pipeline import replay
from engine.question import FLOOR, TARGET_LOW
from engine.verify.skill.block_length import optimal_block_length
from engine.verify.skill.ratio_interval import skill_interval

HORIZONS = np.array([10, 15])
FIRST, REFIT = 1260, 63
KEPT_INSIDE = 0.001  # of an odds of 0 or 1, as of every probability of the engine


def main() -> None:
    """Print the skill of its odds over filtered_history."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", required=True, help="an interpreter that has alphaverify")
    parser.add_argument("--replicates", type=int, default=99, help="simulated histories of a p-value")
    parser.add_argument("--refit", type=int, default=252, help="sessions between two fits of AlphaVerify")
    asked = parser.parse_args()
    (entry,) = replay(load_config("configs/nasdaq.yaml")).replays.values()
    bars = entry.bars
    n, prices = len(bars), entry.setup[:, [FLOOR, TARGET_LOW]].copy()
    prices[:FIRST] = np.nan
    pointer, t = 2 * np.arange(n + 1), np.arange(n)
    known = np.where(t >= FIRST, FIRST + (t - FIRST) // REFIT * REFIT + 1, 0)
    history = level_touch(bars, known, pointer, prices.ravel(), int(HORIZONS[-1]), 1000, 7)
    history = history[:, HORIZONS - 1].reshape(n, 2, -1)
    came = touched_within(bars, pointer, prices.ravel(), HORIZONS.tolist()).reshape(n, 2, -1)
    with tempfile.TemporaryDirectory() as folder:
        questions, odds = Path(folder) / "questions.npz", Path(folder) / "odds.npz"
        np.savez(
            questions,
            bars=np.column_stack([bars.open, bars.high, bars.low, bars.close, bars.volume]),
            dates=bars.dates.astype("datetime64[D]").astype(str),
            distances=prices / bars.close[:, None] - 1.0,
            horizons=HORIZONS, first=FIRST, refit=asked.refit, replicates=asked.replicates,
        )  # fmt: skip
        peer = Path(__file__).with_name("alphaverify_peer.py")
        subprocess.run([asked.python, str(peer), str(questions), str(odds)], check=True)
        found = dict(np.load(odds))
    print(
        f"alphaverify {found['version']}, torch {found['torch']}; mean conditions used {found['used'][FIRST:].mean():.2f}"
    )
    for what in ("combined", "one", "none"):
        for side, word in enumerate(("floor", "target")):
            for k, horizon in enumerate(HORIZONS.tolist()):
                theirs, ours, event = found[what][:, side, k], history[:, side, k], came[:, side, k]
                used = np.isfinite(theirs) & np.isfinite(ours) & (event >= 0)
                a, b = (
                    -np.log(np.where(event[used] == 1, p, 1.0 - p))
                    for p in (np.clip(theirs[used], KEPT_INSIDE, 1.0 - KEPT_INSIDE), ours[used])
                )
                block = max(5 * horizon, optimal_block_length(a - b))
                low, high = skill_interval(a, b, block, coverage=0.90)
                print(
                    f"{what:8s} {word:7s} H {horizon}: {1 - a.sum() / b.sum():+.1%} [{low:+.1%}, {high:+.1%}] "
                    f"of log loss over filtered_history; {used.sum()} rows, {a.mean():.4f} against {b.mean():.4f} nats"
                )


if __name__ == "__main__":
    main()
