from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.bars.simulate import simulate_bars
from engine.config import parse_config, with_overrides
from engine.errors import ConfigError, DataError, InputError
from engine.forecast.frame import forecast_columns, touch_probabilities
from engine.forecast.walk_forward import Forecasts, walk_forward
from tests.forecast.adhoc import FEATURES, adhoc_config, adhoc_input

MODELS = ("offset_logistic", "ordinal", "hazard", "boosting")
SOURCES = ("p", "raw", "climatology", "same_reading", "random_walk", "filtered_history")


def bars_of(symbol: str, sessions: int, seed: int, momentum: float = 0.5):
    return simulate_bars(
        sessions,
        seed=seed,
        momentum=momentum,
        volatility_persistence=0.97,
        symbol=symbol,
        steps_per_session=4,
    )


def forecasts(bars, config) -> Forecasts:
    return walk_forward([adhoc_input(b, config) for b in bars], config, features=FEATURES)


def table(frame: pd.DataFrame, source: str) -> np.ndarray:
    return frame[[f"{source}_{name}" for name in ("breakdown", "range", "continuation")]].to_numpy()


def loss(frame: pd.DataFrame, source: str) -> float:
    known = frame[frame["outcome"].notna()]
    codes = known["outcome"].map({"breakdown": 0, "range": 1, "continuation": 2}).to_numpy()
    return float(-np.log(table(known, source)[np.arange(len(codes)), codes]).mean())


@pytest.mark.parametrize("model", MODELS)
def test_contract_of_the_table(model):
    config = adhoc_config(model=model, min_train_sessions=600, refit_sessions=126)
    frame = forecasts([bars_of("A", 850, 1)], config).frame
    assert tuple(frame.columns) == forecast_columns()
    for source in SOURCES:
        p = table(frame, source)
        np.testing.assert_allclose(p.sum(1), 1.0, atol=1e-9)
        assert p.min() >= 0.001 - 1e-12
    assert frame["analyst_range"].isna().all()
    assert frame["fold"].min() == 0
    assert len(frame) == 2 * 250
    assert not frame.duplicated(["instrument", "date", "horizon_sessions"]).any()
    assert frame[["p_target_touch", "p_retest_touch"]].stack().between(0, 1).all()
    assert (frame["p_target_touch"] >= frame["p_continuation"] - 1e-12).all()
    for horizon, part in frame.groupby("horizon_sessions"):
        assert part["outcome"].isna().sum() == horizon
        assert part["outcome"].isna().tail(horizon).all()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"pooling": "all", "online_recalibration": True, "calibrator": "matrix"},
        {"model": "hazard", "window": "rolling", "rolling_sessions": 504},
        {"model": "ordinal", "calibrator": "isotonic", "force_calibrator": True},
        {"model": "boosting", "calibrator": "vector"},
    ],
    ids=lambda s: "-".join(map(str, s.values())) or "defaults",
)
def test_a_forecast_is_the_same_whatever_comes_after(settings):
    slow = settings.get("model") == "boosting"
    config = adhoc_config(min_train_sessions=600, **settings)
    bars = [bars_of("A", 900, 1), bars_of("B", 800, 2)][: 1 if slow else 2]
    whole = forecasts(bars, config).frame
    days = np.unique(whole["date"])
    for day in np.random.default_rng(3).choice(days, 1 if slow else 3, replace=False):
        stop = [b.index_of(pd.Timestamp(day).date()) + 1 for b in bars]
        part = forecasts([b.cut(s) for b, s in zip(bars, stop, strict=True)], config).frame
        expected = whole[whole["date"] == day].drop(columns="outcome").reset_index(drop=True)
        got = part[part["date"] == day].drop(columns="outcome").reset_index(drop=True)
        pd.testing.assert_frame_equal(got, expected, check_exact=True)
        assert part["date"].max() == day


