"""False discoveries among instruments: known answers, and their rate where nothing is to be found."""

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from engine.verify.multiple import benjamini_hochberg
from engine.verify.overlap import Windows
from engine.verify.rows import Rows
from engine.verify.skill.members import member_skill


def test_adjusted_p_values_are_scipys():
    for n in (1, 2, 7, 50):
        p = np.random.default_rng(n).random(n) ** 2
        np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p))
    known = benjamini_hochberg([0.01, np.nan, 0.5])
    np.testing.assert_allclose(known, [0.02, np.nan, 0.5])


def rows_of(instruments, dates, edge, seed):
    """Outcomes drawn from the model for the first ``edge`` instruments, and from the baseline for the others."""
    rng = np.random.default_rng(seed)
    n = instruments * dates
    instrument = np.tile(np.arange(instruments), dates)
    baseline = rng.dirichlet([4.0, 4.0, 4.0], n)
    tilted = baseline ** rng.uniform(0.5, 1.5, (n, 3))
    model = tilted / tilted.sum(axis=1, keepdims=True)
    truth = np.where((instrument < edge)[:, None], model, baseline)
    codes = (rng.random(n)[:, None] > truth.cumsum(axis=1)).sum(axis=1).clip(max=2)
    frame = pd.DataFrame({"instrument": [f"S{i:02d}" for i in instrument]})
    index = np.repeat(np.arange(dates), instruments)
    windows = Windows.consecutive(n)
    return Rows(1, frame, codes, {"model": model, "filtered_history": baseline}, index, windows, 0, 0)


def test_a_real_edge_is_named_and_the_others_are_not():
    found = member_skill(rows_of(20, 1500, edge=5, seed=3))
    named = {symbol for symbol, line in found["instruments"].items() if line["q_value"] <= 0.1}
    assert {"S00", "S01", "S02", "S03", "S04"} <= named
    assert len(named) <= 6
    assert found["tested"] == 20
    assert found["expected_by_chance"] == 1.0
    assert found["sentence"].startswith(f"In {found['better_at_5_percent']} of 20 instruments")


def test_where_the_baseline_is_the_truth_nothing_is_named():
    # the model is then worse on average, so a false discovery is rarer than one in ten: in 20 markets, two at most
    false = [member_skill(rows_of(10, 400, edge=0, seed=seed))["discoveries"] > 0 for seed in range(20)]
    assert sum(false) <= 2


def test_too_short_a_history_is_not_tested():
    found = member_skill(rows_of(2, 8, edge=0, seed=1))
    assert found["tested"] == 0
    assert found["discoveries"] == 0
