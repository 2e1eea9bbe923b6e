"""Fills in scenario tables from a replay and its forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from engine.bars.contracts.quoted import quoted_book, quoted_row
from engine.replay.book import book_at
from engine.replay.replay import Replay
from engine.table.around.attach import with_around
from engine.table.build import build_scenario
from engine.table.explain.explanation import NOTHING, Explanation
from engine.table.horizon_ends import with_horizon_ends, with_week
from engine.table.scenario import Scenario
from engine.table.story.background import NO_BACKGROUND, Background, background_of

if TYPE_CHECKING:
    from engine.bars.series import BarSeries
    from engine.config import Config
    from engine.forecast.inputs import ForecastInput
    from engine.forecast.walk_forward import Forecasts
    from engine.table.touch.book import LevelTouches


def table_at(
    replay: Replay,
    forecasts: pd.DataFrame,
    index: int,
    *,
    name: str | None = None,
    explained: Explanation = NOTHING,
) -> Scenario:
    """The table of bar ``index``, with the probabilities that ``forecasts`` has for that date.

    ``name`` is what readers call the instrument; its symbol if None.
    """
    book = book_at(replay, replay.bars.dates[index])
    return table_of(
        replay.bars,
        replay.frame.iloc[index : index + 1],
        book,
        forecasts,
        name=name,
        explained=explained,
        background=background_of(replay, index),
    )


def table_of(
    bars: BarSeries,
    row: pd.DataFrame,
    book: pd.DataFrame,
    forecasts: pd.DataFrame,
    *,
    name: str | None = None,
    explained: Explanation = NOTHING,
    background: Background = NO_BACKGROUND,
) -> Scenario:
    """The same from the ``row`` of the replay (a frame of one row) and the level book of that date."""
    said = {str(column): value for column, value in row.iloc[0].items()}
    mine = forecasts[(forecasts["instrument"] == said["instrument"]) & (forecasts["date"] == said["date"])]
    rolls = bars.around.rolls
    if rolls is not None:
        unit = rolls.unit(bars.index_of(str(said["date"])[:10]))
        said = quoted_row(said, unit)
        book = quoted_book(book, unit, said["close"])
    table = build_scenario(said, book, mine, name=name, explained=explained, background=background)
    return with_horizon_ends(with_week(table, bars.dates), bars.around.calendar)


def last_tables(
    replays: Mapping[str, Replay],
    inputs: Sequence[ForecastInput],
    forecasts: Forecasts,
    touch: Mapping[str, LevelTouches],
    config: Config,
) -> list[Scenario]:
    """The table of each instrument's last close, with intervals, notes, track record and analogues.

    ``touch`` is what :func:`engine.table.touch.book.book_touch` gives for these replays.
    """
    from engine.table.explain.explain import explain

    requests = [(symbol, replay.bars.dates[-1]) for symbol, replay in replays.items()]
    explained = explain(forecasts, inputs, config, requests)
    full = {symbol: replace(explained[symbol, day], level_touch=touch[symbol]) for symbol, day in requests}
    return plain_tables(replays, forecasts.frame, full, config)


def plain_tables(
    replays: Mapping[str, Replay],
    forecasts: pd.DataFrame,
    explained: Mapping[str, Explanation],
    config: Config,
) -> list[Scenario]:
    """The table of each instrument's last close, with what is ``explained`` of it."""
    names = {instrument.symbol: instrument.name for instrument in config.instruments}
    # taken apart once: looking every symbol up among all rows would grow with the square of the instruments
    mine = {str(symbol): rows for symbol, rows in forecasts.groupby("instrument", sort=False)}
    tables = []
    for symbol, replay in replays.items():
        one, rows = explained.get(symbol, NOTHING), mine.get(symbol, forecasts[:0])
        table = table_at(replay, rows, len(replay) - 1, name=names[symbol], explained=one)
        tables.append(with_around(table, replay.bars, config))
    return tables
