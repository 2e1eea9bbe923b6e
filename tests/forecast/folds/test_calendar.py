from __future__ import annotations

import doctest
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config import ForecastConfig
from engine.errors import DataError, InputError
from engine.forecast.folds import calendar as module
from engine.forecast.folds.calendar import (
    NEVER,
    bars_known,
    calendar_positions,
    horizon_ends,
    latest_refit,
    pooled,
    refit_starts,
    union_calendar,
    walk_forward_folds,
)


def test_docstring_prints_the_exact_folds():
    assert doctest.testmod(module).failed == 0
    assert doctest.testmod(module).attempted >= 2


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 400), st.integers(1, 30), st.integers(0, 100))
def test_a_longer_history_never_moves_an_old_fold(first, refit, extra, more, inner):
    settings_ = {"min_train_sessions": first, "refit_sessions": refit, "inner_from": inner}
    short = walk_forward_folds(first + extra, **settings_)
    long = walk_forward_folds(first + extra + more, **settings_)
    assert short[:-1] == long[: len(short) - 1]
    assert (short[-1].number, short[-1].start) == (long[len(short) - 1].number, long[len(short) - 1].start)
    assert short[0].start >= min(inner, first)
    for before, after in itertools.pairwise(long):
        assert before.stop == after.start
        assert after.number == before.number + 1
    assert long[-1].stop == first + extra + more
    assert all(fold.start == first + fold.number * refit for fold in long)


@settings(max_examples=40, deadline=None)
@given(st.integers(40, 200), st.integers(1, 20), st.integers(0, 10_000))
def test_no_training_row_reaches_into_its_fold(n, horizon, seed):
    # an instrument that misses some sessions of the union calendar
    rng = np.random.default_rng(seed)
    positions = np.flatnonzero(rng.random(n) < 0.8)
    ends = horizon_ends(positions, horizon)
    for fold in walk_forward_folds(n, min_train_sessions=20, refit_sessions=7):
        for row in np.flatnonzero(ends < fold.start):
            assert row + horizon < len(positions)
            assert positions[row + horizon] < fold.start
        # and none is purged without need: the next label would touch the fold or is not known
        usable = int(np.count_nonzero(ends < fold.start))
        if usable + horizon < len(positions):
            assert positions[usable + horizon] >= fold.start


@pytest.mark.parametrize("horizon", [1, 5, 15])
def test_purging_agrees_with_purgedcv(horizon):
    purgedcv = pytest.importorskip("purgedcv")
    n, refit = 120, 20
    made = pd.Series(pd.date_range("2020-01-01", periods=n, freq="D"))
    splitter = purgedcv.WalkForwardSplit(
        n_splits=4,
        test_size=refit,
        prediction_times=made,
        evaluation_times=made + pd.Timedelta(days=horizon),
        # its intervals are half-open: without this sliver a label that ends on the fold's first session stays
        purge_horizon=pd.Timedelta(1, "ns"),
    )
    ends = horizon_ends(np.arange(n), horizon)
    folds = walk_forward_folds(n, min_train_sessions=n - 4 * refit, refit_sessions=refit)
    for fold, (train, tested) in zip(folds, splitter.split(np.zeros((n, 1))), strict=True):
        assert (fold.start, fold.stop) == (tested[0], tested[-1] + 1)
        np.testing.assert_array_equal(np.flatnonzero(ends < fold.start), train)


def test_horizon_counts_own_sessions_of_an_instrument():
    calendar = union_calendar(
        [np.array(["2024-01-01", "2024-01-03"], "M8[D]"), np.array(["2024-01-02"], "M8[D]")]
    )
    assert len(calendar) == 3
    positions = calendar_positions(np.array(["2024-01-01", "2024-01-03"], "M8[D]"), calendar)
    assert horizon_ends(positions, 1).tolist() == [2, NEVER]


def test_bars_known_are_those_before_the_latest_refit():
    starts = refit_starts(340, ForecastConfig(min_train_sessions=300, refit_sessions=20))
    assert starts.tolist() == [260, 280, 300, 320]
    known = bars_known(np.arange(340), latest_refit(np.arange(340), starts))
    assert known[:260].tolist() == [0] * 260
    assert known[260:280].tolist() == [260] * 20
    assert known[339] == 320
    # an instrument that begins at session 277: at session 280 three of its own bars are known
    assert bars_known(np.arange(277, 340), latest_refit(np.arange(277, 340), starts))[:4].tolist() == [
        0,
        0,
        0,
        3,
    ]
    assert (bars_known(np.arange(340), latest_refit(np.arange(340), starts)) <= np.arange(340)).all()


def test_instruments_are_pooled_as_asked():
    members = {"RUT": "index", "TLT": "bond", "SPX": "index"}
    assert pooled(members, "family") == {"index": ["RUT", "SPX"], "bond": ["TLT"]}
    assert pooled(members, "none") == {symbol: [symbol] for symbol in members}
    assert pooled(members, "all") == {"all": ["RUT", "TLT", "SPX"]}


def test_too_few_sessions_names_the_number_needed():
    with pytest.raises(DataError, match="1261") as error:
        walk_forward_folds(60, min_train_sessions=1260, refit_sessions=63)
    assert error.value.code == "data.too_few_bars"
    with pytest.raises(InputError):
        walk_forward_folds(60, min_train_sessions=0, refit_sessions=63)
    with pytest.raises(InputError):
        union_calendar([])
