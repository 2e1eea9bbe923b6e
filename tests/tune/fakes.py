"""Objectives that take no time, importable by worker processes."""

from __future__ import annotations

import os
import time

from engine.config import Config, parse_config
from engine.tune.evaluation import Evaluation


def config_of(group="model", space=None, **tune) -> Config:
    return parse_config(
        {
            "name": "t",
            "instruments": [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}}],
            "tune": {"group": group, "space": space or {}, **tune},
        }
    )


def bowl(config: Config) -> Evaluation:
    """Best at rsi_bull 47, slope_sessions 30."""
    value = -(((config.rules.rsi_bull - 47.0) / 10) ** 2) - ((config.rules.slope_sessions - 30) / 30) ** 2
    return Evaluation(value, {"seen": config.rules.slope_sessions})


def ramp(config: Config) -> float:
    return config.rules.rsi_bull


def sometimes_fails(config: Config) -> float:
    if config.rules.slope_sessions % 3 == 0:
        raise ValueError(f"no forecast for slope {config.rules.slope_sessions}\nand a second line")
    if config.rules.slope_sessions % 3 == 1:
        return float("nan")
    return config.rules.rsi_bull


def dies(config: Config) -> float:
    if config.rules.slope_sessions > 20:
        os._exit(9)
    return config.rules.rsi_bull


def process_of(config: Config) -> float:
    return os.getpid()


def slow_bowl(config: Config) -> Evaluation:
    time.sleep(0.05)
    return bowl(config)


def endless(config: Config) -> float:
    """Works until it is ended; a file beside the script says that it has begun."""
    import sys
    from pathlib import Path

    database = (
        Path(os.environ["ENDLESS_FOLDER"]) if "ENDLESS_FOLDER" in os.environ else Path(sys.argv[0]).parent
    )
    (database / f"working_{os.getpid()}").touch()
    time.sleep(600)
    return 0.0
