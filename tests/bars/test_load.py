"""Sources, their cutting to a period, and what is said when they cannot be read."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from engine.bars.load import load_all, load_bars
from engine.bars.simulate import simulate_bars
from engine.bars.stretches import runs
from engine.config import Instrument, ReplayConfig, parse_config
from engine.errors import DataError
from tests.shared_files import data_dir


def instrument(**source) -> Instrument:
    return Instrument.model_validate({"symbol": "X", "source": source})


def test_bundled_bars_are_the_ones_of_the_arch_package():
    bars = load_bars(instrument(kind="bundled", name="nasdaq"), ReplayConfig())
    assert len(bars) == 5031
    assert (str(bars.dates[0]), str(bars.dates[-1])) == ("1999-01-04", "2018-12-31")
    assert bars.opens_traded.all()
    sp500 = load_bars(instrument(kind="bundled", name="sp500"), ReplayConfig())
    assert not sp500.opens_traded[:2500].any()  # this vendor's S&P opens repeat the previous close for years


def test_csv_and_parquet_give_the_same_series(tmp_path):
    frame = simulate_bars(400).to_frame()
    frame.to_csv(tmp_path / "x.csv")
    frame.to_parquet(tmp_path / "x.parquet")
    one = load_bars(instrument(kind="csv", path=tmp_path / "x.csv"), ReplayConfig())
    two = load_bars(instrument(kind="parquet", path=tmp_path / "x.parquet"), ReplayConfig())
    assert one.fingerprint() == two.fingerprint()


def test_the_period_is_cut_at_both_ends(tmp_path):
    frame = simulate_bars(900).to_frame()
    frame.to_csv(tmp_path / "x.csv")
    period = ReplayConfig(start=frame.index[100].date(), end=frame.index[700].date())
    bars = load_bars(instrument(kind="csv", path=tmp_path / "x.csv"), period)
    assert len(bars) == 601
    assert bars.close[0] == frame["close"].iloc[100]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "data.empty"),
        (b"date,open,high,low,close\n", "data.empty"),
        (b"\xff\xfe\x00\x01", "data.unreadable"),
    ],
)
def test_unreadable_files(tmp_path, content, code):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_bars(instrument(kind="csv", path=tmp_path / "x.csv"), ReplayConfig())
    assert caught.value.code == code


def test_missing_file_and_damaged_parquet(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_bars(instrument(kind="csv", path=tmp_path / "none.csv"), ReplayConfig())
    (tmp_path / "x.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        load_bars(instrument(kind="parquet", path=tmp_path / "x.parquet"), ReplayConfig())


def test_too_few_bars_says_how_many_are_needed(tmp_path):
    simulate_bars(60).to_frame().to_csv(tmp_path / "short.csv")
    with pytest.raises(DataError, match="60 sessions, 315 are needed"):
        load_bars(instrument(kind="csv", path=tmp_path / "short.csv"), ReplayConfig())
    simulate_bars(400).to_frame().to_csv(tmp_path / "x.csv")
    config = parse_config(
        {
            "name": "x",
            "instruments": [{"symbol": "X", "source": {"kind": "csv", "path": str(tmp_path / "x.csv")}}],
        }
    )
    with pytest.raises(DataError, match="400 sessions in all, 1276 are needed"):
        load_all(config)


def test_yahoo_without_the_extra_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yfinance", None)
    with pytest.raises(DataError) as caught:
        load_bars(instrument(kind="yahoo", ticker="^RUT", cache=tmp_path), ReplayConfig())
    assert caught.value.code == "data.yahoo_extra_missing"


@pytest.mark.skipif(data_dir() is None, reason="real bars are not here")
def test_opens_of_the_russell_2000_are_real_from_2007_on():
    bars = load_bars(instrument(kind="csv", path=data_dir() / "rut.csv"), ReplayConfig())
    # 2007 to mid 2015, mid 2019 to mid 2020 and from mid 2022 on opens are traded ones
    assert [(str(bars.dates[a])[:7], str(bars.dates[b - 1])[:7]) for a, b in runs(~bars.opens_traded)] == [
        ("1987-09", "2007-01"),
        ("2015-09", "2019-08"),
        ("2020-07", "2022-04"),
    ]


@pytest.mark.parametrize("name", ["nasdaq", "sp500"])
def test_bundled_bars_equal_what_the_arch_package_loads(name):
    from importlib import import_module

    frame = import_module(f"arch.data.{name}").load()
    bars = load_bars(instrument(kind="bundled", name=name), ReplayConfig())
    np.testing.assert_array_equal(bars.dates, frame.index.to_numpy().astype("datetime64[D]"))
    for column in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(bars, column), frame[column.title()].to_numpy(float))


def csv_error(tmp_path, text: str | bytes) -> DataError:
    (tmp_path / "x.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        load_bars(instrument(kind="csv", path=tmp_path / "x.csv"), ReplayConfig())
    return caught.value


def csv_lines(n: int = 40) -> list[str]:
    return simulate_bars(n).to_frame().to_csv().splitlines()


def test_a_blank_line_is_no_row_and_does_not_shift_the_numbers_of_the_lines(tmp_path):
    lines = csv_lines()
    lines.insert(10, "")
    lines[20] = lines[20].rsplit(",", 1)[0] + ",many"
    error = csv_error(tmp_path, "\n".join(lines))
    assert "row 21 " in error.message  # as an editor counts them
    assert "many is not a number" in error.message


@pytest.mark.parametrize("surplus", [",", ",7"])
def test_a_line_with_more_cells_than_the_header_is_named(tmp_path, surplus):
    lines = csv_lines()
    error = csv_error(tmp_path, "\n".join([lines[0], *(line + surplus for line in lines[1:])]))
    assert error.code == "data.unreadable"
    assert "Expected 6 fields in line 2, saw 7" in error.message
    assert "thousands" in error.hint


@pytest.mark.parametrize("header", ["date,open,high,low,close,close", "date,open,high,low,close,Close "])
def test_two_columns_of_one_name_are_not_chosen_between(tmp_path, header):
    error = csv_error(tmp_path, "\n".join([header, *csv_lines()[1:]]))
    assert error.code == "data.duplicate_column"
    assert "more than one column close" in error.message


def test_a_folder_is_not_called_missing(tmp_path):
    with pytest.raises(DataError, match="this is a folder"):
        load_bars(instrument(kind="csv", path=tmp_path), ReplayConfig())
    with pytest.raises(DataError, match="too long"):
        load_bars(instrument(kind="csv", path=tmp_path / ("x" * 300)), ReplayConfig())


@pytest.mark.parametrize("inside", ["index", "column", "both", "text_index"])
def test_the_date_of_a_parquet_file_may_be_its_index_a_column_or_both(tmp_path, inside):
    bars = simulate_bars(400)
    frame = bars.to_frame()
    if inside == "column":
        frame = frame.reset_index()
    elif inside == "both":
        frame = frame.assign(date=frame.index)
    elif inside == "text_index":
        frame.index = frame.index.strftime("%Y-%m-%d").rename("date")
    frame.to_parquet(tmp_path / "x.parquet")
    found = load_bars(instrument(kind="parquet", path=tmp_path / "x.parquet"), ReplayConfig())
    assert found.fingerprint() == bars.fingerprint()
