from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.errors import InputError
from engine.verify.ledger.comparison import sequential_comparison
from engine.verify.ledger.games import dealt
from tests.verify.ledger.test_sequential import overlapping


def ledger(n, seed, *, stretch=1.0, rival=1.0, horizon=10):
    p, y, made, matured = overlapping(n, horizon, seed)

    def said(power):
        out = p**power
        return out / out.sum(axis=1, keepdims=True)

    return said(stretch), said(rival), y, made, matured


def truth_of(p, q, exact):
    return float((exact * np.log(p / q)).sum(axis=1).mean())


def test_neither_side_is_called_better_at_any_time_more_often_than_said():
    # two forecasters who are wrong by the same amount in mirrored classes: 100 ledgers, every look, 5 % allowed for
    # either side, so more than 10 rejections of one side have a chance below 2 %
    better = worse = 0
    for seed in range(100):
        p, _, y, made, matured = ledger(300, seed)
        a, b = p.copy(), p.copy()
        up = np.arange(len(p)) % 2 == 0
        a[up], b[~up] = a[up] ** 0.5, b[~up] ** 0.5
        a, b = (x / x.sum(axis=1, keepdims=True) for x in (a, b))
        found = sequential_comparison(a, b, y, made, matured, horizon=10)
        better += found.e_better >= 20
        worse += found.e_worse >= 20
    assert better <= 10
    assert worse <= 10


def test_the_confidence_sequence_holds_the_expected_advantage():
    # 40 ledgers; at least 90 % at all times together, in fact far more: one miss is allowed for
    missed = 0
    for seed in range(40):
        exact, _, y, made, matured = ledger(500, seed)
        bold = exact**2 / (exact**2).sum(axis=1, keepdims=True)
        found = sequential_comparison(exact, bold, y, made, matured, horizon=10)
        missed += not found.low <= truth_of(exact, bold, exact) <= found.high
    assert missed <= 1


def test_a_much_better_forecaster_is_found_and_a_worse_one_told_from_it():
    p, q, y, made, matured = ledger(4000, 1, rival=5.0)
    found = sequential_comparison(p, q, y, made, matured, horizon=10)
    other = sequential_comparison(q, p, y, made, matured, horizon=10)
    assert found.e_better > 20 > found.e_worse
    assert found.low > 0
    assert (other.low, other.high) == pytest.approx((-found.high, -found.low))
    assert (other.e_better, other.e_worse) == pytest.approx((found.e_worse, found.e_better))


def test_equal_forecasters_have_no_difference_and_no_evidence():
    p, _, y, made, matured = ledger(200, 2)
    found = sequential_comparison(p, p, y, made, matured, horizon=10)
    assert found.advantage == 0.0
    assert max(found.e_better, found.e_worse) < 1.0


def test_defined_values_and_errors():
    nothing = sequential_comparison(np.empty((0, 3)), np.empty((0, 3)), [], [], [], horizon=10)
    assert nothing.rows == 0
    assert (nothing.low, nothing.high) == (-np.inf, np.inf)
    with pytest.raises(InputError, match="no bounded loss"):
        sequential_comparison([[0.0, 1.0]], [[0.5, 0.5]], [1], [0], [10], horizon=10)
    with pytest.raises(InputError, match="of the rival"):
        sequential_comparison([[0.2, 0.8]], [[0.5, 0.3, 0.2]], [1], [0], [10], horizon=10)


def test_bets_of_one_sequence_are_settled_before_the_next():
    rng = np.random.default_rng(0)
    made = np.sort(rng.integers(0, 60, 80))
    matured = made + rng.integers(1, 12, 80)
    bet, sequence = dealt(made, matured, 80)
    for s in range(sequence.max() + 1):
        days = np.flatnonzero(sequence == s)
        for before, after in pairwise(days):
            assert matured[bet == before].max() <= made[bet == after].min()
