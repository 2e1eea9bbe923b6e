"""What a run finds out about one instrument by itself, and how the later stages read it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from engine.bars.contracts.quoted import last_units, quoted_frame
from engine.bars.series import BarSeries
from engine.config import with_plugins
from engine.forecast.baselines.filtered_history import FilteredHistory
from engine.forecast.baselines.opponents import Opponents, Trial
from engine.forecast.inputs import ForecastInput, forecast_input
from engine.forecast.walk_forward import Plan, baselines_of
from engine.guests import clock
from engine.members.part import Part, packed
from engine.outcomes.outcomes import Outcomes
from engine.question import SETUP_LEVELS
from engine.replay.book import book_at
from engine.replay.replay import Replay, replay
from engine.table.explain.explain import held_question, resampled_past
from engine.table.story.background import background_of
from engine.table.touch.book import TouchPart, touch_part
from engine.verify.audit.audit import audit
from engine.verify.placebo import PlaceboPart, placebo_part

FRAMES = (
    "levels",
    "level_events",
    "replay",
    "outcomes",
)  # of each instrument, as they stand in the run's files
# of the replay, in the unit of the bars: what verification and backtest read
MARKET = ("instrument", "date", "close", "sigma", "sma_200", "floor", "target_low", *SETUP_LEVELS)
_ALSO_KNOWN = ("bias", "position")  # of analogues, beside the features
_OUTCOMES = tuple(item.name for item in fields(Outcomes) if item.name not in ("symbol", "dates", "horizons"))
_TRIAL = tuple(item.name for item in fields(Trial))
_HISTORY = tuple(item.name for item in fields(FilteredHistory))


@with_plugins
def study(plan: Plan, audit_dates: int, bars: BarSeries) -> bytes:
    """Replay, audit, outcomes, baselines, level touches, placebo and the resampled past of the last close.

    Parameters
    ----------
    audit_dates : dates that the look-ahead audit recomputes; 0 for none.

    Returns
    -------
    A packed part; see the functions below for what is in it.
    """
    config = plan.config
    before = clock()
    replayed = replay(bars, config)
    entry = forecast_input(replayed)
    baselines = baselines_of(entry, plan)
    audited = audit(bars, config, audit_dates) if audit_dates else None
    touch = touch_part(replayed, plan.calendar, config)
    placebo = placebo_part(entry, plan.calendar, config) if config.verify.placebo else None
    last = len(bars) - 1
    arrays: dict[str, np.ndarray] = {"setup": entry.setup, "touch_last": touch.last}
    arrays |= {f"known/{name}": entry.known[name] for name in dict.fromkeys((*plan.features, *_ALSO_KNOWN))}
    arrays |= {f"outcomes/{name}": getattr(entry.outcomes, name) for name in _OUTCOMES}
    arrays |= {f"history/{name}": getattr(baselines.history, name) for name in _HISTORY}
    arrays |= {f"baseline/{name}": table for name, table in baselines.tables.items()}
    arrays |= {f"touch/{name}": values for name, values in touch.rows.items()}
    arrays |= {f"placebo/{name}": values for name, values in (placebo or {}).items()}
    if baselines.trial is not None:
        arrays |= {f"trial/{name}": getattr(baselines.trial, name) for name in _TRIAL}
    # what options say is weighed by the group, and so is the past that they are in
    alone = not config.forecast.variance_inputs
    if alone and config.forecast.interval_draws and _asked(entry, baselines):
        arrays["past"] = resampled_past(entry, last, plan.calendar, config)
    if alone and _asked(entry, baselines):
        held = held_question(entry, last, plan.calendar, config)
        arrays |= {} if held is None else {"held": held}
    return packed(
        arrays,
        _frames(replayed, entry),
        {
            "setups": int(np.isfinite(entry.setup).all(axis=1).sum()),
            "background": background_of(replayed, last).to_dict(),
            "audit": None if audited is None else audited.certificate(),
            "plugin_seconds": clock(before),
        },
    )


def _asked(entry: ForecastInput, baselines: Opponents) -> bool:
    """True where the last close has a row in the walk-forward, and so intervals."""
    said = baselines.tables["filtered_history"][-1]
    return bool(np.isfinite(entry.setup[-1]).all() and np.isfinite(said).all())


def _frames(replayed: Replay, entry: ForecastInput) -> dict[str, pd.DataFrame]:
    bars = replayed.bars
    units = last_units({bars.symbol: bars})  # people read the prices of the contract that trades today
    last = len(bars) - 1
    outcomes = entry.outcomes.frame()
    return {
        "levels": quoted_frame(replayed.levels, units),
        "level_events": replayed.events,
        "replay": quoted_frame(replayed.frame, units),
        "outcomes": outcomes,
        "market": replayed.frame[[name for name in MARKET if name in replayed.frame]],
        "last": replayed.frame.iloc[last:],
        "book": book_at(replayed, bars.dates[last]),
    }


def entry_of(part: Part, bars: BarSeries, horizons: Sequence[int]) -> ForecastInput:
    """What the walk-forward is given: features and what analogues read, setup, outcomes."""
    outcomes: dict[str, Any] = part.arrays("outcomes")
    return ForecastInput(
        bars,
        part.arrays("known"),
        part.array("setup"),
        Outcomes(bars.symbol, bars.dates, np.asarray(horizons, dtype=np.int64), **outcomes),
    )


def baselines_in(part: Part) -> Opponents:
    """The baselines of every session."""
    history: dict[str, Any] = part.arrays("history")
    trial: dict[str, Any] = part.arrays("trial")
    return Opponents(
        FilteredHistory(**history),
        "filtered_history",
        part.arrays("baseline"),
        Trial(**trial) if trial else None,
    )


def touch_in(part: Part) -> TouchPart:
    """What the touch probabilities of levels are fitted to."""
    return TouchPart(part.arrays("touch"), part.array("touch_last"))


def placebo_in(part: Part) -> PlaceboPart | None:
    """The two sides of the placebo; None where there is not enough history."""
    return part.arrays("placebo") or None