def test_planted_future_changes_nothing_before_it():
    # outcomes of the future are poisoned: forecasts dated before must not move
    config = adhoc_config(min_train_sessions=600)
    entry = adhoc_input(bars_of("A", 900, 4), config)
    first = walk_forward([entry], config, features=FEATURES).frame
    poisoned = entry.outcomes.codes.copy()
    at = 740
    poisoned[at - 9 :] = 2  # horizon 10: the label of session 731 ends on 741
    poisoned[at - 14 :, 1] = 2
    other = replace(entry, outcomes=replace(entry.outcomes, codes=poisoned))
    second = walk_forward([other], config, features=FEATURES).frame
    fold_start = entry.bars.dates[600 + 2 * 63].astype("datetime64[us]")
    early = first["date"] < entry.bars.dates[at].astype("datetime64[us]")
    columns = [c for c in first.columns if c != "outcome"]
    assert early.sum() > 100
    assert fold_start < entry.bars.dates[at]
    pd.testing.assert_frame_equal(first.loc[early, columns], second.loc[early, columns], check_exact=True)
    assert not first.loc[~early, columns].equals(second.loc[~early, columns])


def test_planted_momentum_is_found_and_pure_chance_is_not():
    # a direction is what the default model cannot say; what widens with it is a part of the gain
    config, tilting = (
        adhoc_config(min_train_sessions=700),
        adhoc_config(min_train_sessions=700, model="offset_logistic"),
    )
    bars = [bars_of("A", 2600, 11, momentum=0.9)]
    gain = {}
    for model in (config, tilting):
        edge = forecasts(bars, model).frame
        gain[model.forecast.model] = 1 - loss(edge, "p") / loss(edge, "filtered_history")
    assert gain["offset_logistic"] > 0.01 > gain["width"] > 0.0
    # two driftless series; 20 of them are in the slow suite
    for seed in (5, 6):
        none = forecasts([bars_of("A", 2200, seed, momentum=0.0)], config).frame
        skill = 1 - loss(none, "p") / loss(none, "filtered_history")
        assert -0.01 < skill < 0.01


@pytest.mark.slow
def test_no_edge_is_reported_where_none_exists():
    # 20 driftless series: the mean skill is within 3 standard errors of 0 or below it (false alarm 0.1 %)
    config = adhoc_config(min_train_sessions=700)
    skills = []
    for seed in range(20):
        frame = forecasts([bars_of("A", 2000, 100 + seed, momentum=0.0)], config).frame
        frame = frame[frame["horizon_sessions"] == 15]
        skills.append(1 - loss(frame, "p") / loss(frame, "filtered_history"))
    assert max(skills) < 0.01
    assert np.mean(skills) < 3 * np.std(skills) / np.sqrt(20)


@pytest.mark.parametrize("online", [False, True])
def test_probabilities_of_events_never_fall_with_the_horizon_under_the_hazard_model(online):
    config = adhoc_config(
        model="hazard", min_train_sessions=600, calibrator="vector", online_recalibration=online
    )
    frame = forecasts([bars_of("A", 1100, 3, momentum=0.9)], config).frame
    wide = frame.pivot(index="date", columns="horizon_sessions", values=["p_breakdown", "p_continuation"])
    for name in ("p_breakdown", "p_continuation"):
        assert (wide[name][15] >= wide[name][10] - 1e-12).all()
    np.testing.assert_allclose(table(frame, "p").sum(1), 1.0, atol=1e-12)
    assert table(frame, "p").min() >= 0.001 - 1e-12


@pytest.mark.parametrize("pooling", ["none", "family", "all"])
def test_an_instrument_much_shorter_than_the_others(pooling):
    config = adhoc_config(min_train_sessions=600, pooling=pooling)
    long = bars_of("A", 1300, 1)
    short = bars_of("B", 500, 2)
    short = replace(short, dates=long.dates[-500:])
    frame = forecasts([long, short], config).frame
    counts = frame.groupby("instrument")["date"].nunique()
    assert counts["A"] == 700
    assert 100 < counts["B"] < 500
    # one that had just begun is named, and does not take the others down with it
    tiny = replace(bars_of("B", 60, 2), dates=long.dates[-60:])
    result = forecasts([long, tiny], config)
    assert result.silent == ("B",)
    assert set(result.frame["instrument"]) == {"A"}


