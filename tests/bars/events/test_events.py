"""Only what stood in the calendar at a close is known at it: against a plain loop, the shutdown of 2025, and the audit."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.events import Events, Schedule, read_events, sessions_until
from engine.bars.events.events import FARTHEST
from engine.bars.events.schedule import NEVER
from engine.bars.load import load_all
from engine.bars.remarks import find_around
from engine.bars.simulate import simulate_bars
from engine.config import EventsConfig, parse_config
from engine.errors import ConfigError, DataError
from engine.verify.audit.audit import audit
from tests.shared_files import data_dir

D = np.datetime64
SESSIONS = np.busday_offset(D("2025-08-01"), np.arange(110), roll="forward")

# made up after the pattern of the autumn of 2025: a release that was due is called off, and a new day is named later
SHUTDOWN = """date,event,ref_period,announced,withdrawn
2025-09-05,nfp,August 2025,,
2025-10-03,nfp,September 2025,,2025-10-01
2025-11-07,nfp,October 2025,,2025-10-01
2025-11-20,nfp,September 2025,2025-11-14,
2025-12-16,nfp,November 2025,2025-11-19,
2025-10-15,cpi,September 2025,,2025-10-10
2025-10-24,cpi,September 2025,2025-10-10,
2025-09-09,fomc_intermeeting,,,
"""


def written(folder, text):
    (folder / "events.csv").write_text(text)
    return folder / "events.csv"


def shutdown(folder):
    path = written(folder, SHUTDOWN)
    return read_events(EventsConfig(path=path, announced="announced", withdrawn="withdrawn"))


@pytest.mark.parametrize(
    ("day", "kind", "date"),
    [
        ("2025-09-26", "nfp", "2025-10-03"),
        ("2025-09-30", "nfp", "2025-10-03"),
        ("2025-10-01", "nfp", None),  # called off, nothing else named
        ("2025-11-13", "nfp", None),
        ("2025-11-14", "nfp", "2025-11-20"),
        ("2025-11-20", "nfp", "2025-12-16"),
        ("2025-10-09", "cpi", "2025-10-15"),
        ("2025-10-10", "cpi", "2025-10-24"),
        ("2025-09-08", "fomc_intermeeting", None),  # nobody could have had it in a calendar
    ],
)
def test_the_shutdown_of_2025(tmp_path, day, kind, date):
    schedule = shutdown(tmp_path)
    events = Events(SESSIONS, schedule, "XNYS")
    t = int(np.searchsorted(SESSIONS, D(day)))
    told = sessions_until(events)[kind][t]
    wanted = (
        np.nan
        if date is None
        else np.busday_count(D(day) + 1, D(date) + 1, holidays=["2025-09-01", "2025-11-27", "2025-12-25"])
    )
    np.testing.assert_equal(told, float(wanted))
    known = schedule.known_at(D(day)) & (schedule.kinds == kind) & (schedule.days > D(day))
    assert schedule.days[known].astype(str).tolist()[:1] == ([] if date is None else [date])


@st.composite
def schedules(draw):
    m = draw(st.integers(1, 25))
    days = SESSIONS[0] - 5 + np.array(draw(st.lists(st.integers(0, 190), min_size=m, max_size=m)))
    before = np.array(draw(st.lists(st.integers(0, 60), min_size=m, max_size=m)))
    announced = np.where(draw(st.lists(st.booleans(), min_size=m, max_size=m)), days - before, NEVER)
    after = np.array(draw(st.lists(st.integers(1, 30), min_size=m, max_size=m)))
    withdrawn = np.where(draw(st.lists(st.booleans(), min_size=m, max_size=m)), days - before + after, NEVER)
    kinds = np.array(draw(st.lists(st.sampled_from(["a", "b"]), min_size=m, max_size=m)))
    return Schedule(kinds, days, announced, withdrawn)


def by_hand(one: Schedule, kind: str, t: int) -> float:
    day, best = SESSIONS[t], np.nan
    for i in range(len(one.days)):
        if one.kinds[i] != kind or one.days[i] <= day:
            continue
        if one.announced[i] > day or one.withdrawn[i] <= day:
            continue
        first = one.days[i]
        while not np.is_busday(first):
            first = first + 1
        away = float(np.busday_count(day + 1, first + 1))
        if away <= FARTHEST and not away >= best:
            best = away
    return best


@given(schedules())
def test_sessions_until_are_those_of_a_plain_loop(one):
    for kind, told in sessions_until(Events(SESSIONS, one)).items():
        np.testing.assert_array_equal(told, [by_hand(one, kind, t) for t in range(len(SESSIONS))])


@given(schedules(), st.integers(1, len(SESSIONS) - 1), st.sampled_from(["cut", "noise", "missing"]))
def test_nothing_announced_later_changes_what_was_known(one, t, future):
    events = Events(SESSIONS, one)
    known = events.facts().iloc[: t + 1]
    for again in (events.as_known(SESSIONS[t], future, 5), events.between(0, t + 1)):
        facts = again.facts().iloc[: t + 1]
        for kind in known.columns[1:]:
            other = facts[kind] if kind in facts else np.full(t + 1, np.nan)
            np.testing.assert_array_equal(known[kind], other)


def config_with(tmp_path, text, **keys):
    simulate_bars(420, seed=12).to_frame().to_csv(tmp_path / "bars.csv")
    return parse_config(
        {
            "name": "x",
            "instruments": [{"symbol": "X", "source": {"kind": "csv", "path": str(tmp_path / "bars.csv")}}],
            "events": {"path": str(written(tmp_path, text)), **keys},
            "forecast": {"min_train_sessions": 260},
        }
    )


def generated(n=40):
    days = D("1970-02-01") + 14 * np.arange(n)
    frame = pd.DataFrame({"date": days.astype(str), "event": "cpi", "announced": (days - 9).astype(str)})
    return frame.to_csv(index=False)


def test_the_audit_passes_and_finds_a_release_that_is_known_early(tmp_path):
    config = config_with(tmp_path, generated(), announced="announced")
    bars = load_all(config)["X"]
    assert audit(bars, config, 4, seed=1).passed

    def early(schedule):
        return np.full(len(schedule.days), NEVER), schedule.withdrawn

    planted = replace(bars, around=replace(bars.around, events=replace(bars.around.events, known=early)))
    found = audit(planted, config, 4, seed=1)
    assert {d.table for d in found.differences} == {"events"}
    assert {d.future for d in found.differences} == {"cut", "noise", "missing"}


def test_the_audit_passes_before_anybody_had_announced_a_kind_at_all(tmp_path):
    """Cut there, its column is empty and still one of the table's; for weeks of one kind no entry was known."""
    late = pd.DataFrame({"date": ["1971-06-01", "1971-06-15"], "event": "cpi", "announced": "1971-05-20"})
    text = pd.concat([pd.read_csv(io.StringIO(generated().replace("cpi", "nfp"))), late]).to_csv(index=False)
    config = config_with(tmp_path, text, announced="announced")
    bars = load_all(config)["X"]
    for future in ("cut", "noise", "missing"):
        known = bars.around.events.as_known(D("1970-06-01"), future, 1)
        assert set(known.facts().columns) >= {"nfp", "cpi"}
    found = audit(bars, config, 4, seed=1)
    assert found.passed


