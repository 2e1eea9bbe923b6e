"""Levels, events and book; the whole replay; one more bar; one look-up; memory; the start of a second process."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc

import numba
import numpy as np

from benchmarks._clock import SIZES, growth_exponent, seconds
from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars
from engine.config import Config, parse_config
from engine.kernels.borrow import borrowed
from engine.replay.book import book_at, standing_at
from engine.replay.replay import replay
from engine.rules.book.births import confirm_levels
from engine.rules.book.events import empty_book, walk_events
from engine.rules.book.levels import EVENT, LEVEL, bar_at
from engine.rules.book.ranks import N_EVENTS, N_HOT, N_LEVELS, arm_all, move_averages
from engine.rules.indicators import INDICATORS, STATE_SIZE, advance_indicators
from engine.rules.kinds import find_candidates, level_params
from engine.rules.kinds.kind import usable

_CHUNK_BARS = 16_384

_START = """
import sys, time
from engine.bars.simulate import simulate_bars
from engine.config import parse_config
from engine.replay.replay import replay
source = {"kind": "bundled", "name": "nasdaq"}
config = parse_config({"name": "bench", "instruments": [{"symbol": "SIM", "source": source}]})
bars = simulate_bars(300)
started = time.perf_counter()
replay(bars, config)
print(time.perf_counter() - started)
"""


@numba.njit(error_model="numpy")
def _advance_book(
    high, low, close, indicators, start, stop, candidates, params, rows, counters, levels, events
):
    # the book's part of the walk: no setup, no features, no snapshots
    scratch = np.empty((N_HOT, len(rows)))
    hot = borrowed(scratch)
    rows, counters, candidates = borrowed(rows), borrowed(counters), borrowed(candidates)
    levels, events, indicators = borrowed(levels), borrowed(events), borrowed(indicators)
    arm_all(start - 1, indicators, rows, hot, counters, params)
    first = 0
    for i in range(start, stop):
        bar = bar_at(i, high, low, close, indicators)
        move_averages(i, indicators, rows, hot, counters)
        if usable(bar.atr, bar.close):
            walk_events(bar, indicators, params, rows, hot, counters, events)
        last = first
        while last < len(candidates) and candidates[last].bar == i:
            last += 1
        if last > first:
            confirm_levels(
                bar, candidates, first, last, indicators, params, rows, hot, counters, levels, events
            )
            first = last


def book_only(bars: BarSeries, config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Level table and event log of a whole history: indicators, every kind, events, merges, retirements."""
    n, params = len(bars), level_params(config.rules)
    indicators, state = np.empty((n, len(INDICATORS))), np.zeros(STATE_SIZE)
    rows, counters = empty_book()
    levels, events = np.empty(n // 2 + 400, LEVEL), np.empty(3 * n + 400, EVENT)
    for start in range(0, n, _CHUNK_BARS):
        stop = min(start + _CHUNK_BARS, n)
        advance_indicators(bars.high, bars.low, bars.close, start, stop, state, indicators)
        found = find_candidates(bars, indicators, start, stop, params)
        prices = (bars.high, bars.low, bars.close, indicators)
        _advance_book(*prices, start, stop, found, params, rows, counters, levels, events)
    return levels[: counters[N_LEVELS]], events[: counters[N_EVENTS]]


def measure() -> list[dict]:
    source = {"kind": "bundled", "name": "nasdaq"}
    config = parse_config({"name": "bench", "instruments": [{"symbol": "SIM", "source": source}]})
    longest = simulate_bars(max(SIZES), seed=1, volatility_persistence=0.97)
    _check(longest.cut(min(SIZES)), config)
    rows = []
    for name, work, budget in (
        ("levels, events and book", book_only, ">= 2"),
        ("whole replay", lambda bars, config: replay(bars, config).frame, ">= 1"),
    ):
        taken = {}
        for n in SIZES:
            bars = longest.cut(n)
            taken[n] = seconds(lambda b=bars, w=work: w(b, config), runs=5)
            rows.append(_row(f"{name}, {n:,} bars", n / taken[n] / 1e6, "million bars/s", budget))
        rows.append(_row(f"{name}: growth exponent", growth_exponent(taken), "", "<= 1.05"))

    # most of the memory is the frame's; what the operating system charges for it is not the kernels' doing
    before = os.times()
    whole = replay(longest, config)
    after = os.times()
    share = (
        (after.user - before.user) * 1e9 / len(longest),
        (after.system - before.system) * 1e9 / len(longest),
    )
    rows.append(_row(f"whole replay, {len(longest):,} bars: in the kernels", share[0], "ns/bar"))
    rows.append(_row(f"whole replay, {len(longest):,} bars: waiting for memory pages", share[1], "ns/bar"))
    del whole

    tracemalloc.start()
    whole = replay(longest, config)
    assert len(whole.frame) == len(longest)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    rows.append(_row("whole replay: peak memory", peak / len(longest), "bytes/bar", "<= 1024"))
    del whole

    history = replay(longest.cut(10_000), config)
    longer = longest.cut(10_001)
    rows.append(_row("one bar appended to 10,000", seconds(lambda: history.append(longer)) * 1e3, "ms"))
    day = history.bars.dates[9_000]
    rows.append(
        _row("book of a date: levels", seconds(lambda: standing_at(history, 9_000)) * 1e3, "ms", "<= 0.5")
    )
    rows.append(_row("book of a date: table", seconds(lambda: book_at(history, day)) * 1e3, "ms"))
    run = subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True, check=True)
    rows.append(_row("kernels of a second process", float(run.stdout), "s", "<= 1"))
    return rows


def _check(bars: BarSeries, config: Config) -> None:
    """The part that is timed alone is the part of the replay."""
    whole = replay(bars, config)
    levels, events = book_only(bars, config)
    assert levels.tobytes() == whole.table.tobytes()
    assert events.tobytes() == whole.log.tobytes()


def _row(name: str, value: float, unit: str, budget: str | None = None) -> dict:
    return {"name": name, "value": value, "unit": unit, "budget": budget}
