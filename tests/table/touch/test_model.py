from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from sklearn.isotonic import isotonic_regression

from engine.bars.simulate import simulate_bars
from engine.errors import InputError
from engine.outcomes.level_touches import touched_within
from engine.table.touch.correction import fit_correction
from engine.table.touch.model import TouchPairs, walk_forward_level_touch
from engine.table.touch.order import _pool

HORIZONS = (10, 15)
STARTS = np.arange(200, 1200, 63)


def pairs_of(rows=1200, levels=6, effect=0.0, seed=0):
    """Levels on both sides whose true log-odds are the baseline's plus ``effect`` times their feature."""
    rng = np.random.default_rng(seed)
    pointer = levels * np.arange(rows + 1)
    distance = rng.normal(0.0, 0.04, rows * levels)
    feature = rng.standard_normal((rows * levels, 2))
    near = np.exp(-np.abs(distance) / 0.03)
    baseline = 0.01 + 0.9 * near[:, None] * np.array([0.7, 0.9])
    logits = np.log(baseline / (1 - baseline)) + effect * feature[:, :1]
    draw = rng.random(rows * levels)[:, None]
    touched = (draw < 1.0 / (1.0 + np.exp(-logits))).astype(np.int8)
    session = np.arange(rows)
    touched[np.repeat(session + 15 >= rows, levels)] = -1
    return {
        "pointer": pointer,
        "session": session,
        "end": session + 15,
        "starts": STARTS,
        "distance": distance,
        "baseline": baseline,
        "touched": touched,
        "features": feature,
        "horizon_max": 15,
    }


def forecast(starts, horizon_max, **pairs):
    return walk_forward_level_touch(TouchPairs(**pairs), starts, horizon_max)


def log_loss(p, touched):
    use = (touched >= 0) & ~np.isnan(p)
    return -np.mean(np.log(np.where(touched == 1, p, 1 - p))[use])


def test_labels_are_the_plain_search():
    bars = simulate_bars(60, seed=2)
    rng = np.random.default_rng(0)
    prices = np.repeat(bars.close, 3) * np.exp(rng.normal(0, 0.03, 180))
    prices[[5, 70]] = np.nan
    touched = touched_within(bars, 3 * np.arange(61), prices, HORIZONS)
    for pair, price in enumerate(prices):
        t = pair // 3
        for k, horizon in enumerate(HORIZONS):
            if np.isnan(price) or t + horizon >= 60:
                expected = -1
            elif price >= bars.close[t]:
                expected = int(bars.high[t + 1 : t + horizon + 1].max() >= price)
            else:
                expected = int(bars.low[t + 1 : t + horizon + 1].min() <= price)
            assert touched[pair, k] == expected


def test_fit_is_the_minimum_an_independent_optimiser_finds():
    rng = np.random.default_rng(4)
    design = rng.standard_normal((300, 5))
    offset = rng.normal(0, 1, (300, 2))
    labels = rng.integers(-1, 2, (300, 2)).astype(np.int8)
    weight = rng.uniform(0.1, 1.0, 300)

    def loss(b):
        z = offset + (design @ b)[:, None]
        each = np.where(labels == 1, np.logaddexp(0, -z), np.logaddexp(0, z)) * (labels >= 0)
        return (each * weight[:, None]).sum() + 1.5 * b @ b

    ours = fit_correction(design, offset, labels, weight, 3.0, np.zeros(5))
    theirs = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-9})
    assert np.allclose(ours, theirs.x, atol=1e-4)


@settings(deadline=None)
@given(arrays(np.float64, 12, elements=st.floats(0.0, 1.0)))
def test_pooling_is_isotonic_regression(values):
    p = values[:, None].copy()
    side = np.repeat([0, 1], [5, 7])
    _pool(p, side)
    for a, b in ((0, 5), (5, 12)):
        assert np.allclose(p[a:b, 0], isotonic_regression(values[a:b], increasing=False), atol=1e-12)


def test_a_planted_effect_is_found():
    data = pairs_of(effect=0.8)
    result = forecast(**data)
    late = np.repeat(data["session"] >= 600, 6)
    assert np.isfinite(result.penalties[-1])
    # above and below the close; the second feature says nothing
    assert result.coefficients[-1, :, 1].min() > 0.3
    assert np.abs(result.coefficients[-1, :, 2]).max() < 0.2
    skill = 1 - log_loss(result.probabilities[late], data["touched"][late]) / log_loss(
        data["baseline"][late], data["touched"][late]
    )
    assert skill > 0.05


