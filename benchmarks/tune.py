"""Trials per second on the default data, the overhead of a search, and the backtest stage."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.config import Config, load_config, with_overrides
from engine.tune.tune import tune

CONFIG = Path(__file__).resolve().parent.parent / "configs" / "nasdaq.yaml"

_BACKTEST = """
import time
import numpy as np, pandas as pd, scipy.stats, numba
from engine.backtest.backtest import backtest
from engine.bars.simulate import simulate_bars
from engine.config import load_config
bars = simulate_bars(3800, seed=1, symbol="IXIC")
dates = bars.dates.astype("datetime64[us]")
replay = pd.DataFrame({"instrument": "IXIC", "date": dates, "floor": bars.close * 0.97,
                       "target_low": bars.close * 1.03})
forecasts = pd.DataFrame({"instrument": "IXIC", "date": dates, "horizon_sessions": 15, "fold": 0,
                          "p_continuation": np.random.default_rng(0).random(3800)})
config = load_config(CONFIG)
start = time.perf_counter()
backtest({"IXIC": bars}, replay, forecasts, config)
print(time.perf_counter() - start)
"""


def constant(config: Config) -> float:
    """An objective that costs nothing: what is left is the search itself."""
    return config.rules.rsi_bull


def measure() -> list[dict[str, Any]]:
    """Each row: name, value, unit, budget."""
    rows = []
    config = load_config(CONFIG)
    started = time.perf_counter()
    tune(config, trials=20, evaluate=constant)
    rows.append(_row("search overhead per trial", 1e3 * (time.perf_counter() - started) / 20, "ms", "<= 100"))
    for group in ("model", "decision"):
        grouped = with_overrides(config, {"tune.group": group})
        tune(grouped, trials=20, workers=2)  # kernels are compiled once per machine, not once per search
        started = time.perf_counter()
        result = tune(grouped, trials=20, workers=2)
        rate = len(result.trials) / (time.perf_counter() - started)
        rows.append(_row(f"tuning, {group} group, 2 workers, start included", rate, "trials/s", ">= 2"))
    script = _BACKTEST.replace("CONFIG", repr(str(CONFIG)))
    seconds = [
        float(
            subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout
        )
        for _ in range(3)
    ]
    rows.append(_row("backtest of 3,800 sessions, import included", float(np.median(seconds)), "s", "<= 2.5"))
    return rows


def _row(name: str, value: float, unit: str, budget: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "budget": budget}
