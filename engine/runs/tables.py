"""The table of any date of a finished run, made again from what its folder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from engine.errors import RunError
from engine.replay.replay import replay as replay_bars

if TYPE_CHECKING:
    from engine.runs.run import Run
    from engine.table.scenario import Scenario


def tables_at(run: Run, date: str | None, symbol: str | None) -> list[Scenario]:
    """One table with its whole level book per instrument; see :func:`engine.commands.show`."""
    from engine.table.explain.explanation import Explanation
    from engine.table.fill import table_at
    from engine.table.touch.book import book_touch

    bars = run.bars
    if symbol is not None and symbol not in bars:
        raise RunError(
            "run.no_such_instrument", f"{symbol} is not in this run", f"choose one of {', '.join(bars)}"
        )
    replays, index = {}, {}
    for key, series in bars.items():
        index[key] = len(series) - 1 if date is None else series.index_of(date)
        if index[key] >= 0:
            replays[key] = replay_bars(series.cut(index[key] + 1), run.config)
    tables = []
    with threadpool_limits(1):
        touch = book_touch(replays, run.config)
    names = {instrument.symbol: instrument.name for instrument in run.config.instruments}
    for key in [symbol] if symbol else bars:
        if key not in replays:
            raise RunError(
                "run.no_such_date",
                f"{key}: {date} is before the first session",
                f"the run starts on {bars[key].dates[0]}",
            )
        tables.append(
            table_at(
                replays[key],
                run.forecasts,
                index[key],
                name=names[key],
                explained=Explanation(level_touch=touch[key]),
            )
        )
    return tables
