"""Fills in scenario tables from a replay and its forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from engine.replay.book import book_at
from engine.replay.replay import Replay
from engine.rules.reading import reading_sentence
from engine.table.horizon_ends import with_horizon_ends, with_week
from engine.table.scenario import Scenario, build_scenario

if TYPE_CHECKING:
    from engine.config import Config
    from engine.forecast.inputs import ForecastInput
    from engine.forecast.walk_forward import Forecasts
    from engine.table.touch.book import Touch


def table_at(replay: Replay, forecasts: pd.DataFrame, index: int, **extras: Any) -> Scenario:
    """The table of bar ``index``, with the probabilities that ``forecasts`` has for that date.

    ``extras`` go to :func:`build_scenario`: name, intervals, notes, reliability, analogues and the like.
    """
    row = {str(name): value for name, value in replay.frame.iloc[index].items()}
    mine = forecasts[(forecasts["instrument"] == row["instrument"]) & (forecasts["date"] == row["date"])]
    table = build_scenario(
        row,
        book_at(replay, replay.bars.dates[index]),
        mine,
        bias_sentence=reading_sentence(row),
        **extras,
    )
    return with_horizon_ends(with_week(table, replay.bars.dates), replay.bars.around.calendar)


def last_tables(
    replays: Mapping[str, Replay],
    inputs: Sequence[ForecastInput],
    forecasts: Forecasts,
    touch: Mapping[str, Touch],
    config: Config,
) -> list[Scenario]:
    """The table of each instrument's last close, with intervals, notes, track record and analogues.

    ``touch`` is what :func:`engine.table.touch.book.book_touch` gives for these replays.
    """
    from engine.table.explain import explain

    requests = [(symbol, replay.bars.dates[-1]) for symbol, replay in replays.items()]
    names = {instrument.symbol: instrument.name for instrument in config.instruments}
    explained = explain(forecasts, inputs, config, requests)
    return [
        table_at(
            replays[symbol],
            forecasts.frame,
            len(replays[symbol]) - 1,
            name=names[symbol],
            level_touch=touch[symbol],
            **explained[symbol, day].extras(),
        )
        for symbol, day in requests
    ]
