"""One bar against one setup: the whole truth table of the rule."""

from __future__ import annotations

import numpy as np
import pytest

from engine.outcomes.first_touch import (
    RULE_BAND,
    RULE_TARGET,
    RULE_TERMINAL,
    RULES,
    terminal_class,
    touch_bar,
)
from engine.scenarios import SCENARIOS

FLOOR, CEILING, TARGET = 90.0, 105.0, 110.0


def touch(bar, *, rule=RULE_TARGET, low_breaks=False, tie_up=False, real_open=True):
    return touch_bar(rule, low_breaks, tie_up, real_open, *bar, FLOOR, CEILING, TARGET)


@pytest.mark.parametrize(
    ("bar", "closes", "touches"),
    [
        # open, high, low, close
        ((100.0, 104.0, 96.0, 101.0), 0, 0),
        ((100.0, 110.0, 99.0, 101.0), 2, 2),  # exactly at the target
        ((100.0, 101.0, 90.0, 90.0), 0, 1),  # exactly at the floor: a touch, but no close below
        ((100.0, 101.0, 85.0, 89.0), 1, 1),
        ((100.0, 101.0, 85.0, 95.0), 0, 1),  # dipped below, closed above
        ((100.0, 112.0, 85.0, 95.0), 2, 11),  # both, order unknown
        ((100.0, 112.0, 85.0, 85.0), 2, 11),  # the high comes before the close of its own bar
        ((90.0, 112.0, 85.0, 95.0), 2, 1),  # opened at the floor
        ((110.0, 112.0, 85.0, 95.0), 2, 2),  # opened at the target
        ((80.0, 85.0, 78.0, 82.0), 1, 1),
        ((120.0, 125.0, 118.0, 122.0), 2, 2),
    ],
)
def test_target_rule(bar, closes, touches):
    assert touch(bar) == closes
    assert touch(bar, low_breaks=True) == touches


def test_tie_policy_and_unreal_opens():
    both = (90.0, 112.0, 85.0, 95.0)
    assert touch(both, low_breaks=True, tie_up=True) == 1  # the open decides before the policy does
    assert touch(both, low_breaks=True, tie_up=True, real_open=False) == 12
    assert touch(both, low_breaks=True, real_open=False) == 11


def test_band_rule_reads_closes_only():
    assert touch((100.0, 120.0, 80.0, 100.0), rule=RULE_BAND) == 0
    assert touch((100.0, 120.0, 80.0, 105.0), rule=RULE_BAND) == 0
    assert touch((100.0, 120.0, 80.0, 105.1), rule=RULE_BAND) == 2
    assert touch((100.0, 120.0, 80.0, 90.0), rule=RULE_BAND, low_breaks=True) == 0
    assert touch((100.0, 120.0, 80.0, 89.9), rule=RULE_BAND) == 1


def test_terminal_rule_looks_at_the_last_close_only():
    assert touch((80.0, 125.0, 78.0, 82.0), rule=RULE_TERMINAL) == 0
    named = [SCENARIOS[terminal_class(c, FLOOR, CEILING)] for c in (89.9, 90.0, 105.0, 105.1)]
    assert named == ["breakdown", "range", "range", "continuation"]


def test_nan_decides_nothing():
    nan = float("nan")
    for rule in RULES.values():
        for low_breaks in (False, True):
            assert touch((nan, nan, nan, nan), rule=rule, low_breaks=low_breaks) == 0
            assert touch_bar(rule, low_breaks, False, True, 100.0, 120.0, 80.0, 85.0, nan, nan, nan) == 0


def test_any_monotone_scale_gives_the_same_answer():
    bar = np.array([100.0, 112.0, 85.0, 89.0])
    levels = np.array([FLOOR, CEILING, TARGET])
    for scale in (np.log, lambda x: x / 97.3, lambda x: x - 500.0):
        for low_breaks in (False, True):
            scaled = touch_bar(RULE_TARGET, low_breaks, False, True, *scale(bar), *scale(levels))
            assert scaled == touch(tuple(bar), low_breaks=low_breaks)
