"""Each level kind against a plain-Python reading of its definition, bar by bar on the history cut there."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest
from arch.data import nasdaq
from hypothesis import given, settings

import engine.rules.kinds as registry
from engine.bars.simulate import simulate_bars
from engine.config import RulesConfig, parse_config
from engine.replay.book import book_at
from engine.replay.replay import replay
from engine.rules.indicators import ALL_TIME_HIGH, ATR, compute_indicators
from engine.rules.kinds import KINDS, LevelKind, find_candidates, level_params
from engine.rules.kinds.kind import put
from engine.rules.naming import by_month
from tests.some_bars import bundled, nasty_bars, series_of

RULES = RulesConfig()
HELPERS = ("kind", "scans")
SOURCE = {"kind": "bundled", "name": "nasdaq"}


def swing_high(bars, i, r, atr):
    k, h = r.pivot_bars, bars.high
    p = i - k
    if p < k or not (h[p - k : p] < h[p]).all() or not (h[p + 1 : i + 1] <= h[p]).all():
        return None
    return p, p, 1, h[p] - r.zone_width_atr * atr, h[p]


def swing_low(bars, i, r, atr):
    k, lo = r.pivot_bars, bars.low
    p = i - k
    if p < k or not (lo[p - k : p] > lo[p]).all() or not (lo[p + 1 : i + 1] >= lo[p]).all():
        return None
    return p, p, 1, lo[p], lo[p] + r.zone_width_atr * atr


def range_high(bars, i, r, atr):
    p, first = i - r.range_confirm_sessions, i - r.range_sessions + 1
    if first < 0:
        return None
    window = bars.high[first : i + 1]
    if first + int(np.argmax(window)) != p:  # argmax is the first of equal highs
        return None
    return p, p, 1, bars.high[p] - r.zone_width_atr * atr, bars.high[p]


def range_low(bars, i, r, atr):
    p, first = i - r.range_confirm_sessions, i - r.range_sessions + 1
    if first < 0:
        return None
    window = bars.low[first : i + 1]
    if first + int(np.argmin(window)) != p:
        return None
    return p, p, 1, bars.low[p], bars.low[p] + r.zone_width_atr * atr


def all_time_high(bars, i, r, atr):
    p = i - r.pivot_bars
    if p < 1 or bars.high[p] <= bars.high[:p].max() or bars.high[p] < bars.high[: i + 1].max():
        return None
    return p, p, 1, bars.high[p] - r.all_time_high_width_atr * atr, bars.high[p]


def _base(bars, b, r, height):
    """First bar and edges of the base that ends at b."""
    first = b
    for candidate in range(b - 1, b - r.base_sessions, -1):
        if candidate < 0:
            break
        inner = slice(candidate + 1, b + 1)
        low, high = bars.low[inner].min(), bars.high[inner].max()
        overlap = bars.low[candidate] <= high and bars.high[candidate] >= low
        whole = max(high, bars.high[candidate]) - min(low, bars.low[candidate])
        if not overlap or whole > height:
            break
        first = candidate
    return bars.low[first : b + 1].min(), bars.high[first : b + 1].max()


def _zone(bars, i, r, indicators, sign):
    if i < 1:
        return None
    close = sign * bars.close
    for b in range(i - 1, max(i - r.impulse_sessions, 0) - 1, -1):
        atr = indicators[b, ATR]
        if not atr > 1e-9 * bars.close[b]:
            continue
        bottom, top = _base(bars, b, r, r.base_height_atr * atr)
        if not top - bottom > 0 or top > bottom + r.base_height_atr * atr:
            continue
        near, far = (top, bottom) if sign > 0 else (-bottom, -top)  # edge left behind, edge that must hold
        moved = close[b + 1 : i + 1] - near >= r.impulse_atr * atr
        gone = close[b + 1] > near
        back = (close[b + 1 : i] < far).any()
        if gone and moved[-1] and not moved[:-1].any() and not back:
            return b, b, 1, bottom, top
    return None


def _turning_point(bars, j, r, sign):
    """Price (times sign, so that a low is a low) and index of the turning point that bar j confirms."""
    edge = bars.low if sign > 0 else -bars.high
    close, k = sign * bars.close, r.shelf_pivot_bars
    p = j - k
    if p >= k and (edge[p - k : p] > edge[p]).all() and (edge[p + 1 : j + 1] >= edge[p]).all():
        return p, edge[p]
    if j >= 2 and close[j - 1] < close[j - 2] and close[j - 1] < close[j]:
        return j - 1, close[j - 1]
    return None


def _shelf(bars, i, r, atr, sign):
    newest = _turning_point(bars, i, r, sign)
    if newest is None:
        return None
    formed, x = newest
    reach = 0.5 * r.shelf_width_atr * atr
    points, last = [x], formed
    for j in range(i - 1, max(i - r.shelf_sessions, 0) - 1, -1):
        if sign * bars.close[j] < x - reach - r.break_margin_atr * atr:
            break
        older = _turning_point(bars, j, r, sign)
        if older and abs(older[1] - x) <= reach and last - older[0] >= r.shelf_separation_sessions:
            points.append(older[1])
            last = older[0]
    if len(points) < r.shelf_min_touches:
        return None
    low = min(points)
    high = max(*points, low + r.zone_width_atr * atr)
    edges = (low, high) if sign > 0 else (-high, -low)
    return formed, last, len(points), *edges


TWINS = {
    "swing_high": lambda b, i, r, ind: swing_high(b, i, r, ind[i, ATR]),
    "swing_low": lambda b, i, r, ind: swing_low(b, i, r, ind[i, ATR]),
    "range_high": lambda b, i, r, ind: range_high(b, i, r, ind[i, ATR]),
    "range_low": lambda b, i, r, ind: range_low(b, i, r, ind[i, ATR]),
    "all_time_high": lambda b, i, r, ind: all_time_high(b, i, r, ind[i, ATR]),
    "demand_zone": lambda b, i, r, ind: _zone(b, i, r, ind, 1),
    "supply_zone": lambda b, i, r, ind: _zone(b, i, r, ind, -1),
    "support_shelf": lambda b, i, r, ind: _shelf(b, i, r, ind[i, ATR], 1),
    "resistance_shelf": lambda b, i, r, ind: _shelf(b, i, r, ind[i, ATR], -1),
}


def by_twin(bars, rules):
    """(bar, kind, formed, since, touches, low, high) of every zone, each decided on the history cut at its bar."""
    indicators = compute_indicators(bars)
    found = []
    for i in range(len(bars)):
        if not indicators[i, ATR] > 1e-9 * bars.close[i]:
            continue
        cut = bars.cut(i + 1)
        for name, twin in TWINS.items():
            zone = twin(cut, i, rules, indicators[: i + 1])
            if zone is not None:
                found.append((i, name, *zone))
    return found


def by_kernel(bars, rules, start=0, stop=None):
    stop = len(bars) if stop is None else stop
    rows = find_candidates(bars, compute_indicators(bars), start, stop, level_params(rules))
    return [
        (
            int(c["bar"]),
            KINDS[c["kind"]].name,
            int(c["formed"]),
            int(c["since"]),
            int(c["touches"]),
            float(c["low"]),
            float(c["high"]),
        )
        for c in rows
        if c["column"] < 0
    ]


def test_every_kind_of_the_registry_has_a_module_with_its_rule_and_lag():
    modules = {m.name for m in pkgutil.iter_modules(registry.__path__)} - set(HELPERS)
    assert modules == {kind.name for kind in KINDS}
    for name in modules:
        text = importlib.import_module(f"engine.rules.kinds.{name}").__doc__
        for part in ("Rule:", "Source:", "Parameters:", "Confirmation lag:", "ook-back:"):
            assert part in text, f"{name} does not state its {part}"


def test_every_zone_kind_has_a_twin():
    assert set(TWINS) == {kind.name for kind in KINDS if kind.scan is not None}


def test_real_bars_equal_the_twins():
    bars = bundled(nasdaq).cut(900)
    expected = by_twin(bars, RULES)
    assert {name for _, name, *_ in expected} == set(TWINS), "each kind must occur in the sample"
    assert sorted(by_kernel(bars, RULES)) == sorted(expected)


def test_other_parameters_equal_the_twins():
    rules = RulesConfig(
        pivot_bars=2,
        range_sessions=30,
        range_confirm_sessions=3,
        impulse_atr=1.5,
        impulse_sessions=4,
        base_sessions=6,
        base_height_atr=2.0,
        shelf_sessions=20,
        shelf_width_atr=1.5,
        shelf_pivot_bars=1,
        shelf_separation_sessions=1,
        shelf_min_touches=4,
    )
    bars = simulate_bars(350, seed=5, volatility_persistence=0.97)
    assert sorted(by_kernel(bars, rules)) == sorted(by_twin(bars, rules))


@settings(max_examples=40, deadline=None)
@given(nasty_bars(max_size=200))
def test_nasty_bars_equal_the_twins(bars):
    assert sorted(by_kernel(bars, RULES)) == sorted(by_twin(bars, RULES))


@pytest.mark.parametrize("start", [1, 60, 131, 299])
def test_a_scan_that_starts_later_finds_the_same(start):
    bars = simulate_bars(300, seed=3)
    whole = [zone for zone in by_kernel(bars, RULES) if zone[0] >= start]
    assert by_kernel(bars, RULES, start) == whole


def test_candidates_come_ordered_by_bar_then_kind_and_averages_once():
    bars = simulate_bars(400, seed=1)
    rows = find_candidates(bars, compute_indicators(bars), 0, 400, level_params(RULES))
    keys = list(zip(rows["bar"].tolist(), rows["kind"].tolist(), strict=True))
    assert keys == sorted(keys)
    averages = rows[rows["column"] >= 0]
    assert averages["bar"].tolist() == [49, 199]
    assert [KINDS[k].name for k in averages["kind"]] == ["moving_average_50", "moving_average_200"]


def test_prices_that_never_turn_have_no_pivots_and_flat_prices_no_zones():
    rising = series_of(100 * 1.01 ** np.arange(300.0))
    names = {name for _, name, *_ in by_kernel(rising, RULES)}
    assert not names & {"swing_high", "swing_low", "support_shelf", "resistance_shelf"}
    assert by_kernel(series_of(np.full(300, 50.0)), RULES) == []


def test_a_record_is_known_only_after_it_has_stood():
    bars = simulate_bars(500, seed=9)
    record = compute_indicators(bars)[:, ALL_TIME_HIGH]
    for bar, name, formed, *_, high in by_kernel(bars, RULES):
        if name == "all_time_high":
            assert bar == formed + RULES.pivot_bars
            assert high == bars.high[formed] == record[bar]


def test_a_new_kind_is_one_value_in_the_registry():
    """A toy kind: every tenth bar's close is a zone.  Nothing else knows of it, and it is replayed like the rest."""

    def scan(open, high, low, close, indicators, start, stop, params, out):
        count = 0
        for i in range(start, stop):
            if i % 10 == 0 and indicators[i, ATR] > 0:
                count = put(out, count, i, i, i, 1, close[i] - 0.1, close[i] + 0.1)
        return count

    toy = LevelKind("tenth_close", "tenth close", weight=0.9, major=True, named=by_month, scan=scan)
    bars = bundled(nasdaq).cut(400)
    config = parse_config({"name": "toy", "instruments": [{"symbol": "X", "source": SOURCE}]})
    with registry.KINDS.having(toy):
        result = replay(bars, config)
        born = result.levels[result.levels["kind"] == "tenth_close"]
        assert len(born) > 5
        assert born["name"].str.endswith("tenth close").all()
        assert "tenth_close" in set(book_at(result, bars.dates[-1])["kind"])
    assert "tenth_close" not in set(replay(bars, config).levels["kind"])
