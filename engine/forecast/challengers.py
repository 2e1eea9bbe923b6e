"""Other models in the same folds: what they would have said, beside the table and never in its place."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pandas as pd

from engine.config import with_overrides
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.frame import forecast_table
from engine.forecast.inputs import ForecastInput
from engine.forecast.walk_forward import GroupForecast, Plan, forecast_horizons, plan_of
from engine.kernels.threads import carried, thread_count
from engine.scenarios import SCENARIOS

_KEYS = ["instrument", "date", "horizon_sessions"]


def with_challengers(
    frame: pd.DataFrame, plan: Plan, members: Sequence[ForecastInput], baselines: Sequence[Opponents]
) -> pd.DataFrame:
    """Forecasts of one group, with the columns ``NAME_continuation``, ``_range``, ``_breakdown`` of each challenger.

    Each model of ``forecast.models`` is fitted in the same folds, to the same rows, with the same calibrator; all
    settings but the model are the config's.  A column is NaN where its model has no forecast.

    Parameters
    ----------
    frame : the group's rows of forecasts.parquet.
    members, baselines : of the group, in one order.

    Raises
    ------
    ConfigError
        ``config.no_events`` where a challenger needs outcomes that the rule does not give.
    """
    for name in plan.config.forecast.models:
        config = with_overrides(plan.config, {"forecast.model": name, "forecast.models": []})
        sets = plan_of([entry.bars for entry in members], config, plan.features).horizon_sets
        own = replace(plan, config=config, horizon_sets=sets)
        with ThreadPoolExecutor(min(thread_count(), len(sets))) as pool:
            found = pool.map(carried(partial(forecast_horizons, own, members, baselines)), sets)
            group = GroupForecast(name, *zip(*found, strict=True))
        said = forecast_table(members, baselines, [group], plan.calendar, config)
        columns = {f"p_{scenario}": f"{name}_{scenario}" for scenario in SCENARIOS}
        said = said[[*_KEYS, *columns]].rename(columns=columns)
        frame = frame.merge(said, on=_KEYS, how="left", validate="one_to_one")
    return frame
