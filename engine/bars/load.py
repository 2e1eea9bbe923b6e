"""From a config to bar series."""

from __future__ import annotations

from dataclasses import replace as changed

import numpy as np

from engine.bars.series import BarSeries
from engine.bars.sources import read_source
from engine.bars.validate import to_series
from engine.config import Config, Instrument, ReplayConfig
from engine.errors import DataError

# below this, neither the 200-day mean nor one year of shocks for filtered_history exists
MINIMUM_SESSIONS = 315


def load_bars(instrument: Instrument, replay: ReplayConfig) -> BarSeries:
    """The checked bars of one instrument, cut to the sessions of ``replay``.

    Raises
    ------
    DataError
        From the source or the content checks, or ``data.too_few_bars`` with the number needed.
    """
    table = read_source(instrument.source, instrument.symbol)
    place = table.place
    bars = to_series(table.frame, symbol=instrument.symbol, family=instrument.family, place=place)
    bars = changed(bars, around=changed(table.around, calendar=instrument.calendar))
    if instrument.calendar is not None:
        _require_calendar(bars, instrument.calendar, place)
    bars = _between(bars, replay)
    if len(bars) < MINIMUM_SESSIONS:
        raise DataError(
            "data.too_few_bars",
            f"{place}: {len(bars)} sessions, {MINIMUM_SESSIONS} are needed",
            "use a longer history, or widen replay.start and replay.end",
        )
    return bars


def load_all(config: Config) -> dict[str, BarSeries]:
    """The bars of every instrument by symbol, in the order of the config.

    Raises
    ------
    DataError
        As :func:`load_bars`; also ``data.too_few_bars`` when no instrument is long enough for a first fold.
    """
    loaded = {item.symbol: load_bars(item, config.replay) for item in config.instruments}
    calendar = np.unique(np.concatenate([bars.dates for bars in loaded.values()]))
    needed = config.forecast.min_train_sessions + max(config.horizons) + 1
    if len(calendar) < needed:
        raise DataError(
            "data.too_few_bars",
            f"{', '.join(loaded)}: {len(calendar)} sessions in all, {needed} are needed for a first forecast",
            "use a longer history, or lower forecast.min_train_sessions",
        )
    return loaded


def _require_calendar(bars: BarSeries, calendar: str, place: str) -> None:
    from engine.bars.calendars import best_calendar, compare_with

    found = compare_with(calendar, bars.dates)
    if found.fits:
        return
    best = best_calendar(bars.dates)
    guess = f"{best.calendar} fits best" if best is not None else "no known calendar fits"
    raise DataError(
        "data.calendar_mismatch",
        f"{place}: {len(found.missing)} of {found.sessions} sessions of {calendar} are missing and {len(found.extra)} rows "
        f"lie on days without a session; {guess}",
        f"write calendar: {best.calendar}, or correct the dates"
        if best is not None
        else "leave the key calendar out",
    )


def _between(bars: BarSeries, replay: ReplayConfig) -> BarSeries:
    first = 0 if replay.start is None else int(np.searchsorted(bars.dates, np.datetime64(replay.start, "D")))
    stop = len(bars) if replay.end is None else bars.index_of(replay.end) + 1
    if (first, stop) == (0, len(bars)):
        return bars
    cut = bars.cut(stop)
    return changed(
        cut,
        opens_real_from=max(0, cut.opens_real_from - first),
        **{name: getattr(cut, name)[first:] for name in ("dates", "open", "high", "low", "close", "volume")},
    )
