"""Plugin files for the tests: the parts of one, put together, and configs that name them."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path

import engine.plugins.example as example
from engine.bars.load import load_sound
from engine.bars.series import BarSeries
from engine.config import Config
from tests.conftest import small_config
from tests.forecast.toy import Bolder

HEAD = """
import numpy as np
from engine.plugins import *
"""
KIND = """
def zone(open, high, low, close, atr):
    return (close[-1] - 0.1 * atr, close[-1] + 0.1 * atr) if len(close) % 50 == 0 else None
PLUGIN = Plugin(level_kinds=(LevelKind("every_fifty", "fiftieth close", 0.5, False, by_month, each_bar(zone)),))
"""
BASELINE = """
def coin(seen):
    return np.full((len(seen.entry.bars), len(seen.config.horizons), 3), 1 / 3)
PLUGIN = Plugin(baselines=(Baseline("coin", "Coin", "Coin", "three equal chances", 90, coin),))
"""
MODEL = f"""
{inspect.getsource(Bolder)}
PLUGIN = Plugin(models={{"bolder": Model(lambda names, horizons: Bolder(), lambda arrays, horizons: Bolder())}})
"""
SETUP = """
def wide(seen):
    chosen = seen.own.copy()
    close, atr = seen.bars.close[seen.start : seen.stop], seen.indicators[seen.start : seen.stop, ATR]
    chosen[:, 0] = np.minimum(chosen[:, 0], close - 2.0 * atr)
    chosen[:, 4] = np.minimum(chosen[:, 4], chosen[:, 0] - 0.5 * atr)
    return chosen
PLUGIN = Plugin(setup_rules=(SetupRule("wide", wide),))
"""


def plugin_file(folder: Path, body: str, name: str = "my_rules.py") -> Path:
    """A file with the usual imports before ``body``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(HEAD + body, encoding="utf-8")
    return path


def the_example(folder: Path) -> Path:
    """What ``engine init --plugin`` writes, which docs/plugins.md explains."""
    return Path(shutil.copy(str(example.__file__), folder / "my_rules.py"))


def real_bars(sessions: int) -> BarSeries:
    """The first bars of the bundled Nasdaq."""
    return load_sound(small_config(replay={}))[0]["IXIC"].cut(sessions)


def with_plugins(*paths: Path, **overrides) -> Config:
    """The small config with these plugins."""
    return small_config(plugins=[str(path) for path in paths], **overrides)
