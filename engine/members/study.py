"""What a run finds out about one instrument by itself: the piece of work that a crew is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.bars.series import BarSeries
from engine.config import Config
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.inputs import forecast_input
from engine.forecast.walk_forward import baselines_of
from engine.replay.replay import replay
from engine.table.touch.book import TouchPart, touch_part
from engine.verify.audit.audit import AuditResult, audit
from engine.verify.placebo import PlaceboPart, placebo_part


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """What one instrument adds to a run, beyond its replay, which is quicker made again than sent.

    Attributes
    ----------
    audit : None where no dates were audited.
    touch : what the touch probabilities of levels are fitted to.
    baselines : for every session.
    placebo : None where the config leaves it out, or history is too short.
    """

    audit: AuditResult | None
    touch: TouchPart
    baselines: Opponents
    placebo: PlaceboPart | None


def study(config: Config, calendar: np.ndarray, audit_dates: int, bars: BarSeries) -> Member:
    """Study one instrument.

    Parameters
    ----------
    calendar : sessions of all instruments; refits are counted on it.
    audit_dates : dates that the look-ahead audit recomputes; 0 for none.
    """
    replayed = replay(bars, config)
    entry = forecast_input(replayed)
    return Member(
        audit=audit(bars, config, audit_dates) if audit_dates else None,
        touch=touch_part(replayed, calendar, config),
        baselines=baselines_of(entry, calendar, config),
        placebo=placebo_part(entry, calendar, config) if config.verify.placebo else None,
    )
