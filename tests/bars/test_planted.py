"""Every planted defect is found under the right code, with the right date and column; sound series are left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.bars.findings import LOOKS, BarFinding, find_in_bars
from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars
from engine.bars.sources.bundled import read_bundled
from engine.bars.validate import to_series
from engine.errors import DataError
from tests.bars.planted import PRICE_DEFECTS, PRICES, SLICES, Planted, clean
from tests.bars.planted_columns import COLUMN_DEFECTS
from tests.bars.planted_days import DAY_DEFECTS
from tests.bars.planted_neighbours import NEIGHBOURS, every_day, on_a_grid
from tests.shared_files import data_dir

DEFECTS = PRICE_DEFECTS + DAY_DEFECTS + COLUMN_DEFECTS

# what is known of the real files: their READMEs, and the vendors' opens and volumes
KNOWN = {"bars.fake_opens", "bars.no_volume", "bars.rolls_suspected"}
# a day of payrolls on which the dollar index has all four prices of the day before
COPIED_ROW = ("dxy.csv", "bars.stuck", "2015-02-06")


def series(frame: pd.DataFrame) -> BarSeries:
    return to_series(frame, symbol="X", family="f", place="x.csv")


def found(frame: pd.DataFrame) -> list[BarFinding]:
    return find_in_bars({"X": series(frame)})


def test_there_are_more_than_160_defects_and_every_finding_is_planted():
    assert len(DEFECTS) >= 160
    # rolls need contracts: test_findings strings them together
    assert {look.code for look in LOOKS} - {item.code for item in DEFECTS} == {
        "bars.rolls_suspected",
        "bars.jump",
    }


@pytest.mark.parametrize("kind", sorted({item.code for item in DEFECTS}))
def test_each_defect_is_found_with_its_date_and_column(kind):
    for item in DEFECTS + NEIGHBOURS:
        if item.code == kind:
            if kind.startswith("data."):
                _refused(item)
            else:
                _found(item)


def _refused(item: Planted) -> None:
    with pytest.raises(DataError) as caught:
        series(item.make())
    error = caught.value
    assert error.code == item.code, item
    assert error.hint
    if item.row is not None:
        assert f"row {item.row}: " in error.message or f"row {item.row} (" in error.message, (
            item,
            error.message,
        )
    if item.column is not None:
        assert f": {item.column} " in error.message or f"column {item.column}:" in error.message, (
            item,
            error.message,
        )


def _found(item: Planted) -> None:
    frame = item.make()
    findings = [finding for finding in found(frame) if finding.code == item.code]
    assert findings, item
    assert all(finding.text and finding.remedy for finding in findings)
    if item.column is not None:
        findings = [finding for finding in findings if finding.column == item.column]
        assert findings, item
    if item.row is not None:
        day = pd.Timestamp(frame["date"].iloc[item.row])
        near = [abs((pd.Timestamp(str(f.date)) - day).days) for f in findings]
        assert min(near) <= item.slack * 1.6, (item, findings)


@pytest.mark.parametrize("name", ["nasdaq", "sp500"])
def test_nothing_but_what_is_known_is_found_in_the_bundled_series(name):
    allowed = (
        {"bars.fake_opens"} if name == "sp500" else set()
    )  # this vendor repeats the close before for years
    assert {finding.code for finding in found(read_bundled(name))} == allowed


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_found_in_made_up_bars(seed):
    bars = simulate_bars(3000, seed=seed, volatility_persistence=0.97 if seed % 2 else 0.0)
    assert [finding.text for finding in find_in_bars({"SIM": bars})] == []


@pytest.mark.skipif(data_dir() is None, reason="needs real bars (ENGINE_DATA)")
def test_nothing_but_their_known_defects_is_found_in_real_files():
    for path in sorted(data_dir().glob("*.csv")):
        frame = pd.read_csv(path)
        if not {"open", "high", "low", "close"} <= set(frame.columns):
            continue
        findings = [f for f in found(frame) if (path.name, f.code, f.date) != COPIED_ROW]
        codes = {finding.code for finding in findings}
        assert codes <= KNOWN, (path.name, codes)
        assert ("bars.rolls_suspected" in codes) == (path.name == "rty_f.csv")
        assert ("bars.fake_opens" in codes) == (path.name in ("rut.csv", "ndx.csv", "dax.csv"))


@pytest.mark.parametrize("row", [0, 1, 2, 300, -3, -2, -1])
@pytest.mark.parametrize("value", [1e308, 1e-320, 5e-324, 40.0, 1e6])
def test_a_bad_cell_blames_no_other_row_and_nothing_else(row, value):
    frame = clean("nasdaq").copy()
    at = row % len(frame)
    frame.loc[at, "close"] = value
    frame["high"], frame["low"] = frame[PRICES].max(axis=1), frame[PRICES].min(axis=1)
    assert [(f.code, f.date, f.column) for f in found(frame)] == [
        ("bars.spike", str(frame["date"][at].date()), "close")
    ]


def test_a_last_bar_at_another_level_may_be_a_split_and_a_last_high_is_none():
    frame = clean("nasdaq").copy()
    last = len(frame) - 1
    frame.loc[last, PRICES] /= 2
    (spike,) = found(frame)
    assert spike.text.endswith("No later bar can confirm it; a split on that day looks the same.")
    frame = clean("nasdaq").copy()
    frame.loc[last, "high"] *= 2
    (spike,) = found(frame)
    assert spike.text.endswith("No later bar can confirm it.")


def test_bad_ticks_that_last_are_one_finding_with_both_dates():
    frame = clean("nasdaq").copy()
    frame.loc[1203:1205, PRICES] *= 100
    (spike,) = found(frame)
    assert (spike.code, spike.severity) == ("bars.spike", "failure")
    assert (spike.date, spike.until) == (str(frame["date"][1203].date()), str(frame["date"][1205].date()))
    assert "(and open, high, low) stands alone for 3 sessions, 99.7528 times" in spike.text


def test_a_crash_that_comes_back_a_little_is_none():
    frame = clean("nasdaq").copy()
    frame.loc[1203:1206, PRICES] *= 0.75
    frame.loc[1207:, PRICES] *= 0.85
    assert {finding.code for finding in found(frame)} <= {"bars.split", "bars.jump"}


def test_weekends_filled_forward_are_one_failure_and_not_one_a_week():
    for flat in (True, False):
        stuck = [f for f in found(every_day(flat=flat)) if f.code == "bars.stuck"]
        assert [f.severity for f in stuck] == ["failure"]
        assert "rows on Saturdays and Sundays repeat the row before" in stuck[0].text


@pytest.mark.parametrize(
    ("price", "sigma", "decimals"), [(0.0009, 0.03, 4), (0.05, 0.03, 3), (0.3, 0.02, 2), (1e-7, 0.04, 10)]
)
def test_ticks_as_large_as_the_moves_are_no_bad_ticks_and_no_copies(price, sigma, decimals):
    for seed in range(3):
        codes = {finding.code for finding in found(on_a_grid(price, sigma, decimals, seed))}
        assert codes <= {"bars.flat", "bars.fake_opens"}  # such opens may be traded: only the config can know


def test_a_named_calendar_knows_a_market_that_opens_on_sundays():
    bars = simulate_bars(900, seed=4)
    days = pd.bdate_range("2015-01-04", periods=900, freq="C", weekmask="Sun Mon Tue Wed Thu")
    sunday = replace(bars, dates=days.to_numpy().astype("datetime64[D]"))
    assert [f.code for f in find_in_bars({"SIM": sunday})] == ["bars.time_zone"]
    named = replace(sunday, around=replace(sunday.around, calendar="XTAE"))
    assert find_in_bars({"SIM": named}) == []


def test_a_bad_price_is_named_with_its_value_and_what_it_should_be_near():
    frame = clean("nasdaq").copy()
    frame.loc[1203, "low"] *= 0.5
    (spike,) = found(frame)
    assert (spike.code, spike.severity, spike.column) == ("bars.spike", "failure", "low")
    assert spike.date == str(frame["date"][1203].date())
    assert spike.value == frame["low"][1203]
    assert spike.near == pytest.approx(min(frame["open"][1203], frame["close"][1203]))


def test_a_split_names_its_ratio_and_a_crash_that_is_none_does_not_stop():
    frame = clean("nasdaq").copy()
    frame.loc[1500:, PRICES] *= 2 / 3
    (split,) = found(frame)
    assert "3:2" in split.text
    assert split.severity == "failure"
    frame.loc[1500:, PRICES] *= 0.55 * 3 / 2
    (crash,) = found(frame)
    assert (crash.code, crash.severity) == ("bars.split", "warning")


def test_a_session_that_moves_the_price_for_good_is_a_jump():
    frame = clean("nasdaq").copy()
    frame.loc[1500:, PRICES] *= 0.7
    frame.loc[1500, "open"] = frame.loc[1499, "close"]
    frame.loc[1500, "high"] = frame.loc[1500, PRICES].max()
    assert [(f.code, f.severity, f.date) for f in found(frame)] == [
        ("bars.jump", "warning", str(frame["date"][1500].date()))
    ]


def test_a_market_of_seven_days_has_no_weekend_rows():
    bars = simulate_bars(1200, seed=3)
    daily = replace(bars, dates=np.datetime64("2018-01-01", "D") + np.arange(1200))
    assert find_in_bars({"SIM": daily}) == []


def test_worst_first():
    frame = clean("nasdaq").copy()
    frame.loc[300, "high"] *= 10
    frame.loc[500:, "volume"] = 0.0
    frame = frame.drop(index=range(1000, 1010))
    severities = [finding.severity for finding in found(frame)]
    assert severities == ["failure", "warning", "note"]
    assert set(SLICES) == {"nasdaq", "sp500"}
