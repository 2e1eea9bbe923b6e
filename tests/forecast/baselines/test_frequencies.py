from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.config import AnalystTable
from engine.errors import InputError
from engine.forecast.baselines.analyst import analyst
from engine.forecast.baselines.climatology import climatology
from engine.forecast.baselines.same_reading import PRIOR_OUTCOMES, same_reading

HORIZONS = (2, 5)
codes_of_30 = arrays(np.int8, (30, 2), elements=st.integers(-1, 2))
readings_of_30 = arrays(np.int64, 30, elements=st.integers(-1, 3))


@given(codes_of_30)
def test_climatology_is_the_plain_count(codes):
    p = climatology(codes, HORIZONS)
    for t in range(30):
        for k, horizon in enumerate(HORIZONS):
            known = [codes[s, k] for s in range(30) if s + horizon <= t and codes[s, k] >= 0]
            expected = (np.bincount(known, minlength=3) + 1) / (len(known) + 3)
            assert np.allclose(p[t, k], expected, atol=1e-14)


@given(codes_of_30, readings_of_30)
def test_same_reading_is_the_plain_count_shrunk(codes, readings):
    p = same_reading(codes, readings, HORIZONS)
    centre = climatology(codes, HORIZONS)
    for t in range(30):
        for k, horizon in enumerate(HORIZONS):
            alike = [
                codes[s, k]
                for s in range(30)
                if s + horizon <= t and codes[s, k] >= 0 and readings[s] == readings[t] >= 0
            ]
            weights = np.bincount(alike, minlength=3) / horizon + PRIOR_OUTCOMES * centre[t, k]
            assert np.allclose(p[t, k], weights / weights.sum(), atol=1e-14)


@given(codes_of_30, readings_of_30, st.integers(0, 29))
def test_outcomes_not_yet_known_change_nothing(codes, readings, t):
    future = codes.copy()
    for k, horizon in enumerate(HORIZONS):
        future[max(0, t - horizon + 1) :, k] = 2
    assert np.array_equal(climatology(codes, HORIZONS)[: t + 1], climatology(future, HORIZONS)[: t + 1])
    later = readings.copy()
    later[t + 1 :] = 0
    assert np.array_equal(
        same_reading(codes, readings, HORIZONS)[: t + 1], same_reading(future, later, HORIZONS)[: t + 1]
    )


def test_a_class_never_seen_keeps_the_floor():
    p = climatology(np.full((5000, 1), 1, dtype=np.int8), [10])
    assert p[-1, 0].tolist() == pytest.approx([0.001, 0.998, 0.001])


def test_history_shorter_than_the_horizon_is_uniform():
    assert np.allclose(climatology(np.zeros((3, 1), dtype=np.int8), [10]), 1 / 3)


def test_bad_codes_are_refused():
    for bad, code in [
        (np.zeros(5, dtype=int), "forecast.bad_shape"),
        (np.full((5, 1), 3), "forecast.not_codes"),
        (np.zeros((5, 1)), "forecast.not_codes"),
    ]:
        with pytest.raises(InputError) as error:
            climatology(bad, [10])
        assert error.value.code == code
    with pytest.raises(InputError):
        same_reading(np.zeros((5, 1), dtype=int), np.zeros(4, dtype=int), [10])


def test_analyst_repeats_the_reference_table_and_keeps_the_floor():
    assert np.allclose(
        analyst(AnalystTable(continuation=0.5, range=0.35, breakdown=0.15), 4, 2), [0.15, 0.35, 0.5]
    )
    certain = analyst(AnalystTable(continuation=1, range=0, breakdown=0), 1, 1)
    assert certain[0, 0].tolist() == pytest.approx([0.001, 0.001, 0.998])
