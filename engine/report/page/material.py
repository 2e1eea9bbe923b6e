"""What a report is made of: frames and dictionaries, never a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engine.config import Config
from engine.table.scenario import Scenario


@dataclass(frozen=True, slots=True, eq=False)
class ReportMaterial:
    """Everything ``report.html`` shows; whatever is None is left out of the page, with a sentence in its place.

    Attributes
    ----------
    config : the resolved config of the run.
    scenarios : one per instrument, for the last close, in the order of the config.
    manifest : as in manifest.json.
    replay, levels, events, outcomes, forecasts, trades, equity, thresholds : as in the run folder.
    metrics : as in metrics.json, with the backtest under ``backtest``.
    reliability : numbers of the reliability diagrams, as verification gives them.
    fans : symbol -> (longest horizon, 5) quantiles 5, 25, 50, 75 and 95 % of simulated closes after the last one.
    """

    config: Config
    scenarios: Sequence[Scenario] = ()
    manifest: Mapping[str, Any] | None = None
    replay: pd.DataFrame | None = None
    levels: pd.DataFrame | None = None
    events: pd.DataFrame | None = None
    outcomes: pd.DataFrame | None = None
    forecasts: pd.DataFrame | None = None
    trades: pd.DataFrame | None = None
    equity: pd.DataFrame | None = None
    thresholds: pd.DataFrame | None = None
    metrics: Mapping[str, Any] | None = None
    reliability: pd.DataFrame | None = None
    fans: Mapping[str, np.ndarray] = field(default_factory=dict)
