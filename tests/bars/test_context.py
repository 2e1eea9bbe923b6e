"""Context is known when it was published: against a plain loop, and by the audit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.context import Context, Observed, known_values
from engine.bars.context.family import change_in_own_volatility
from engine.bars.load import load_all, load_sound
from engine.bars.simulate import simulate_bars
from engine.config import parse_config
from engine.errors import ConfigError, DataError
from engine.replay.replay import replay
from engine.verify.audit.audit import audit

D = np.datetime64
SESSIONS = np.busday_offset(D("2020-01-01"), np.arange(60))


@st.composite
def observed(draw):
    m = draw(st.integers(1, 40))
    days = D("2019-12-20") + np.array(draw(st.lists(st.integers(0, 100), min_size=m, max_size=m)))
    released = (
        days + np.array(draw(st.lists(st.integers(0, 40), min_size=m, max_size=m)))
        if draw(st.booleans())
        else None
    )
    pairs = np.unique(
        np.column_stack([days.astype(int), (days if released is None else released).astype(int)]), axis=0
    )
    if released is None:
        pairs = pairs[np.unique(pairs[:, 0], return_index=True)[1]]
    values = np.arange(len(pairs)) * 1.0
    dates = pairs[:, 0].astype("M8[D]")
    released = None if released is None else pairs[:, 1].astype("M8[D]")
    return Observed(
        "x", "other", dates, values, released, draw(st.integers(0, 4)), draw(st.sampled_from([2, 10, 99]))
    )


def by_hand(one: Observed, t: int) -> float:
    """At session t: of the observations known by then the newest day, and of it the newest vintage."""
    best = None
    for i in range(len(one.dates)):
        day = one.dates[i] if one.released is None else one.released[i]
        later = [k for k, s in enumerate(SESSIONS) if s > day]
        if one.lag_sessions == 0:
            on = [k for k, s in enumerate(SESSIONS) if s >= day][:1]
        else:
            on = later[one.lag_sessions - 1 : one.lag_sessions]
        if not on or on[0] > t:
            continue
        key = (one.dates[i], day)
        if best is None or key >= best[0]:
            best = (key, one.values[i], on[0])
    if best is None or t - best[2] > one.max_age_sessions:
        return np.nan
    return best[1]


@given(observed())
def test_the_join_is_that_of_a_plain_loop(one):
    values, _ = known_values(one, SESSIONS)
    np.testing.assert_array_equal(values, [by_hand(one, t) for t in range(len(SESSIONS))])


@given(observed(), st.integers(1, 59), st.sampled_from(["cut", "noise", "missing"]))
def test_nothing_published_later_changes_what_was_known(one, t, future):
    context = Context(SESSIONS, (one,), known_values)
    known = context.facts().iloc[: t + 1]
    again = context.as_known(SESSIONS[t], future, 5).facts().iloc[: t + 1]
    pd.testing.assert_frame_equal(known, again, check_exact=True)
    pd.testing.assert_frame_equal(context.between(0, t + 1).facts(), known, check_exact=True)


def test_a_revision_is_not_known_before_it_is_published():
    one = Observed(
        "gdp",
        "other",
        np.array(["2020-01-02"] * 2, "M8[D]"),
        np.array([1.0, 9.0]),
        np.array(["2020-01-10", "2020-02-10"], "M8[D]"),
        0,
        99,
    )
    values, days = known_values(one, SESSIONS)
    assert np.isnan(values[D("2020-01-10") > SESSIONS]).all()
    assert set(values[(D("2020-01-10") <= SESSIONS) & (D("2020-02-10") > SESSIONS)]) == {1.0}
    assert set(values[D("2020-02-10") <= SESSIONS]) == {9.0}
    assert str(days[-1]) == "2020-01-02"


def config_with(tmp_path, frame: pd.DataFrame, n=420, **keys):
    bars = simulate_bars(n, seed=12)
    bars.to_frame().to_csv(tmp_path / "bars.csv")
    frame.to_csv(tmp_path / "context.csv", index=False)
    item = {
        "name": "ten",
        "path": str(tmp_path / "context.csv"),
        "column": "DGS10",
        "role": "yield_10y",
        **keys,
    }
    return parse_config(
        {
            "name": "x",
            "instruments": [{"symbol": "X", "source": {"kind": "csv", "path": str(tmp_path / "bars.csv")}}],
            "context": [item],
            "forecast": {"min_train_sessions": 260},
        }
    )


def yields(n=420) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    days = np.busday_offset(D("1970-01-01"), np.arange(n)).astype(str)
    return pd.DataFrame({"date": days, "DGS10": (4 + rng.normal(0, 0.05, n).cumsum()).round(2)})


def test_features_are_causal_and_a_series_joined_early_is_found(tmp_path):
    frame = yields()
    frame["released"] = (pd.to_datetime(frame["date"]) + pd.Timedelta(days=6)).dt.strftime("%Y-%m-%d")
    bars = load_all(config := config_with(tmp_path, frame, released="released"))["X"]
    columns = replay(bars, config).frame
    assert columns["yield_change_20"].notna().sum() > 300
    assert columns["dollar_change_20"].isna().all()
    assert audit(bars, config, 8, seed=1).passed

    def early(one, sessions):  # joins by the day a value is about: published late, joined early
        return known_values(replace(one, released=None), sessions)

    planted = replace(bars, around=replace(bars.around, context=replace(bars.around.context, join=early)))
    found = audit(planted, config, 8, seed=1)
    assert not found.passed
    assert {d.future for d in found.differences} == {"cut", "noise", "missing"}
    assert {"context", "replay"} <= {d.table for d in found.differences}


def test_a_change_in_its_own_volatility_has_unit_size():
    rng = np.random.default_rng(1)
    z = change_in_own_volatility(rng.normal(0, 0.07, 20_000).cumsum())
    assert np.isnan(z[:60]).all()
    assert abs(np.nanstd(z) - 1) < 0.06  # 1,000 windows: a standard error of 2.2 %
    assert np.isnan(change_in_own_volatility(np.full(300, 4.0))).all()


def test_what_ends_early_becomes_missing_and_is_said(tmp_path):
    from engine.bars.remarks import find_around

    config = config_with(tmp_path, yields(300), publication_lag_sessions=1)
    bars = load_all(config)["X"]
    assert np.isnan(replay(bars, config).frame["yield_change_20"].iloc[-1])
    assert "context.ends_early" in {f.code for f in find_around({"X": bars}, guess_calendars=False)}


@pytest.mark.parametrize(
    ("frame", "code", "said"),
    [
        (lambda: yields(300), "context.ends_early", "its last value is of"),
        (
            lambda: yields().iloc[[*range(0, 400, 40), *range(410, 420)]],
            "context.sparse",
            "no value of the last 10 sessions",
        ),
    ],
)
def test_what_ends_early_or_is_sparse_stops_a_run_until_it_is_accepted(tmp_path, frame, code, said):
    config = config_with(tmp_path, frame(), publication_lag_sessions=1)
    with pytest.raises(DataError) as caught:
        load_sound(config)
    assert caught.value.code == code
    assert said in caught.value.message
    assert "max_age_sessions" in caught.value.hint
    accepted = config.model_dump(mode="json") | {"accept": [{"finding": code, "reason": "known"}]}
    findings = {f.code: f.accepted for f in load_sound(parse_config(accepted))[1]}
    assert findings[code] == "known"


def test_what_is_known_before_it_is_published_or_never_is_refused(tmp_path):
    with pytest.raises(ConfigError):
        config_with(tmp_path, yields(), publication_lag_sessions=-1)
    later = yields().assign(date=lambda f: "2" + f["date"].str.slice(1))  # a thousand years on
    with pytest.raises(DataError) as caught:
        load_all(config_with(tmp_path, later, publication_lag_sessions=1))
    assert caught.value.code == "context.future_date"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "keys", "code"),
    [
        (lambda f: f.assign(DGS10="x"), {}, "context.not_a_number"),
        (lambda f: f.assign(DGS10="."), {}, "context.empty"),
        (lambda f: pd.concat([f, f.iloc[:1]]), {}, "context.duplicate_date"),
        (lambda f: f.assign(date="soon"), {}, "context.bad_date"),
        (lambda f: f.rename(columns={"DGS10": "DGS2"}), {}, "context.no_such_column"),
        (lambda f: f.assign(released=f.date), {}, "context.has_releases"),
        (
            lambda f: f.assign(released="1960-01-01"),
            {"released": "released"},
            "context.released_before_its_day",
        ),
    ],
)
def test_bad_files_are_one_error_each(tmp_path, change, keys, code):
    config = config_with(tmp_path, change(yields()), publication_lag_sessions=1, **keys)
    with pytest.raises(DataError) as caught:
        load_all(config)
    assert caught.value.code == code
    assert caught.value.hint


def test_when_a_value_is_known_must_be_said(tmp_path):
    with pytest.raises(ConfigError, match="when was a value known"):
        config_with(tmp_path, yields())
