"""The forecasts to be beaten, one line each.

To add a baseline: write one module beside these whose ``BASELINE`` holds all that belongs to it, and add one line to
``_MODULES``.  Its columns stand in the forecasts in the order of this list, so lines are added at the end.
"""

from __future__ import annotations

from importlib import import_module

from engine.forecast.baselines.baseline import Baseline, BaselineInput
from engine.forecast.baselines.filtered_history import filtered_history_of
from engine.registry import Registry

_MODULES = (
    "climatology",
    "same_reading",
    "random_walk",
    "filtered_history",
    "analyst",
    "implied_history",
    "recalibrated",
)
BASELINES = Registry[Baseline](
    "baseline", (import_module(f"{__name__}.{module}").BASELINE for module in _MODULES)
)


def in_reading_order() -> list[str]:
    """The names in the order in which every table shows them: the hardest to beat first."""
    return [baseline.name for baseline in sorted(BASELINES, key=lambda baseline: baseline.order)]


__all__ = ["BASELINES", "Baseline", "BaselineInput", "filtered_history_of", "in_reading_order"]