def test_an_instrument_that_begins_later_moves_no_forecast_made_before_it_began():
    config = adhoc_config(min_train_sessions=600)
    early = bars_of("A", 1400, 1)
    late = replace(bars_of("B", 400, 2), dates=early.dates[-400:])
    whole = forecasts([early, late], config).frame
    # as known after the close of session 950, fifty sessions before the other one began
    alone = forecasts([early.cut(950)], config).frame
    before = whole[whole["date"] <= alone["date"].max()].reset_index(drop=True)
    assert len(alone) == 2 * 350
    pd.testing.assert_frame_equal(
        before.drop(columns="outcome"), alone.drop(columns="outcome"), check_exact=True
    )


def test_instruments_that_are_all_too_short_are_refused():
    # together they fill the calendar, but none has enough sessions of its own
    bars = bars_of("A", 700, 1)
    parts = [
        replace(bars_of(name, 175, i), dates=bars.dates[175 * i : 175 * (i + 1)])
        for i, name in enumerate("ABCD")
    ]
    with pytest.raises(DataError, match="about 315 sessions of its own, the longest here has 175") as error:
        forecasts(parts, adhoc_config(min_train_sessions=600))
    assert error.value.code == "data.too_few_bars"


def test_two_instruments_of_a_family_get_models_of_their_own():
    config = adhoc_config(min_train_sessions=600)
    result = forecasts([bars_of("A", 1000, 1), bars_of("B", 1000, 2)], config)
    last = result.groups[0].tracks[0].models[-1]
    assert sorted(last.deviations) == [0, 1]
    assert last.deviations[0].weights.sum() == pytest.approx(1.0)
    alone = forecasts([bars_of("A", 1000, 1)], adhoc_config(min_train_sessions=600, pooling="none"))
    assert alone.groups[0].tracks[0].models[-1].deviations == {}


def test_instruments_that_share_dates_are_no_further_independent_rows():
    # about 1,250 dates forecast, and twice as many rows: two indices that move as one do not make 2,000 of them
    config = with_overrides(adhoc_config(min_train_sessions=600, calibrator="isotonic"), {"horizons": [1]})
    with pytest.raises(ConfigError, match="needs 2,000") as error:
        forecasts([bars_of("A", 1600, 1), bars_of("B", 1600, 1)], config)
    assert error.value.code == "forecast.calibrator_refused"


def test_constant_and_empty_features_and_a_missing_class_are_handled():
    config = adhoc_config(min_train_sessions=600)
    entry = adhoc_input(bars_of("A", 900, 1), config)
    same = np.ones(len(entry.bars))
    known = {**entry.known, "rsi_14": 50.0 * same, "distance_50": np.nan * same, "return_5": np.inf * same}
    codes = entry.outcomes.codes.copy()
    codes[codes == 1] = 2  # no range at all
    entry = replace(entry, known=known, outcomes=replace(entry.outcomes, codes=codes))
    got = walk_forward([entry], config, features=FEATURES).frame
    assert np.isfinite(table(got, "p")).all()
    assert (got["p_range"] >= 0.001 - 1e-12).all()


def test_refusals():
    config = adhoc_config(min_train_sessions=600)
    bars = bars_of("A", 700, 1)
    with pytest.raises(DataError, match="601") as error:
        forecasts([bars.cut(60)], config)
    assert error.value.code == "data.too_few_bars"
    with pytest.raises(InputError, match="appears twice"):
        forecasts([bars, bars], config)
    with pytest.raises(InputError, match="no column nonsense"):
        walk_forward([adhoc_input(bars, config)], config, features=("nonsense",))
    with pytest.raises(ConfigError, match="2,000"):
        forecasts([bars], adhoc_config(min_train_sessions=600, calibrator="isotonic"))
    terminal = parse_config(
        adhoc_config(model="hazard").model_dump(mode="json") | {"outcome": {"rule": "terminal"}}
    )
    with pytest.raises(ConfigError, match="hazard"):
        forecasts([bars], terminal)


def test_touch_probabilities_follow_the_table():
    base = np.array([[0.3, 0.3, 0.4]])
    same = touch_probabilities(base, base, np.array([0.5]), np.array([0.25]))
    np.testing.assert_allclose(np.ravel(same), [0.5, 0.25])
    higher = touch_probabilities(np.array([[0.2, 0.2, 0.6]]), base, np.array([0.5]), np.array([0.25]))
    assert higher[0][0] > 0.6
    assert higher[1][0] < 0.25
