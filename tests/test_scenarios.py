from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scenarios import whole_percents

probabilities = st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda p: sum(p) > 0.01)


@given(probabilities)
def test_whole_percents_sum_to_100_and_stay_within_one_point(p):
    shares = whole_percents(p)
    total = math.fsum(p)
    assert sum(shares) == 100
    assert all(abs(share - 100 * value / total) < 1 + 1e-6 for share, value in zip(shares, p, strict=True))


@given(probabilities)
def test_whole_percents_keep_the_order(p):
    shares = whole_percents(p)
    for i in range(3):
        for j in range(3):
            if p[i] > p[j]:
                assert shares[i] >= shares[j] or p[i] - p[j] < 1e-9


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ((0.335, 0.335, 0.33), (34, 33, 33)),
        ((1 / 3, 1 / 3, 1 / 3), (34, 33, 33)),
        ((0.29, 0.57, 0.14), (29, 57, 14)),
        ((0.505, 0.3449, 0.1501), (51, 34, 15)),
        ((0.998, 0.001, 0.001), (100, 0, 0)),
    ],
)
def test_whole_percents_by_hand(p, expected):
    assert whole_percents(p) == expected


@pytest.mark.parametrize("p", [(), (0.0, 0.0), (-0.1, 1.1), (math.nan, 1.0)])
def test_whole_percents_refuse_what_is_no_distribution(p):
    with pytest.raises(ValueError, match="no probabilities"):
        whole_percents(p)
