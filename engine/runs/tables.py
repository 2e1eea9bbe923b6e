"""The table of any date of a finished run, made again from what its folder holds, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from engine.bars.load import neighbours
from engine.bars.series import BarSeries
from engine.config import Config, guests_of
from engine.errors import RunError
from engine.guests import present
from engine.replay.replay import replay as replay_bars

if TYPE_CHECKING:
    from engine.replay.replay import Replay
    from engine.runs.run import Run
    from engine.table.explain.explanation import Explanation
    from engine.table.scenario import Scenario


def tables_at(
    run: Run, date: str | None, symbol: str | None, *, quick: bool = False
) -> list[tuple[Scenario, list[str]]]:
    """One table with its whole level book, and what came of it, per instrument; see :func:`engine.commands.show`."""
    # code of a plugin is run from the user's own file only, and only where it still is that of the run
    with present(guests_of(run.config)):
        return _tables_at(run, date, symbol, quick)


def _tables_at(
    run: Run, date: str | None, symbol: str | None, quick: bool
) -> list[tuple[Scenario, list[str]]]:
    from engine.report.prose.afterwards import what_came
    from engine.runs.around import surrounded
    from engine.table.around import with_around
    from engine.table.explain.explanation import Explanation
    from engine.table.fill import table_at
    from engine.table.touch.book import book_touch

    bars = run.bars
    if symbol is not None and symbol not in bars:
        raise RunError(
            "run.no_such_instrument", f"{symbol} is not in this run", f"choose one of {', '.join(bars)}"
        )
    chosen = [symbol] if symbol else list(bars)
    if date is not None and not any(_is_session(bars[key], date) for key in chosen):
        raise RunError(
            "run.no_such_date",
            f"{date} is no session of {', '.join(chosen)}",
            neighbours(bars[chosen[0]], date),
        )
    replays, index = {}, {}
    for key, series in bars.items():
        index[key] = len(series) - 1 if date is None else series.index_of(date)
        if index[key] >= 0:
            replays[key] = replay_bars(series.cut(index[key] + 1), run.config)
    with threadpool_limits(1):
        touch = book_touch(replays, run.config)
        explained = {} if quick else _explained(run.config, replays, chosen)
    names = {instrument.symbol: instrument.name for instrument in run.config.instruments}
    around = {} if quick else surrounded(run, chosen)
    found = []
    for key in chosen:
        if key not in replays:
            continue
        told = replace(explained.get(key, Explanation()), level_touch=touch[key])
        table = table_at(replays[key], run.forecasts, index[key], name=names[key], explained=told)
        if key in around:
            table = with_around(table, around[key].cut(index[key] + 1), run.config)
        found.append((table, what_came(table, run.outcomes)))
    return found


def _explained(
    config: Config, replays: Mapping[str, Replay], symbols: Sequence[str]
) -> dict[str, Explanation]:
    """Notes and intervals of the last close of each replay; nothing where the bars alone do not give the forecasts."""
    from engine.config import ContractsSource
    from engine.errors import DataError
    from engine.forecast.inputs import forecast_input
    from engine.forecast.walk_forward import walk_forward
    from engine.table.explain.explain import explain

    sources = [item.source for item in config.instruments]
    rolled = any(isinstance(s, ContractsSource) or getattr(s, "roll_dates", None) for s in sources)
    if config.context or rolled:
        return {}
    inputs = [forecast_input(one) for one in replays.values()]
    try:
        forecasts = walk_forward(inputs, config)
    except DataError:  # before the first fold there is nothing to explain
        return {}
    last = {symbol: replays[symbol].bars.dates[-1] for symbol in symbols if symbol in replays}
    found = explain(forecasts, inputs, config, list(last.items()))
    return {symbol: found[symbol, day] for symbol, day in last.items()}


def _is_session(bars: BarSeries, date: str) -> bool:
    at = bars.index_of(date)
    return at >= 0 and str(bars.dates[at]) == date
