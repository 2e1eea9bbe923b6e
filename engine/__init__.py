"""Replays every past session of a market and finds out how far a scenario table can be trusted.

The commands are thin over these functions::

    import engine

    config = engine.load_config("configs/nasdaq.yaml")
    run = engine.run(config)            # replay, forecast, verify, backtest, report: a folder under results/
    table, = engine.scenario(config)    # the scenario table for the last close
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from engine.kernels.home import choose_kernel_home
from engine.kernels.stale import drop_stale_kernels

if TYPE_CHECKING:
    from engine.commands import audit, check, compare
    from engine.config import Config, load_config
    from engine.pipeline import replay, run, scenario
    from engine.runs.run import Run, list_runs, open_run
    from engine.searches.work import tune

__all__ = [
    "Config",
    "Run",
    "audit",
    "check",
    "compare",
    "list_runs",
    "load_config",
    "open_run",
    "replay",
    "run",
    "scenario",
    "tune",
]

# before the first kernel is loaded
drop_stale_kernels(Path(__file__).parent)
choose_kernel_home(Path(__file__).parent)

_HOME = {
    "Config": "engine.config",
    "load_config": "engine.config",
    "audit": "engine.commands",
    "check": "engine.commands",
    "compare": "engine.commands",
    "tune": "engine.searches.work",
    "Run": "engine.runs.run",
    "open_run": "engine.runs.run",
    "list_runs": "engine.runs.run",
}


class _Engine(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # two packages bear the name of a function: importing them must not put them in its place
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Engine


def __getattr__(name: str) -> Any:
    # the compiled and the drawing libraries are imported when a name that needs them is first used
    if name not in __all__:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME.get(name, "engine.pipeline")), name)
