"""The opponents and the models on the two bundled series, as registered in docs/method.md; meant to be looked at once.

python -m benchmarks.studies.opponents [--vix FILE --column VIXCLS]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.config import Config, parse_config
from engine.forecast.walk_forward import walk_forward
from engine.pipeline import replay
from engine.scenarios import SCENARIOS
from engine.verify.skill.block_length import optimal_block_length
from engine.verify.skill.ratio_interval import skill_interval

SERIES = ("nasdaq", "sp500")
MODELS = ("offset_logistic", "width", "pool")
KEY = ["instrument", "date", "horizon_sessions"]


def config_of(model: str, vix: str | None, column: str) -> Config:
    """Both bundled series as one family, everything else at its default."""
    config: dict[str, object] = {
        "name": "opponents",
        "instruments": [
            {"symbol": name.upper(), "family": "index", "source": {"kind": "bundled", "name": name}}
            for name in SERIES
        ],
    }
    forecast: dict[str, object] = {"model": model}
    if vix is not None:
        forecast["variance_inputs"] = ["vix"]
        config["context"] = [
            {
                "name": "vix",
                "path": vix,
                "column": column,
                "role": "implied_volatility",
                "publication_lag_sessions": 1,
            }
        ]
    return parse_config(config | {"forecast": forecast})


def losses(frame: pd.DataFrame, source: str) -> pd.Series:
    """Log loss of one forecaster by instrument, date and horizon."""
    frame = frame.dropna(subset=["outcome"])
    p = frame[[f"{source}_{name}" for name in SCENARIOS]].to_numpy()
    code = np.array([SCENARIOS.index(name) for name in frame["outcome"]])
    index = pd.MultiIndex.from_frame(frame[KEY])
    return pd.Series(-np.log(p[np.arange(len(p)), code]), index=index)


def line(what: str, forecast: pd.Series, against: pd.Series) -> None:
    """Print one skill with its 90 % interval at both horizons."""
    parts = []
    for horizon in (10, 15):
        mine = forecast.index.get_level_values("horizon_sessions") == horizon
        dates = forecast.index.get_level_values("date")[mine]
        a, b = (one[mine].groupby(dates).sum() for one in (forecast, against))
        block = max(5 * horizon, optimal_block_length((a - b).to_numpy()))
        low, high = skill_interval(a.to_numpy(), b.to_numpy(), block, coverage=0.90)
        parts.append(f"H {horizon}: {1 - a.sum() / b.sum():+.2%} [{low:+.2%}, {high:+.2%}]")
    print(f"{what:48s} {'   '.join(parts)}   mean log loss {forecast.mean():.5f}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every registered comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vix")
    parser.add_argument("--column", default="VIXCLS")
    asked = parser.parse_args(arguments)
    found: dict[str, pd.DataFrame] = {}
    replayed = replay(config_of("width", None, asked.column))
    for model in MODELS:
        found[model] = walk_forward(replayed.inputs, config_of(model, None, asked.column)).frame
    first = found["width"]
    base, again = losses(first, "filtered_history"), losses(first, "recalibrated")
    line("recalibrated over filtered_history", again, base)
    model_losses = {model: losses(frame, "p") for model, frame in found.items()}
    for model, one in model_losses.items():
        line(f"{model} over filtered_history", one, base)
        line(f"{model} over recalibrated", one, again)
    line("width over offset_logistic", model_losses["width"], model_losses["offset_logistic"])
    if asked.vix is not None:
        config = config_of("width", asked.vix, asked.column)
        frame = walk_forward(replay(config).inputs, config).frame
        implied, more = losses(frame, "implied_history"), losses(frame, "recalibrated")
        line("implied_history over filtered_history", implied, base)
        line("width with the index over implied_history", losses(frame, "p"), implied)
        line("width with the index over its recalibrated", losses(frame, "p"), more)


if __name__ == "__main__":
    main()
