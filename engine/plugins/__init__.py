"""What a plugin is written with, and how it comes into the registries: see docs/plugins.md.

A plugin is a Python file that imports from here and ends in ``PLUGIN = Plugin(...)``; a config names it under ``plugins:``.
"""

from engine.bars.series import BarSeries
from engine.forecast.baselines import Baseline, BaselineInput
from engine.forecast.calibration import Calibrator, CalibratorKind
from engine.forecast.models import Fitted, Learner, Model, Window
from engine.forecast.opponents import GroupInput
from engine.plugins.plugin import Plugin, each_bar, momentum_column
from engine.replay.families import FeatureFamily, Known
from engine.replay.rule import SetupRule, SetupSeen
from engine.rules.indicators import ALL_TIME_HIGH, ATR, RSI, SIGMA, SMA_50, SMA_200
from engine.rules.kinds import LevelKind, LevelParams
from engine.rules.kinds.kind import put, usable
from engine.rules.naming import by_month, by_part_of_month, by_record, by_span, the_noun

__all__ = [
    "ALL_TIME_HIGH",
    "ATR",
    "RSI",
    "SIGMA",
    "SMA_50",
    "SMA_200",
    "BarSeries",
    "Baseline",
    "BaselineInput",
    "Calibrator",
    "CalibratorKind",
    "FeatureFamily",
    "Fitted",
    "GroupInput",
    "Known",
    "Learner",
    "LevelKind",
    "LevelParams",
    "Model",
    "Plugin",
    "SetupRule",
    "SetupSeen",
    "Window",
    "by_month",
    "by_part_of_month",
    "by_record",
    "by_span",
    "each_bar",
    "momentum_column",
    "put",
    "the_noun",
    "usable",
]
