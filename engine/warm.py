"""Compiles the kernels of the later stages in a second process while the first one replays.

numba compiles a kernel the first time it is called and keeps it on disk, but only one at a time in a process.
On a machine that has never run the engine, the stages after the replay are therefore walked once on a small
simulated market, in a process of their own: its results are thrown away, its compiled kernels are not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engine.processes import end_with_parent

_COMPILED_LAST = "label_kernels.label_bars"  # a kernel that every run needs


def compile_ahead() -> subprocess.Popen[bytes] | None:
    """Start the second process where nothing is compiled yet; None where it would be of no use."""
    home = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(home) if home else Path(__file__).parent / "outcomes" / "__pycache__"
    if (os.cpu_count() or 1) < 2 or next(folder.rglob(f"*{_COMPILED_LAST}*.nbi"), None) is not None:
        return None
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "engine.warm"],
            cwd=Path(__file__).parents[1],  # where `engine` is found even if it is not installed
            stdin=subprocess.PIPE,  # closed when this process ends, however: the other one then ends as well
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None  # the kernels are then compiled as they are met


def main() -> None:
    """Walk the stages after the replay on a simulated market of a few years."""
    import numpy as np
    import pandas as pd

    from engine.backtest.backtest import backtest
    from engine.bars.simulate import simulate_bars
    from engine.config import parse_config
    from engine.forecast.inputs import input_of
    from engine.forecast.walk_forward import walk_forward
    from engine.question import SETUP
    from engine.replay.families import model_features
    from engine.replay.replay import REPLAY_COLUMNS
    from engine.table.explain.explain import explain
    from engine.verify.placebo import placebo
    from engine.verify.verify import verify

    config = parse_config(
        {
            "name": "warm",
            "instruments": [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}}],
            "forecast": {"min_train_sessions": 630, "paths": 100, "interval_draws": 2},
            "verify": {"bootstrap_draws": 100, "null_draws": 99},
            "backtest": {"random_entries": 5},
        }
    )
    bars = simulate_bars(1000, volatility_persistence=0.97)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(len(bars), len(REPLAY_COLUMNS))), columns=list(REPLAY_COLUMNS))
    frame["instrument"] = pd.Series(["SIM"] * len(bars), dtype="str")
    frame["date"] = bars.dates.astype("datetime64[us]")
    for name in ("open", "high", "low", "close", "volume"):
        frame[name] = getattr(bars, name)
    frame["sigma"], frame["bias"], frame["position"] = 0.012, 0.0, 1.0
    for name, distance in zip(SETUP, (0.97, 1.02, 1.03, 1.04, 0.95), strict=True):
        frame[name] = bars.close * distance
    assert set(model_features()) <= set(frame.columns)
    known = {name: frame[name].to_numpy() for name in frame.columns.difference(["instrument", "date"])}
    inputs = (input_of(bars, known, np.array(frame[list(SETUP)], order="C"), config),)
    forecasts = walk_forward(inputs, config)
    explain(forecasts, inputs, config, [("SIM", bars.dates[-1])])
    verify(forecasts.frame, frame, config)
    placebo(inputs, config)
    backtest({"SIM": bars}, frame, forecasts.frame, config)


if __name__ == "__main__":
    end_with_parent(sys.stdin.buffer)
    main()
