"""Context and releases of a finished run, read again from where the run had them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.bars.load import load_universe
from engine.bars.series import BarSeries
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.runs.run import Run


def surrounded(run: Run, symbols: Sequence[str]) -> dict[str, BarSeries]:
    """The run's own bars with what its config puts beside them, for the instruments that have any.

    A run folder holds no context and no releases.  They are read again from their files, and left out where a file is gone,
    or no longer gives the bars and the figures that the run had: a figure that was revised since was not known then.
    """
    config = run.config
    if not config.context and config.events is None:
        return {}
    try:
        loaded = load_universe(config).bars
    except EngineError:
        return {}
    found = {}
    for symbol in symbols:
        series = _same(loaded.get(symbol), run, symbol)
        if series is not None and _as_told(series, run, symbol):
            found[symbol] = series
    return found


def _same(series: BarSeries | None, run: Run, symbol: str) -> BarSeries | None:
    """The sessions of the run; None where their prices are no longer the same."""
    told = run.manifest["data"][symbol]
    if series is None:
        return None
    start, stop = series.index_of(told["first_date"]), series.index_of(told["last_date"]) + 1
    mine = series.between(max(start, 0), stop)
    return mine if mine.fingerprint() == told["sha256"] else None


def _as_told(series: BarSeries, run: Run, symbol: str) -> bool:
    """The figures of the last close are those that the run wrote down."""
    from engine.table.around import with_around
    from engine.table.scenario import Scenario

    stored = [Scenario.from_dict(item) for item in run.scenarios if item["instrument"] == symbol]
    if not stored:
        return False
    again = with_around(replace(stored[0], fundamentals=None, ahead=None), series, run.config)
    return again.fundamentals == stored[0].fundamentals and again.ahead == stored[0].ahead