@pytest.mark.parametrize(
    ("text", "keys", "code"),
    [
        ("date,event\n2020-01-10,nfp\nsoon,nfp\n", {}, "events.bad_date"),
        ("date,event\n2020-01-10,nfp\n2020-01-10,nfp\n", {}, "events.duplicate"),
        ("date,kind\n2020-01-10,nfp\n", {}, "events.no_such_column"),
        ("date,event\n", {}, "events.empty"),
        ("date,event,announced\n2020-01-10,nfp,2019-06-01\n", {}, "events.has_announcements"),
        (
            "date,event,announced\n2020-01-10,nfp,2020-02-01\n",
            {"announced": "announced"},
            "events.added_later",
        ),
        (
            "date,event,announced,withdrawn\n2020-01-10,nfp,2019-12-01,2019-11-01\n",
            {"announced": "announced", "withdrawn": "withdrawn"},
            "events.withdrawn_early",
        ),
    ],
)
def test_bad_calendars_are_one_error_each(tmp_path, text, keys, code):
    with pytest.raises(DataError) as caught:
        read_events(EventsConfig(path=written(tmp_path, text), **keys))
    assert caught.value.code == code
    assert caught.value.hint


def test_a_missing_file_and_an_unknown_key(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_events(EventsConfig(path=tmp_path / "none.csv"))
    with pytest.raises(ConfigError):
        config_with(tmp_path, "date,event\n2020-01-10,nfp\n", annnounced="x")


def test_a_release_that_came_late_is_known_on_its_own_day_only_and_is_told(tmp_path):
    months = pd.period_range("1965-01", periods=80, freq="M")
    days = [(m + 1).start_time + pd.Timedelta(days=7 if i != 70 else 45) for i, m in enumerate(months)]
    rows = [f"{d:%Y-%m-%d},nfp,{m:%B %Y}" for d, m in zip(days, months, strict=True)]
    config = config_with(tmp_path, "\n".join(["date,event,ref_period", *rows]) + "\n")
    bars = load_all(config)["X"]
    late = f"{days[70]:%Y-%m-%d}"
    assert bars.around.events.schedule.doubtful == (("nfp", late),)
    found = {f.code: f.text for f in find_around({"X": bars}, guess_calendars=False)}
    assert f"nfp of {late}" in found["events.postponed"]
    t = bars.index_of(late) - 1
    assert sessions_until(bars.around.events)["nfp"][t] != 1


@pytest.mark.skipif(data_dir() is None, reason="real files are not here")
def test_the_real_calendar_names_both_shutdowns():
    schedule = read_events(EventsConfig(path=data_dir() / "macro_events.csv"))
    late = set(schedule.doubtful)
    assert {
        ("nfp", "2013-10-22"),
        ("cpi", "2013-10-30"),
        ("nfp", "2025-11-20"),
        ("ppi", "2025-11-25"),
    } <= late
    assert len(late) <= 8  # of 2,122
    assert not schedule.known_at(D("2020-03-13"))[np.flatnonzero(schedule.days == D("2020-03-15"))].any()