def test_without_an_effect_the_baseline_stands():
    kept = []
    for seed in range(5):
        data = pairs_of(seed=seed)
        # the baseline of one date falls with distance, so nothing has to be pooled
        result = forecast(**data)
        unused = np.isinf(result.penalties[result.fold[result.fold >= 0]])
        kept.append(unused.mean())
        rows = np.repeat((result.fold >= 0) & np.isinf(result.penalties[result.fold]), 6)
        assert np.allclose(result.probabilities[rows], data["baseline"][rows], atol=1e-9)
        used = np.repeat(result.fold >= 0, 6)
        loss = log_loss(result.probabilities[used], data["touched"][used])
        # corrections that only looked useful cost less than half a per cent
        assert loss < 1.005 * log_loss(data["baseline"][used], data["touched"][used])
    assert np.mean(kept) > 0.5


def test_copies_of_an_instrument_are_no_further_evidence():
    # an effect too small to earn its place on one instrument must not earn it because six markets move as one
    one = pairs_of(effect=0.3, seed=1)
    by_row = ("session", "end", "distance", "baseline", "touched", "features")
    six = one | {name: np.concatenate([one[name]] * 6) for name in by_row}
    six["pointer"] = 6 * np.arange(6 * 1200 + 1)
    alone, together = (forecast(**data) for data in (one, six))
    assert np.isinf(alone.penalties).all()
    np.testing.assert_array_equal(together.penalties, alone.penalties)


def test_order_of_distances_and_horizons_holds():
    data = pairs_of(effect=1.5)
    result = forecast(**data)
    used = np.repeat(result.fold >= 0, 6)
    assert np.isnan(result.probabilities[~used]).all()
    assert (result.probabilities[used, 1] >= result.probabilities[used, 0]).all()
    for r in np.flatnonzero(result.fold >= 0):
        at = np.arange(6 * r, 6 * r + 6)
        for side in (data["distance"][at] >= 0, data["distance"][at] < 0):
            near_first = at[side][np.argsort(np.abs(data["distance"][at[side]]))]
            assert (np.diff(result.probabilities[near_first], axis=0) <= 1e-15).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(260, 1100))
def test_outcomes_not_yet_known_change_nothing(session):
    data = pairs_of(effect=0.8)
    before = forecast(**data)
    unknown = np.repeat(data["end"] >= session, 6)
    changed = data | {"touched": np.where(unknown[:, None], 1 - data["touched"], data["touched"])}
    after = forecast(**changed)
    # a fold is fixed at its start: all rows of folds that started by then are as they were
    rows = np.repeat((STARTS[np.maximum(before.fold, 0)] <= session) & (before.fold >= 0), 6)
    assert np.array_equal(before.probabilities[rows], after.probabilities[rows], equal_nan=True)


@pytest.mark.parametrize("rows", [263, 264, 700, 1199])
def test_a_longer_history_leaves_earlier_rows_as_they_were(rows):
    data = pairs_of(effect=1.5)
    whole = forecast(**data)
    per_row = {name: data[name][:rows] for name in ("session", "end")}
    per_pair = {name: data[name][: 6 * rows] for name in ("distance", "baseline", "touched", "features")}
    cut = forecast(
        **data
        | per_row
        | per_pair
        | {"pointer": data["pointer"][: rows + 1], "starts": STARTS[rows > STARTS]}
    )
    assert np.array_equal(cut.probabilities, whole.probabilities[: 6 * rows], equal_nan=True)


def test_missing_pairs_do_not_touch_the_others():
    data = pairs_of()
    result = forecast(**data)
    late = np.arange(6 * 1195, 6 * 1200, 6)
    distance, baseline = data["distance"].copy(), data["baseline"].copy()
    distance[late], baseline[late] = np.nan, np.nan
    features = data["features"].copy()
    features[late] = np.nan
    fewer = forecast(**data | {"distance": distance, "baseline": baseline, "features": features})
    assert np.isnan(fewer.probabilities[late]).all()
    others = np.setdiff1d(np.arange(7200), late)
    assert np.allclose(fewer.probabilities[others], result.probabilities[others], equal_nan=True)


def test_constant_and_missing_features_are_harmless():
    data = pairs_of()
    features = np.column_stack([np.full(7200, 3.0), np.full(7200, np.nan)])
    result = forecast(**data | {"features": features})
    assert np.isfinite(result.probabilities[np.repeat(result.fold >= 0, 6)]).all()
    assert (result.coefficients[:, :, 1:] == 0.0).all()


def test_wrong_shapes_are_refused():
    data = pairs_of()
    with pytest.raises(InputError) as error:
        forecast(**data | {"features": data["features"][:-1]})
    assert error.value.code == "forecast.bad_shape"
