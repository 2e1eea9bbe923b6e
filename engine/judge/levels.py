"""Questions about levels, resolved on bars by the engine's own rule, and what distance and volatility say of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.bars.series import BarSeries
from engine.config import OutcomeConfig
from engine.errors import DataError
from engine.forecast.baselines.filtered_history import filtered_history
from engine.judge.table import ForecastTable
from engine.outcomes.outcomes import label
from engine.scenarios import SCENARIOS

_FIRST_FIT, _REFIT = 252, 63  # sessions, as in a run


def place_of(table: ForecastTable, bars: BarSeries) -> np.ndarray:
    """(n,) position of each row's date among the bars.

    Raises
    ------
    DataError
        ``judge.not_in_bars`` where a date is no session, ``judge.several_instruments``.
    """
    if len(set(table.instruments.tolist())) > 1:
        raise DataError(
            "judge.several_instruments",
            "one file of bars cannot belong to several instruments",
            "judge one instrument at a time, or give outcomes",
        )
    days = bars.dates.astype("datetime64[D]")
    place = np.searchsorted(days, table.dates)
    missing = (place == len(days)) | (days[np.minimum(place, len(days) - 1)] != table.dates)
    if missing.any():
        raise DataError(
            "judge.not_in_bars",
            f"{table.dates[missing][0]} is no session of {bars.symbol} ({int(missing.sum())} such rows)",
            "date a forecast by the close it was made at",
        )
    return place


def resolve(table: ForecastTable, bars: BarSeries) -> ForecastTable:
    """The table with the outcomes that the bars show: a high at the target, a close below the floor, or neither.

    Raises
    ------
    DataError
        as :func:`place_of`; ``judge.not_scenarios`` where the classes are not breakdown, range and continuation;
        ``judge.bad_levels`` where floor < close < target does not hold.
    """
    if set(table.classes) != set(SCENARIOS):
        raise DataError(
            "judge.not_scenarios",
            f"levels are resolved into {', '.join(SCENARIOS)}; the table has {', '.join(table.classes)}",
            "name the columns p_breakdown, p_range, p_continuation, or give outcomes",
        )
    place = place_of(table, bars)
    order = [table.classes.index(name) for name in SCENARIOS]
    codes = np.full(len(table), -1)
    for horizon in np.unique(table.horizons):
        mine = table.horizons == horizon
        found = label(bars, setup_of(table, bars, mine), [int(horizon)], OutcomeConfig()).codes[:, 0]
        codes[mine] = found[place[mine]]
    return replace(
        table, classes=SCENARIOS, probabilities=table.probabilities[:, order], codes=codes.astype(np.int64)
    )


def setup_of(table: ForecastTable, bars: BarSeries, mine: np.ndarray) -> np.ndarray:
    """(bars, 5) floor, ceiling, target_low, target_high, retest on the dates of some rows; NaN elsewhere."""
    assert table.levels is not None
    place = place_of(table, bars)
    floor, target = table.levels.T
    close = bars.close[place]
    bad = ~((floor < close) & (close < target) & (floor > 0))
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            "judge.bad_levels",
            f"{table.dates[row]}: floor {floor[row]:g}, close {close[row]:g}, target {target[row]:g} "
            f"({int(bad.sum())} such rows)",
            "the close lies between the two levels",
        )
    setup = np.full((len(bars), 5), np.nan)
    low, high = floor[mine], target[mine]
    setup[place[mine]] = np.column_stack([low, high, high, high, 0.99 * low])
    return setup


def history_of(table: ForecastTable, bars: BarSeries, *, paths: int, seed: int) -> np.ndarray:
    """(n, 3) filtered_history of the same questions, as a run with these horizons says it; NaN where the bars are too short to know."""
    ends = np.arange(1, len(bars) + 1)
    known = np.where(ends >= _FIRST_FIT, _FIRST_FIT + (ends - _FIRST_FIT) // _REFIT * _REFIT, 0)
    place, longest = place_of(table, bars), int(table.horizons.max())
    out = np.full((len(table), 3), np.nan)
    for setup, horizons in _sheets(table, bars):
        # as in a run: paths as long as the longest horizon, from which every shorter one is read
        found = filtered_history(bars, setup, known, longest, OutcomeConfig(), paths, seed)
        for horizon in horizons:
            mine = table.horizons == horizon
            out[mine] = found.probabilities[place[mine], horizon - 1]
    return out


def _sheets(table: ForecastTable, bars: BarSeries) -> list[tuple[np.ndarray, list[int]]]:
    """Setups (bars, 5), each with the horizons that it serves: those whose questions of a date are the same share one."""
    sheets: list[tuple[np.ndarray, list[int]]] = []
    for horizon in np.unique(table.horizons).tolist():
        setup = setup_of(table, bars, table.horizons == horizon)
        asked = np.isfinite(setup[:, 0])
        for number, (sheet, horizons) in enumerate(sheets):
            both = asked & np.isfinite(sheet[:, 0])
            if np.array_equal(setup[both], sheet[both]):
                sheets[number] = np.where(asked[:, None], setup, sheet), [*horizons, horizon]
                break
        else:
            sheets.append((setup, [horizon]))
    return sheets
