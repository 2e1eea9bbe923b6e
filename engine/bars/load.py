"""From a config to bar series."""

from __future__ import annotations

import numpy as np

from engine.bars.series import BarSeries
from engine.bars.validate import to_series
from engine.config import (
    BundledSource,
    Config,
    CsvSource,
    Instrument,
    ParquetSource,
    ReplayConfig,
    YahooSource,
)
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
    from engine.bars.sources import bundled, tabular, yahoo

    source = instrument.source
    place = instrument.symbol
    match source:
        case BundledSource():
            frame = bundled.read_bundled(source.name)
        case CsvSource():
            frame, place = tabular.read_csv(source.path), str(source.path)
        case ParquetSource():
            frame, place = tabular.read_parquet(source.path), str(source.path)
        case YahooSource():
            frame, place = yahoo.read_yahoo(source), f"yahoo {source.ticker}"
    bars = to_series(frame, symbol=instrument.symbol, family=instrument.family, place=place)
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


def _between(bars: BarSeries, replay: ReplayConfig) -> BarSeries:
    first = 0 if replay.start is None else int(np.searchsorted(bars.dates, np.datetime64(replay.start, "D")))
    stop = len(bars) if replay.end is None else bars.index_of(replay.end) + 1
    if (first, stop) == (0, len(bars)):
        return bars
    cut = bars.cut(stop)
    return BarSeries(
        symbol=bars.symbol,
        family=bars.family,
        opens_real_from=max(0, cut.opens_real_from - first),
        **{name: getattr(cut, name)[first:] for name in ("dates", "open", "high", "low", "close", "volume")},
    )
