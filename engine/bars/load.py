"""From a config to bar series, and to what is known against them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import date

import numpy as np

from engine.bars.findings import BarFinding, find_in_bars
from engine.bars.remarks import find_around
from engine.bars.series import BarSeries
from engine.bars.sources import read_source
from engine.bars.validate import Reading, read_series
from engine.config import Acceptance, Config, Correction, EventsConfig, Instrument, ReplayConfig, RollDates
from engine.errors import DataError, EngineError
from engine.severity import rank

# below this, neither the 200-day mean nor one year of shocks for filtered_history exists
MINIMUM_SESSIONS = 315

Told = Callable[[list[BarFinding]], None]


def load_bars(
    instrument: Instrument, replay: ReplayConfig, corrections: tuple[Correction, ...] = ()
) -> BarSeries:
    """The corrected and checked bars of one instrument, cut to the sessions of ``replay``.

    Parameters
    ----------
    corrections : those of this instrument.

    Raises
    ------
    DataError
        From the source or the content checks, or ``data.too_few_bars`` with the number needed.
    """
    table = read_source(instrument.source, instrument.symbol)
    place = table.place
    reading = Reading(
        symbol=instrument.symbol,
        family=instrument.family,
        place=place,
        opens=instrument.opens,
        adjust=instrument.adjust,
        corrections=corrections,
    )
    around = changed(table.around, calendar=instrument.calendar)
    bars = changed(read_series(table.frame, reading), around=around)
    rolls = getattr(instrument.source, "roll_dates", None)
    if rolls is not None:
        bars = _without_rolls(bars, rolls)
    if instrument.calendar is not None:
        _require_calendar(bars, instrument.calendar, place)
    bars = _between(bars, replay.start, replay.end)
    bars = _between(bars, instrument.first_date, instrument.last_date)
    if len(bars) < MINIMUM_SESSIONS:
        raise DataError(
            "data.too_few_bars",
            f"{place}: {len(bars)} sessions, {MINIMUM_SESSIONS} are needed",
            "use a longer history, or widen replay.start and replay.end",
        )
    return bars


@dataclass(frozen=True, slots=True, eq=False)
class Universe:
    """The bars of every instrument by symbol, in the order of the config, and what ``on_error: skip`` left out."""

    bars: dict[str, BarSeries]
    left_out: dict[str, EngineError]


def load_universe(config: Config) -> Universe:
    """The bars of every instrument; with ``on_error: skip`` those that cannot be used are left out.

    Raises
    ------
    DataError
        As :func:`load_bars`; ``data.nothing_left`` where every instrument was left out; ``data.too_few_bars`` when no
        instrument is long enough for a first fold.
    """
    loaded: dict[str, BarSeries] = {}
    left_out: dict[str, EngineError] = {}
    for item in config.instruments:
        try:
            loaded[item.symbol] = load_bars(item, config.replay, corrections_of(config, item.symbol))
        except EngineError as refused:
            if config.on_error == "stop":
                raise
            left_out[item.symbol] = refused
    if not loaded:
        symbol, first = next(iter(left_out.items()))
        raise DataError(
            "data.nothing_left",
            f"not one of {len(left_out)} instruments can be used; {symbol}: {first.message}",
            first.hint,
        )
    if config.context:
        loaded = _with_context(loaded, config)
    if config.events is not None:
        loaded = _with_events(loaded, config.events)
    calendar = np.unique(np.concatenate([bars.dates for bars in loaded.values()]))
    needed = config.forecast.min_train_sessions + max(config.horizons) + 1
    if len(calendar) < needed:
        raise DataError(
            "data.too_few_bars",
            f"{', '.join(loaded)}: {len(calendar)} sessions in all, {needed} are needed for a first forecast",
            "use a longer history, or lower forecast.min_train_sessions",
        )
    return Universe(loaded, left_out)


def load_all(config: Config) -> dict[str, BarSeries]:
    """The bars of :func:`load_universe` alone; what is found in them is not judged."""
    return load_universe(config).bars


def _without_rolls(bars: BarSeries, rolls: RollDates) -> BarSeries:
    import pandas as pd

    from engine.bars.contracts import with_roll_dates

    try:
        table = pd.read_csv(rolls.path, dtype=str)
    except (OSError, ValueError) as error:
        raise DataError(
            "data.missing_file",
            f"{rolls.path}: cannot be read ({error})",
            "roll_dates names a CSV with a column date",
        ) from None
    return with_roll_dates(bars, table, rolls.gap, rolls.column, rolls.adjustment, str(rolls.path))


def _with_context(loaded: dict[str, BarSeries], config: Config) -> dict[str, BarSeries]:
    from engine.bars.context import Context, check_volatility, known_values, read_context

    observed = tuple(read_context(item) for item in config.context)
    for one in observed:
        if not any(np.isfinite(known_values(one, bars.dates)[0]).any() for bars in loaded.values()):
            raise DataError(
                "context.never_known",
                f"context {one.name}: observations from {one.dates[0]} to {one.dates[-1]} are not known on a single session of "
                f"{', '.join(loaded)}",
                "give a series of the same years, or correct its dates and its lag",
            )
        if one.name in config.forecast.variance_inputs:
            for symbol, bars in loaded.items():
                check_volatility(symbol, one.name, known_values(one, bars.dates)[0], bars.close)
    return {
        symbol: changed(
            bars,
            around=changed(
                bars.around, context=Context(bars.dates, observed, known_values).between(0, len(bars))
            ),
        )
        for symbol, bars in loaded.items()
    }


def _with_events(loaded: dict[str, BarSeries], item: EventsConfig) -> dict[str, BarSeries]:
    from engine.bars.events import Events, read_events

    schedule = read_events(item)
    found = {}
    for symbol, bars in loaded.items():
        events = Events(bars.dates, schedule, bars.around.calendar)
        found[symbol] = changed(bars, around=changed(bars.around, events=events))
    return found


def _require_calendar(bars: BarSeries, calendar: str, place: str) -> None:
    from engine.bars.calendars import best_calendar, compare_with

    found = compare_with(calendar, bars.dates)
    if found.fits or found.without_known_closures.fits:
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


def load_sound(
    config: Config,
    told: Told | None = None,
    as_of: str | None = None,
    *,
    universe: Universe | None = None,
) -> tuple[dict[str, BarSeries], list[BarFinding]]:
    """The bars to work with, and the findings about them, worst first; what makes a replay meaningless stops here.

    Parameters
    ----------
    told : is given the findings before anything is stopped.
    as_of : only bars up to this day are loaded and judged, as they were known after its close.
    universe : of :func:`load_universe`, where it has been loaded already.

    Raises
    ------
    DataError
        As :func:`load_all`; the code of the first finding of severity ``failure`` that ``accept`` does not name;
        ``data.too_few_bars`` where ``as_of`` is before all bars, ``data.no_session`` where it is a session of none.
    """
    bars = (universe or load_universe(config)).bars
    if as_of is not None:
        bars = _as_of(bars, as_of)
    findings = judged(bars, config)
    if as_of is not None:
        # a hole in the context on that day makes its features missing there, as it does in the whole history
        findings = [
            changed(f, severity="warning") if f.stops and f.code.startswith("context.") else f
            for f in findings
        ]
    if told is not None:
        told(findings)
    require_sound(findings)
    return bars, findings


def judged(
    bars: Mapping[str, BarSeries], config: Config, *, guess_calendars: bool = False
) -> list[BarFinding]:
    """Every finding, worst first; those that ``accept`` names carry its reason.

    Sessions are held against the calendars the config names; with ``guess_calendars`` also against the one that fits best.
    """
    found = find_in_bars(bars) + find_around(bars, guess_calendars=guess_calendars)
    found.sort(key=lambda finding: rank(finding.severity))
    return [_accepted(finding, config.accept, bars[finding.symbol].dates) for finding in found]


def require_sound(findings: list[BarFinding]) -> None:
    """Raise where a finding makes a replay meaningless and the config does not accept it."""
    stopping = [finding for finding in findings if finding.stops]
    if not stopping:
        return
    first, others = stopping[0], len(stopping) - 1
    more = f" (and {others} more finding{'s' if others > 1 else ''} that stop a replay)" if others else ""
    day = f", date: {first.date}" if first.date is not None else ""
    raise DataError(
        first.code,
        f"{first.symbol}: {first.text.rstrip('.')}{more}",
        f"{first.remedy}: `accept: [{{finding: {first.code}{day}, reason: ...}}]`; `engine check` lists every finding",
    )


def corrections_of(config: Config, symbol: str) -> tuple[Correction, ...]:
    """The corrections of one instrument."""
    return tuple(item for item in config.corrections if item.symbol in (None, symbol))


def _accepted(finding: BarFinding, accept: tuple[Acceptance, ...], dates: np.ndarray) -> BarFinding:
    first, last = finding.date, finding.until or finding.date
    if first is not None and last != first:
        # a stretch of repeated prices begins, for a reader, with the session that is repeated
        first = str(dates[max(0, int(np.searchsorted(dates, np.datetime64(first, "D"))) - 1)])
    for item in accept:
        inside = item.date is None or (
            first is not None and last is not None and first <= str(item.date) <= last
        )
        if item.finding == finding.code and item.symbol in (None, finding.symbol) and inside:
            return changed(finding, accepted=item.reason or "no reason given")
    return finding


def _as_of(bars: dict[str, BarSeries], day: str) -> dict[str, BarSeries]:
    known = {symbol: series.cut(series.index_of(day) + 1) for symbol, series in bars.items()}
    if not any(len(series) for series in known.values()):
        first = min(series.dates[0] for series in bars.values())
        raise DataError(
            "data.too_few_bars",
            f"{', '.join(bars)}: {day} is before the first session, {first}",
            "name a later date, or use a longer history",
        )
    if not any(len(series) and series.dates[-1] == np.datetime64(day, "D") for series in known.values()):
        longest = max(bars.values(), key=len)
        raise DataError(
            "data.no_session", f"{', '.join(bars)}: {day} is no session", neighbours(longest, day)
        )
    return {symbol: series for symbol, series in known.items() if len(series)}


def neighbours(bars: BarSeries, day: str) -> str:
    """The sessions around a day that is none, for the hint of an error."""
    before = bars.index_of(day)
    around = [str(bars.dates[at]) for at in (before, before + 1) if 0 <= at < len(bars)]
    return f"the nearest {'sessions are' if len(around) > 1 else 'session is'} {' and '.join(around)}"


def _between(bars: BarSeries, start: date | None, end: date | None) -> BarSeries:
    first = 0 if start is None else int(np.searchsorted(bars.dates, np.datetime64(start, "D")))
    stop = len(bars) if end is None else bars.index_of(end) + 1
    return bars if (first, stop) == (0, len(bars)) else bars.between(first, stop)
