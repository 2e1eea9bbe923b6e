"""What the checks look at: the numbers of this verification and what other stages can testify."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from engine.bars.findings import BarFinding
from engine.config import Config
from engine.verify.placebo import Placebo


@dataclass(frozen=True, slots=True)
class Audit:
    """Result of the look-ahead audit: dates recomputed on cut history, and those of them on which a value came out different."""

    dates: int
    rewritten: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What stages outside verification know; every part may be absent, then its checks say nothing.

    Attributes
    ----------
    outcomes : outcomes.parquet's frame (column ``ambiguous``).
    audit : of this replay; None where it has not been run.
    audit_expected : True where the run claims to be audited, so that a missing audit is a finding.
    bars_findings : what was found in the bars.
    searched : config path -> (value in force, lowest, highest) of parameters chosen by tuning.
    folds : one row per fold and instrument: fold, instrument, horizon_sessions, start (first forecast
        date), last_label_end (last date any training label looks at).
    without_context : the ``p_*`` of the same forecasts made without context, where there is any.
    placebo : result of the placebo levels, to stand in the metrics.
    """

    outcomes: pd.DataFrame | None = None
    audit: Audit | None = None
    audit_expected: bool = False
    bars_findings: tuple[BarFinding, ...] = ()
    searched: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    folds: pd.DataFrame | None = None
    placebo: Placebo | None = None
    without_context: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class CheckInput:
    """Input of every check: frames, the metrics computed so far (``metrics["horizons"]``), evidence."""

    forecasts: pd.DataFrame
    replay: pd.DataFrame
    metrics: Mapping[str, Any]
    config: Config
    evidence: Evidence

    def horizons(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Horizon (as text) and its metrics, shortest first."""
        return sorted(self.metrics["horizons"].items(), key=lambda item: int(item[0]))

    def skill(self, baseline: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Horizon (as text) and the skill over this baseline, where there is one."""
        return [(h, m["skill"][baseline]) for h, m in self.horizons() if baseline in m.get("skill", {})]
