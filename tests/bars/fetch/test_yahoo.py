"""Bars from Yahoo: the cache, the running session, revisions; a stand-in for yfinance, and yfinance itself on loopback."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from engine.bars.fetch import yahoo
from engine.bars.fetch.http import Policy
from engine.bars.load import load_bars
from engine.bars.simulate import simulate_bars
from engine.config import Instrument, ReplayConfig, YahooSource
from engine.errors import DataError
from tests.bars.fetch.vendor import ok, vendor

QUICK = Policy(2, 0.0, 2.0)
EVENING = datetime(2025, 12, 3, 1, 0, tzinfo=UTC)  # 20:00 of 2 December in New York


class Yfinance:
    """As much of the package as is used."""

    def __init__(self, *answers):
        self.answers, self.asked = answers, 0

    def Ticker(self, name):
        return self

    def history(self, **_):
        self.asked += 1
        answer = self.answers[min(self.asked, len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def frame(days=400, last="2025-12-02"):
    bars = simulate_bars(days, seed=3).to_frame().rename(columns=str.title)
    bars["Adj Close"] = bars["Close"]
    return bars.set_axis(pd.bdate_range(end=last, periods=days, tz="America/New_York"), axis=0)


def fetched(monkeypatch, folder, *answers, calendar="CMES", now=EVENING, **options):
    monkeypatch.setitem(sys.modules, "yfinance", Yfinance(*answers))
    source = YahooSource(ticker="RTY=F", cache=folder)
    return yahoo.fetch_yahoo(source, calendar, now=now, policy=QUICK, **options)


def test_caches_with_a_hash_and_refuses_a_changed_cache(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yfinance", Yfinance(frame(last="2025-06-02")))
    item = Instrument.model_validate(
        {"symbol": "X", "source": {"kind": "yahoo", "ticker": "^RUT", "cache": tmp_path}}
    )
    first = load_bars(item, ReplayConfig())
    monkeypatch.setitem(sys.modules, "yfinance", None)  # from here on the cache must do
    assert load_bars(item, ReplayConfig()).fingerprint() == first.fingerprint()
    path = next(tmp_path.glob("*.parquet"))
    pd.read_parquet(path).iloc[:-1].to_parquet(path)
    with pytest.raises(DataError) as caught:
        load_bars(item, ReplayConfig())
    assert caught.value.code == "data.cache_changed"


@pytest.mark.parametrize("answer", [OSError("no route to host"), pd.DataFrame()])
def test_without_a_network_says_so(tmp_path, monkeypatch, answer):
    with pytest.raises(DataError) as caught:
        fetched(monkeypatch, tmp_path, answer)
    assert caught.value.code == "data.yahoo_no_network"
    assert not list(tmp_path.iterdir())


def test_a_failed_attempt_is_made_again(tmp_path, monkeypatch):
    assert fetched(monkeypatch, tmp_path, OSError("reset"), frame()).rows == 399


@pytest.mark.parametrize(
    ("calendar", "now", "rows"),
    [
        ("CMES", EVENING, 399),  # the evening session runs under the finished day's date
        ("XNYS", EVENING, 400),  # closed at 16:00
        ("XNYS", datetime(2025, 12, 2, 20, 0, tzinfo=UTC), 399),
        (None, EVENING, 399),  # until midnight in the exchange's zone, not in UTC
        (None, datetime(2025, 12, 3, 5, 1, tzinfo=UTC), 400),
    ],
)
def test_a_session_that_has_not_ended_is_never_cached(tmp_path, monkeypatch, calendar, now, rows):
    assert fetched(monkeypatch, tmp_path, frame(), calendar=calendar, now=now).rows == rows


def test_revised_bars_are_listed_and_a_new_distribution_is_none(tmp_path, monkeypatch):
    fetched(monkeypatch, tmp_path, frame())
    other = frame()
    other["Adj Close"] *= 0.99
    assert not fetched(monkeypatch, tmp_path, other).changes
    other.iloc[7, other.columns.get_loc("High")] *= 1.01
    with pytest.raises(DataError, match=f"{other.index[7].date()}: high ") as caught:
        fetched(monkeypatch, tmp_path, other)
    assert caught.value.code == "data.vendor_revised"
    assert len(fetched(monkeypatch, tmp_path, other, accept_revisions=True).changes) == 1


def test_yfinance_itself_on_loopback(tmp_path, monkeypatch):
    yfinance = pytest.importorskip("yfinance")
    sessions = pd.to_datetime(["2025-11-28", "2025-12-01", "2025-12-02"]).tz_localize("America/New_York")
    live = pd.Timestamp("2025-12-02 20:00", tz="America/New_York")
    stamps = [int(s.timestamp()) for s in [*sessions, live]]
    quote = {
        "open": [2480.0, 2490.0, 2475.0, 2470.0],
        "high": [2495.0, 2500.0, 2490.0, 2471.0],
        "low": [2470.0, 2465.0, 2460.0, 2469.0],
        "close": [2490.0, 2473.4, 2469.7, 2470.5],
        "volume": [100, 200, 300, 4],
    }
    meta = {"currency": "USD", "symbol": "RTY=F", "exchangeName": "CME", "instrumentType": "FUTURE",
            "exchangeTimezoneName": "America/New_York", "timezone": "EST", "gmtoffset": -18000, "priceHint": 2,
            "dataGranularity": "1d", "range": "", "validRanges": ["max"], "firstTradeDate": stamps[0],
            "regularMarketTime": stamps[-1], "regularMarketPrice": 2470.5}  # fmt: skip
    result = {
        "meta": meta,
        "timestamp": stamps,
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": quote["close"]}]},
    }
    reply = ok(
        json.dumps({"chart": {"result": [result], "error": None}}), **{"Content-Type": "application/json"}
    )
    yfinance.set_tz_cache_location(str(tmp_path / "zones"))
    with vendor(reply) as (url, asked):
        for module in ("yfinance.base", "yfinance.scrapers.history"):
            monkeypatch.setattr(sys.modules[module], "_BASE_URL_", url)
        found = yahoo.fetch_yahoo(
            YahooSource(ticker="RTY=F", start="2025-11-01", cache=tmp_path), "CMES", now=EVENING, policy=QUICK
        )
    assert any("/v8/finance/chart/RTY=F" in path for path in asked)
    cached = pd.read_parquet(found.path)
    # the row of 2 December would hold the four minutes that had been traded since the reopening
    assert cached["date"].dt.strftime("%Y-%m-%d").tolist() == ["2025-11-28", "2025-12-01"]
    assert np.allclose(cached["close"], [2490.0, 2473.4])
