"""Every point of a grid of settings, each scored as a run would score it, so that the whole response can be seen.

:mod:`.axes` reads what is swept, :mod:`.points` counts the points, :mod:`.measure` says what is measured at one of them,
:mod:`.folder` keeps what is finished, and :mod:`.sweep` spreads the work.  Points that do not differ in a stage share
it (:mod:`engine.stages`).
"""

from engine.sweep.axes import Axis, parse_axes
from engine.sweep.folder import open_sweep
from engine.sweep.points import Points, grid_points, random_points
from engine.sweep.result import SweepResult, sweep_point
from engine.sweep.sweep import SweepPlan, sweep

__all__ = [
    "Axis",
    "Points",
    "SweepPlan",
    "SweepResult",
    "grid_points",
    "open_sweep",
    "parse_axes",
    "random_points",
    "sweep",
    "sweep_point",
]
