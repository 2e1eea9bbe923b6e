"""What ``engine check`` says about series with known defects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.bars.findings import find_in_bars
from engine.bars.simulate import simulate_bars


def codes(*series) -> set[str]:
    return {f.code for f in find_in_bars({s.symbol: s for s in series})}


def test_nothing_is_said_of_a_sound_series():
    assert codes(simulate_bars(600)) == set()


def test_fake_opens_gap_flat_volume_and_jump_are_each_seen():
    bars = simulate_bars(600)
    opens = bars.open.copy()
    opens[1:300] = bars.close[:299]
    assert "bars.fake_opens" in codes(replace(bars, open=opens, opens_real_from=310))
    dates = bars.dates.copy()
    dates[400:] += np.timedelta64(30, "D")
    assert "bars.long_gap" in codes(replace(bars, dates=dates))
    high = bars.high.copy()
    high[5] = bars.low[5]
    assert "bars.flat" in codes(replace(bars, high=high))
    assert "bars.no_volume" in codes(replace(bars, volume=np.zeros(600)))
    scale = np.where(np.arange(600) < 300, 2.0, 1.0)
    split = replace(bars, **{name: getattr(bars, name) * scale for name in ("open", "high", "low", "close")})
    assert "bars.jump" in codes(split)


def test_bars_dated_after_today_and_single_ones_are_told_apart():
    bars = simulate_bars(600)
    today = np.datetime64("today", "D")
    dates = np.concatenate([bars.dates[:-2], [today, today + 30]])
    found = {f.code: f.text for f in find_in_bars({"SIM": replace(bars, dates=dates)})}
    assert found["bars.future_dates"].startswith("1 bar dated after today")
    assert "2 gaps of" in found["bars.long_gap"]
    opens = np.concatenate([bars.close[:1], bars.close[:-1]])
    found = {f.code: f.text for f in find_in_bars({"SIM": replace(bars, open=opens, opens_real_from=600)})}
    assert "no open counts as a traded price" in found["bars.fake_opens"]


@pytest.mark.parametrize("rolls", [0, 8])
def test_rolls_are_suspected_only_where_the_future_leaves_its_index(rolls):
    index = simulate_bars(800, symbol="IDX")
    factor = np.ones(800)
    for k in range(rolls):
        factor[80 + 80 * k :] *= 1.01
    future = replace(
        index, symbol="FUT=F", **{n: getattr(index, n) * factor for n in ("open", "high", "low", "close")}
    )
    assert ("bars.rolls_suspected" in codes(future, index)) == (rolls > 0)
