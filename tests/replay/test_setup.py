"""The setup against a plain-Python choice from the book of the same close."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arch.data import nasdaq
from hypothesis import given, settings

from engine.bars.simulate import simulate_bars
from engine.config import parse_config, with_overrides
from engine.replay.replay import replay
from engine.replay.setup import share_projected
from engine.rules.indicators import ATR, SIGMA
from engine.rules.kinds import KINDS
from tests.rules.book.book_twin import Twin
from tests.some_bars import bundled, nasty_bars

CONFIG = parse_config(
    {
        "name": "test",
        "instruments": [{"symbol": "T", "source": {"kind": "bundled", "name": "nasdaq"}}],
        "setup": {"memory": False},
    }
)


class SetupTwin(Twin):
    """The twin of the book, asked for a setup after every bar."""

    def __init__(self, bars, config):
        self.choice = config.setup
        self.setups = []
        super().__init__(bars, config.rules)

    def births(self, candidates, i, atr):
        super().births(candidates, i, atr)
        self.setups.append(self.choose(i, atr))

    def choose(self, i, atr):
        s, price, sigma = self.choice, self.bars.close[i], self.indicators[i, SIGMA]
        nothing = [math.nan] * 5, [-2] * 4
        if not (atr > 1e-9 * price and sigma > 1e-9):
            return nothing
        zones = [(*self.zone(x, i), x) for x in self.alive]

        def major(x):
            return any(KINDS[k].major for k in x.kinds) or x.strength(i) >= s.strong_strength

        def within(distance, least):
            return least * atr <= distance <= s.max_atr * atr

        above = [
            z
            for z in zones
            if z[1] >= price + s.min_ceiling_atr * atr and z[1] > price and z[0] - price <= s.max_atr * atr
        ]
        # of zones that hold the close the one that ends first (and of those the one that begins last), then the lowest
        above.sort(
            key=lambda z: (0, z[1], -z[0], -z[2].id) if z[0] <= price else (1, z[0], z[1], z[2].id),
        )
        targets = [z for z in zones if z[0] > price and z[0] - price <= s.max_atr * atr and major(z[2])]
        targets.sort(key=lambda z: (z[0], z[2].id))
        target = None
        if above:
            ceiling_level = above[0]
            ceiling = ceiling_level[1]
            if ceiling_level[0] - price >= s.min_target_atr * atr and major(ceiling_level[2]):
                target, ceiling = ceiling_level, ceiling_level[0]
        else:
            ceiling_level = None
            ceiling = price * math.exp(min(s.ceiling_projection_atr, s.target_projection_atr) * atr / price)
        if target is None:
            least = max(ceiling, price + s.min_target_atr * atr)
            target = next((z for z in targets if z[0] >= least), None)
        low = target[0] if target else max(price * math.exp(s.target_projection_atr * atr / price), ceiling)
        high = target[1] if target else low
        floors = [
            z
            for z in zones
            if z[1] < price
            and z[0] <= price - s.min_floor_atr * atr
            and z[0] >= price - s.max_atr * atr
            and major(z[2])
        ]
        base = max(floors, key=lambda z: (z[0], z[2].id), default=None)
        floor = base[0] if base else price * math.exp(-s.floor_projection_atr * atr / price)
        under = [
            z
            for z in zones
            if z[0] <= price and z[1] <= floor - s.min_retest_atr * atr and z[1] >= floor - s.max_atr * atr
        ]
        # of zones that end at the same price, the one that begins highest
        below = max(under, key=lambda z: (z[1], z[0], z[2].id), default=None)
        retest = below[1] if below else floor * math.exp(-s.retest_projection_atr * atr / price)
        if not 0 < retest < floor < price < ceiling <= low <= high < math.inf:
            return nothing
        ids = [z[2].id if z else -1 for z in (base, ceiling_level, target, below)]
        return [floor, ceiling, low, high, retest], ids


def assert_equal_to_twin(bars, config):
    ours, twin = replay(bars, config), SetupTwin(bars, config)
    expected = np.array([prices for prices, _ in twin.setups])
    ids = np.array([chosen for _, chosen in twin.setups])
    np.testing.assert_allclose(ours.setup, expected, rtol=1e-12, equal_nan=True)
    np.testing.assert_array_equal(ours.setup_levels, ids)
    return ours


def test_real_bars_equal_the_twin():
    ours = assert_equal_to_twin(bundled(nasdaq).cut(1500), CONFIG)
    defined = ours.setup_levels[:, 0] != -2
    assert (ours.setup_levels[defined] == -1).any(axis=0).all(), "every edge is projected at times"
    assert (ours.setup_levels[defined] >= 0).any(axis=0).all(), "and every edge is a level at times"
    same = (ours.setup_levels[:, 1] == ours.setup_levels[:, 2]) & (ours.setup_levels[:, 1] >= 0)
    assert same.any(), "the nearest resistance may itself be the target"
    np.testing.assert_array_equal(ours.setup[same, 1], ours.setup[same, 2])


def test_other_thresholds_equal_the_twin():
    config = with_overrides(
        CONFIG,
        {
            "setup.min_target_atr": 0.5,
            "setup.min_floor_atr": 0.4,
            "setup.min_ceiling_atr": 0.0,
            "setup.min_retest_atr": 0.1,
            "setup.max_atr": 1.5,
            "setup.strong_strength": 0.1,
            "rules.pivot_bars": 2,
        },
    )
    assert_equal_to_twin(simulate_bars(800, seed=21, volatility_persistence=0.97), config)


@settings(max_examples=25, deadline=None)
@given(nasty_bars())
def test_nasty_bars_equal_the_twin(bars):
    assert_equal_to_twin(bars, CONFIG)


@pytest.mark.parametrize("edge", range(4))
def test_levels_named_in_a_setup_are_alive_and_where_the_setup_says(edge):
    from engine.replay.book import standing_at

    bars = bundled(nasdaq).cut(1200)
    ours = replay(bars, CONFIG)
    column = {0: (0, "low"), 1: (1, None), 2: (2, "low"), 3: (4, "high")}[edge]
    for i in range(250, 1200, 50):
        level = int(ours.setup_levels[i, edge])
        if level < 0:
            continue
        rows = standing_at(ours, i)
        row = rows[rows["id"] == level]
        assert len(row) == 1
        if column[1] and row["column"][0] < 0:
            assert row[column[1]][0] == ours.setup[i, column[0]]


def test_distances_respect_the_thresholds():
    ours = replay(bundled(nasdaq), CONFIG)
    atr, close = ours.indicators[:, ATR], ours.bars.close
    floor, _, target, _, _ = ours.setup.T
    real_floor, real_target = ours.setup_levels[:, 0] >= 0, ours.setup_levels[:, 2] >= 0
    down, up = ((close - floor) / atr)[real_floor], ((target - close) / atr)[real_target]
    for distance, least in ((down, CONFIG.setup.min_floor_atr), (up, CONFIG.setup.min_target_atr)):
        assert distance.min() >= least - 1e-9
        assert distance.max() <= CONFIG.setup.max_atr + 1e-9


def test_share_projected_counts_dates_with_a_setup_only():
    ids = np.array([[-2, -2, -2, -2], [-1, 3, 4, 5], [7, -1, -1, 5], [7, 3, -1, 5], [7, 3, -1, 5]])
    assert share_projected(ids) == {"floor": 0.25, "ceiling": 0.25, "target": 0.75, "retest": 0.0}
    assert share_projected(ids[:1]) == {"floor": None, "ceiling": None, "target": None, "retest": None}
