"""Every vendor's export of one known series gives that series back; what can be read in two ways is an error."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bars.layouts import LAYOUTS
from engine.bars.load import load_bars
from engine.bars.simulate import simulate_bars
from engine.config import Instrument, ReplayConfig, parse_config
from engine.errors import DataError

BARS = simulate_bars(400, seed=8)
DATES = np.busday_offset(np.datetime64("2010-01-04", "D"), np.arange(len(BARS)))
DAY = pd.Series(DATES.astype("datetime64[s]"))
FRAME = BARS.to_frame().reset_index(drop=True)[["open", "high", "low", "close"]].round(2)
FRAME["high"] = FRAME.max(axis=1)
FRAME["low"] = FRAME.min(axis=1)
VOLUME = (BARS.volume // 10_000 * 10_000).astype(int) + 10_000
SECONDS = (DAY - pd.Timestamp("1970-01-01")) // pd.Timedelta("1s")


def frame(dates, names="Date,Open,High,Low,Close,Volume", prices=FRAME, volume=VOLUME) -> pd.DataFrame:
    table = pd.concat([pd.Series(dates), prices.reset_index(drop=True), pd.Series(volume)], axis=1)
    return table.set_axis(names.split(","), axis=1)


def text(table: pd.DataFrame, newest_first=False, **options) -> str:
    return (table[::-1] if newest_first else table).to_csv(index=False, **options)


def written(pattern: str) -> pd.Series:
    return DAY.dt.strftime(pattern)


def american(prices=FRAME, sign="") -> pd.DataFrame:
    return prices.map(lambda value: f"{sign}{value:,.2f}")


def german(value: float) -> str:
    return f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


def binance(unit: int) -> str:
    zeros = dict.fromkeys("abcdef", 0)
    return text(frame(SECONDS * unit).assign(end=SECONDS * unit + 86_400 * unit - 1, **zeros), header=False)


ISO = text(frame(written("%Y-%m-%d")))
YFINANCE = frame(written("%Y-%m-%d"))[["Date", "Close", "High", "Low", "Open", "Volume"]]
LOWER = "date,open,high,low,close,volume"
VENDORS = {
    "iso": ISO,
    "yahoo": text(frame(written("%Y-%m-%d")).assign(**{"Adj Close": FRAME.close * 0.9})),
    "yahoo, price then ticker": "Price,Close,High,Low,Open,Volume\nTicker,X,X,X,X,X\nDate,,,,,\n" + text(YFINANCE, header=False),
    "yahoo, ticker then price": "Ticker,X,X,X,X,X\nPrice,Close,High,Low,Open,Volume\nDate,,,,,\n" + text(YFINANCE, header=False),
    "stooq": text(frame(written("%Y-%m-%d"))),
    "stooq bulk": text(
        frame(written("%Y%m%d"), "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>").assign(**{"<TICKER>": "X.US", "<TIME>": "000000", "<OPENINT>": 0})
    ),
    "tradingview": text(frame(SECONDS + 14 * 3600 + 1800, "time,open,high,low,close,Volume").assign(MA=1.0)),
    "tradingview, iso": text(frame(written("%Y-%m-%dT09:30:00-05:00"), "time,open,high,low,close,Volume")),
    "nasdaq.com": text(
        frame(written("%m/%d/%Y"), "Date,Open,High,Low,Close/Last,Volume", american(sign="$"))[["Date", "Close/Last", "Volume", "Open", "High", "Low"]],
        newest_first=True,
    ),
    "investing": text(
        frame(written("%m/%d/%Y"), "Date,Open,High,Low,Price,Vol.", american(), [f"{v / 1e6:.2f}M" for v in VOLUME]).assign(**{"Change %": "0.10%"}),
        newest_first=True,
        quoting=csv.QUOTE_ALL,
    ),
    "investing (German)": text(
        frame(written("%d.%m.%Y"), "Datum,Eröffn.,Hoch,Tief,Zuletzt,Vol.", FRAME.map(german), [f"{v / 1e3:.2f}K".replace(".", ",") for v in VOLUME]).assign(**{"+/- %": "0,10%"}),
        newest_first=True,
        quoting=csv.QUOTE_ALL,
    ),
    "metatrader 4": text(frame(written("%Y.%m.%d,00:00")), header=False, quoting=csv.QUOTE_NONE, escapechar="\\").replace("\\", ""),
    "metatrader 5": text(frame(written("%Y.%m.%d"), "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>").assign(**{"<VOL>": 0, "<SPREAD>": 1}), sep="\t"),
    "barchart": text(frame(written("%m/%d/%Y"), "Time,Open,High,Low,Last,Volume").assign(Change=0.1, **{"%Chg": "0.1%"}), newest_first=True)
    + '"Downloaded from Barchart.com as of 11-28-2025 05:00am CST"\n',
    "binance": binance(1000),
    "binance since 2025": binance(1_000_000),
    "cryptodatadownload": "https://www.CryptoDataDownload.com\n"
    + text(
        frame(written("%Y-%m-%d 00:00:00"), "date,open,high,low,close,Volume BTC").assign(unix=SECONDS, symbol="BTC/USD", **{"Volume USD": 7.5}),
        newest_first=True,
    ),
    "alpha vantage": text(frame(written("%Y-%m-%d"), "timestamp,open,high,low,close,volume"), newest_first=True),
    "numbered names": text(frame(written("%Y-%m-%d"), "date,1. open,2. high,3. low,4. close,5. volume")),
    "firstrate": text(frame(written("%Y-%m-%d")), header=False),
    "sierra chart": text(frame(written("%Y/%m/%d"), "Date, Open, High, Low, Last, Volume").assign(**{" Time": "00:00:00", " NumberOfTrades": 5})),
    "semicolons and decimal comma": text(frame(written("%d.%m.%Y"), LOWER), sep=";", decimal=","),
    "tabs": text(frame(written("%Y-%m-%d"), LOWER), sep="\t"),
    "month names": text(frame(written("%b %d, %Y"), LOWER), quoting=csv.QUOTE_ALL),
    "day-month names": text(frame(written("%d-%b-%Y"), LOWER)),
    "two-digit years": text(frame(written("%m/%d/%y"), LOWER)),
    "comment first": "# made by a tool\n" + ISO,
    "Excel's separator line": "sep=;\n" + text(frame(written("%Y-%m-%d"), LOWER), sep=";"),
    "Swiss apostrophes": text(frame(written("%d.%m.%Y"), LOWER, FRAME.map(lambda v: f"{v:,.2f}".replace(",", "'")))),
    "newest first": text(frame(written("%Y-%m-%d")), newest_first=True),
}  # fmt: skip


def load(path, **keys):
    source = {"kind": "parquet" if path.suffix == ".parquet" else "csv", "path": path, **keys}
    return load_bars(Instrument.model_validate({"symbol": "X", "source": source}), ReplayConfig())


def from_text(tmp_path, content: str | bytes, name="x.csv", **keys):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(tmp_path / name, **keys)


def assert_is_the_series(bars):
    np.testing.assert_array_equal(bars.dates, DATES)
    for name in FRAME.columns:
        np.testing.assert_array_equal(getattr(bars, name), FRAME[name])
    np.testing.assert_array_equal(bars.volume, VOLUME)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_a_vendor_writes_is_read_back_to_the_last_bit(tmp_path, vendor):
    bars = from_text(tmp_path, VENDORS[vendor])
    assert_is_the_series(bars)
    known = vendor.split(",")[0].removesuffix(" since 2025")
    if known in {layout.name for layout in LAYOUTS}:
        assert bars.around.origin.startswith(f"layout: {known}")
    assert "not recognised" not in bars.around.origin


def test_what_was_recognised_is_said(tmp_path):
    said = from_text(tmp_path, VENDORS["investing"]).around.origin
    assert said.startswith("layout: investing, dates month/day/year, newest first")
    assert "K, M, B" in said
    assert "thousands" in said
    assert from_text(tmp_path, ISO).around.origin == "layout: iso, dates year-month-day"


@pytest.mark.parametrize("vendor", ["investing", "tradingview", "semicolons and decimal comma"])
def test_the_manifest_says_how_a_file_was_read(tmp_path, vendor):
    from engine.runs.folder import RunFolder

    bars = from_text(tmp_path, VENDORS[vendor])
    source = {"kind": "csv", "path": str(tmp_path / "x.csv")}
    config = parse_config({"name": "x", "instruments": [{"symbol": "X", "source": source}]})
    folder = RunFolder(tmp_path / "results", config, {"X": bars}, "test")
    manifest = json.loads((folder.path / "manifest.json").read_text())
    assert manifest["data"]["X"]["read_as"] == bars.around.origin
    assert bars.around.origin.startswith("layout: ")


@pytest.mark.parametrize("pack", ["gzip", "zip", "utf-16", "windows lines"])
def test_packed_and_encoded_files(tmp_path, pack):
    raw = ISO.encode()
    if pack == "gzip":
        raw = gzip.compress(raw)
    elif pack == "zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("bars.csv", raw)
            archive.writestr("__MACOSX/bars.csv", b"x")
        raw = buffer.getvalue()
    elif pack == "utf-16":
        raw = ISO.encode("utf-16")
    else:
        raw = ISO.replace("\n", "\r\n").encode()
    assert_is_the_series(from_text(tmp_path, raw))


def error(tmp_path, content, **keys) -> DataError:
    with pytest.raises(DataError) as caught:
        from_text(tmp_path, content, **keys)
    return caught.value


def test_an_archive_of_two_files_is_not_chosen_from(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", ISO)
        archive.writestr("b.csv", ISO)
    assert error(tmp_path, buffer.getvalue()).code == "data.several_files"


# twelve dates of one January, none beyond the 12th
AMBIGUOUS = text(frame(pd.Series([f"{d:02d}/01/2024" for d in range(1, 13)]), LOWER, FRAME[:12], VOLUME[:12]))


def test_day_and_month_that_can_be_swapped_show_both_readings_and_the_key(tmp_path):
    found = error(tmp_path, AMBIGUOUS.replace("01/01/2024", "03/04/2024"))
    assert found.code == "data.ambiguous_date"
    assert (
        "03/04/2024 is 2024-03-04 read as month/day/year and 2024-04-03 read as day/month/year"
        in found.message
    )
    assert "dates: month/day/year" in found.hint
    # the key decides, and with it only the length is at fault
    assert error(tmp_path, AMBIGUOUS, dates="day/month/year").code == "data.too_few_bars"
    assert error(tmp_path, AMBIGUOUS, dates="%d/%m/%Y").code == "data.too_few_bars"


def test_a_comma_that_can_be_either_sign_is_an_error(tmp_path):
    prices = pd.DataFrame({n: ["1,234"] * 12 for n in FRAME})
    table = text(
        frame(pd.Series([f"2024-01-{d:02d}" for d in range(1, 13)]), LOWER, prices, VOLUME[:12]), sep=";"
    )
    found = error(tmp_path, table)
    assert found.code == "data.ambiguous_number"
    assert "1.234 with a decimal comma and 1234 with a thousands separator" in found.message
    assert error(tmp_path, table, decimal=",").code == "data.too_few_bars"
    assert error(tmp_path, table, decimal=".").code == "data.too_few_bars"


EVENING = text(frame(SECONDS - 3600, "time,open,high,low,close,Volume"))  # 23:00 UTC of the day before


def test_an_evening_session_needs_a_time_zone_and_gets_the_next_day(tmp_path):
    found = error(tmp_path, EVENING)
    assert found.code == "data.ambiguous_instant"
    first, before = DATES[0], DATES[0] - 1
    assert str(first) in found.message
    assert str(before) in found.message
    bars = from_text(tmp_path, EVENING, timezone="America/Chicago", session_start="16:00")
    assert_is_the_series(bars)
    # midnight of the exchange, written in UTC, summer time and all
    local = DAY.dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC").dt.tz_localize(None)
    berlin = text(
        frame((local - pd.Timestamp("1970-01-01")) // pd.Timedelta("1s"), "time,open,high,low,close,Volume")
    )
    assert error(tmp_path, berlin).code == "data.ambiguous_instant"
    assert_is_the_series(from_text(tmp_path, berlin, timezone="Europe/Berlin"))
    # stamps with an offset that begin a session the evening before
    iso = text(
        frame(
            (DAY - pd.Timedelta("6h")).dt.strftime("%Y-%m-%dT%H:%M:%S-06:00"),
            "time,open,high,low,close,Volume",
        )
    )
    assert error(tmp_path, iso).code == "data.ambiguous_instant"
    assert_is_the_series(from_text(tmp_path, iso, session_start="17:00"))


def test_columns_can_be_named_or_counted(tmp_path):
    odd = text(frame(written("%Y-%m-%d"), "When,A,B,C,D,E"))
    assert error(tmp_path, odd).code == "data.missing_column"
    names = dict(zip(LOWER.split(","), ["When", *"ABCDE"], strict=True))
    assert_is_the_series(from_text(tmp_path, odd, columns=names))
    assert_is_the_series(from_text(tmp_path, odd, columns={n: i + 1 for i, n in enumerate(names)}))
    assert error(tmp_path, odd, columns={**names, "close": "Z"}).code == "data.no_such_column"
    two = text(frame(written("%Y-%m-%d"), "date,open,high,low,last,volume").assign(settle=FRAME.close))
    found = error(tmp_path, two)
    assert found.code == "data.ambiguous_column"
    assert "last and settle" in found.message
    assert_is_the_series(from_text(tmp_path, two, columns={"close": "settle"}))


def test_a_file_of_several_instruments(tmp_path):
    mine = frame(written("%Y-%m-%d"), LOWER).assign(ticker="X")
    both = text(pd.concat([mine, mine.assign(ticker="Y", close=1)]).sort_values(["date", "ticker"]))
    assert_is_the_series(from_text(tmp_path, both))
    assert_is_the_series(
        from_text(tmp_path, both.replace(",X\n", ",XX\n"), symbol_column="ticker", symbol_in_file="XX")
    )
    found = error(tmp_path, both.replace(",X\n", ",Z\n"))
    assert found.code == "data.several_instruments"
    assert "names Z, Y, and no X" in found.message


def test_parquet_with_a_vendors_names_and_instants(tmp_path):
    table = frame(DAY, "Datetime,Open,High,Low,Close,Volume")
    table.to_parquet(tmp_path / "x.parquet")
    assert_is_the_series(load(tmp_path / "x.parquet"))
    table.assign(Datetime=DAY.dt.tz_localize("America/New_York")).to_parquet(tmp_path / "x.parquet")
    assert_is_the_series(load(tmp_path / "x.parquet"))
    table.assign(Datetime=SECONDS * 1000).to_parquet(tmp_path / "x.parquet")
    assert_is_the_series(load(tmp_path / "x.parquet"))


def test_one_bad_cell_keeps_its_name_row_and_column(tmp_path):
    lines = VENDORS["nasdaq.com"].splitlines()
    lines[30] = lines[30].replace("$", "about ", 1)
    found = error(tmp_path, "\n".join(lines))
    assert found.code == "data.not_a_number"
    assert "row 31 " in found.message
    assert "close about " in found.message
    lines = VENDORS["investing"].splitlines()
    lines[7] = '"13/45/2011"' + lines[7][12:]
    found = error(tmp_path, "\n".join(lines))
    assert found.code == "data.bad_date"
    assert "row 8:" in found.message
    assert "13/45/2011" in found.message


def test_one_comma_typed_for_a_point_is_not_taken_out(tmp_path):
    lines = text(frame(written("%Y-%m-%d"), LOWER), quoting=csv.QUOTE_ALL).splitlines()
    cells = lines[9].split('","')
    cells[4] = cells[4].replace(".", ",")
    lines[9] = '","'.join(cells)
    assert error(tmp_path, "\n".join(lines)).code == "data.not_a_number"


@settings(max_examples=25, deadline=None)
@given(
    order=st.sampled_from(["%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y"]),
    separator=st.sampled_from([";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    newest_first=st.booleans(),
    decimals=st.integers(0, 4),
)
def test_any_combination_is_read_back(tmp_path_factory, order, separator, decimal, newest_first, decimals):
    prices = FRAME.round(decimals)
    table = frame(written(order), LOWER, prices.map(lambda v: f"{v:.{decimals}f}".replace(".", decimal)))
    folder = tmp_path_factory.mktemp("any")
    (folder / "x.csv").write_text(
        text(table, newest_first, sep=separator, quoting=csv.QUOTE_NONE, escapechar="\\")
    )
    bars = load(folder / "x.csv")
    np.testing.assert_array_equal(bars.dates, DATES)
    np.testing.assert_array_equal(bars.close, prices.close)
