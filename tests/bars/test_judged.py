"""What stops a replay, what a config accepts or corrects, and that hints can be followed."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from engine.bars.load import load_all, load_sound
from engine.bars.simulate import simulate_bars
from engine.config import parse_config
from engine.errors import ConfigError, DataError

DAY = "1972-04-20"


def table() -> pd.DataFrame:
    frame = simulate_bars(1500, seed=5).to_frame().reset_index()
    return frame.assign(date=frame["date"].dt.strftime("%Y-%m-%d"))


@pytest.fixture
def config(tmp_path):
    def make(frame: pd.DataFrame, instrument: dict | None = None, **more):
        frame.to_csv(tmp_path / "x.csv", index=False)
        source = {"kind": "csv", "path": str(tmp_path / "x.csv")}
        return parse_config(
            {
                "name": "x",
                "instruments": [{"symbol": "X", "source": source, "opens": "traded", **(instrument or {})}],
                **more,
            }
        )

    return make


def spiked() -> pd.DataFrame:
    frame = table()
    frame.loc[frame["date"] == DAY, "high"] *= 10
    return frame


def test_a_failure_stops_and_is_told_first(config):
    told = []
    with pytest.raises(DataError) as caught:
        load_sound(config(spiked()), told.extend)
    assert (caught.value.code, caught.value.exit_code) == ("bars.spike", 3)
    assert DAY in caught.value.message
    assert [finding.code for finding in told] == ["bars.spike"]


def test_the_hint_can_be_followed(config):
    with pytest.raises(DataError) as caught:
        load_sound(config(spiked()))
    written = caught.value.hint.split("`")[-4].replace("...", "it was traded")
    accepted = yaml.safe_load(written)
    _, findings = load_sound(config(spiked(), **accepted))
    assert [finding.accepted for finding in findings] == ["it was traded"]


@pytest.mark.parametrize("changed", [{"date": "1972-04-21"}, {"finding": "bars.split"}])
def test_another_finding_is_not_accepted(config, changed):
    with pytest.raises(DataError):
        load_sound(config(spiked(), accept=[{"finding": "bars.spike", "date": DAY, **changed}]))


def test_what_comes_after_the_day_of_the_table_is_not_judged(config):
    _, findings = load_sound(config(spiked()), as_of="1972-04-19")
    assert findings == []


def test_a_cell_is_corrected_and_a_session_skipped(config):
    right = table()
    high = float(right.loc[right["date"] == DAY, "high"].iloc[0])
    put_right = {"date": DAY, "column": "high", "value": high, "reason": "a digit too many"}
    bars = load_all(config(spiked(), corrections=[put_right]))["X"]
    assert bars.fingerprint() == load_all(config(right))["X"].fingerprint()
    skipped = load_all(config(spiked(), corrections=[{"date": DAY, "skip": True, "reason": "test"}]))["X"]
    assert len(skipped) == 1499
    assert DAY not in skipped.dates.astype(str)


@pytest.mark.parametrize("column", ["close", "volume"])
def test_an_empty_cell_of_a_download_can_be_left_out(config, column):
    frame = table().astype({column: object})
    frame.loc[700, column] = ""
    with pytest.raises(DataError) as caught:
        load_all(config(frame))
    hint = caught.value.hint
    written = hint[hint.index("corrections:") :].split("`")[0].replace("...", "no figure")
    assert len(load_all(config(frame, **yaml.safe_load(written)))["X"]) == 1499


def test_one_of_two_rows_is_kept(config):
    frame = pd.concat([table().iloc[:900], table().iloc[899:]])
    day = frame["date"].iloc[899]
    with pytest.raises(DataError, match="appears twice") as caught:
        load_all(config(frame))
    assert "keep: last" in caught.value.hint
    assert (
        len(load_all(config(frame, corrections=[{"date": day, "keep": "last", "reason": "twice"}]))["X"])
        == 1500
    )


def test_a_correction_that_corrects_nothing_is_an_error(config):
    for correction in ({"date": "1972-04-22", "skip": True}, {"date": DAY, "keep": "first"}):
        with pytest.raises(DataError) as caught:
            load_all(config(table(), corrections=[{**correction, "reason": "gone"}]))
        assert caught.value.code == "data.correction_unused"


@pytest.mark.parametrize(
    "correction",
    [
        {"date": DAY, "reason": "x"},
        {"date": DAY, "skip": True, "keep": "last", "reason": "x"},
        {"date": DAY, "column": "high", "reason": "x"},
        {"date": DAY, "column": "high", "value": 0, "reason": "x"},
        {"date": DAY, "skip": True},
        {"date": DAY, "skip": True, "reason": "x", "symbol": "Y"},
    ],
)
def test_a_correction_says_one_thing_and_why(config, correction):
    with pytest.raises(ConfigError):
        config(table(), corrections=[correction])


def test_opens_are_judged_or_said(config):
    frame = table()  # opens are the close before, throughout
    assert load_all(config(frame))["X"].opens_traded.all()
    assert not load_all(config(frame, {"opens": "auto"}))["X"].opens_traded.any()
    assert not load_all(config(frame, {"opens": "not_traded"}))["X"].opens_traded.any()


def test_an_adjusted_close_is_applied_where_it_is_asked_for(config):
    frame = table()
    quoted = frame.copy()
    for name in ("open", "high", "low", "close"):
        quoted.loc[:699, name] *= 2  # a split of 2:1 that the quotes do not know
    quoted["Adj Close"] = frame["close"].where(frame.index >= 1000, frame["close"] * 0.99)
    with pytest.raises(DataError, match="2:1"):
        load_sound(config(quoted))
    splits = load_sound(config(quoted, {"adjust": "splits"}))[0]["X"]
    assert splits.close == pytest.approx(frame["close"].to_numpy())
    total = load_sound(config(quoted, {"adjust": "total_return"}))[0]["X"]
    assert total.close == pytest.approx(quoted["Adj Close"].to_numpy())
    with pytest.raises(DataError, match="adjusted close"):
        load_all(config(frame, {"adjust": "splits"}))


@pytest.mark.parametrize("row", [0, 1, -1])
def test_prices_that_never_move_are_accepted_by_any_session_of_theirs(config, row):
    """The first of them is the session that is repeated, one before the first repeat."""
    frame = table().assign(open=100.0, high=100.0, low=100.0, close=100.0)
    named = {"finding": "bars.stuck", "date": frame["date"].iloc[row], "reason": "a peg"}
    _, findings = load_sound(config(frame, accept=[named]))
    assert [one.accepted for one in findings if one.code == "bars.stuck"] == ["a peg"]
