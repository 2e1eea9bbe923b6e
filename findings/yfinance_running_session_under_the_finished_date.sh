#!/usr/bin/env bash
# yfinance 1.7.0, Python 3.11.
# Futures reopen in the evening.  Between then and midnight Yahoo's daily chart ends in two rows of one date: the day that has
# ended, and the running session.  Ticker.history keeps the second and drops the first, without a warning: what is dated
# 2025-12-02 is a few minutes of the session of 2025-12-03, and a cache that trusts "the session of the day has ended" keeps it.
# Shown with a reply made by hand, from a server on loopback, as of 20:00 in New York.
# Seen:   rows 2025-12-01 close 2473.4, 2025-12-02 close 2470.5 volume 4   (the finished day: close 2469.7 volume 300)
# Leave out the last row while a later session is under way.  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" "yfinance==1.7.0"
PYTHONPATH="$folder" ZONES="$folder/zones" python3.11 - <<'PY'
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pandas as pd
import yfinance

zone = "America/New_York"
moments = ["2025-12-01", "2025-12-02", "2025-12-02 20:00"]
stamps = [int(pd.Timestamp(moment, tz=zone).timestamp()) for moment in moments]
quote = {
    "open": [2490.0, 2475.0, 2470.0], "high": [2500.0, 2490.0, 2471.0], "low": [2465.0, 2460.0, 2469.0],
    "close": [2473.4, 2469.7, 2470.5], "volume": [200, 300, 4],
}
meta = {
    "currency": "USD", "symbol": "RTY=F", "exchangeName": "CME", "instrumentType": "FUTURE", "exchangeTimezoneName": zone,
    "timezone": "EST", "gmtoffset": -18000, "priceHint": 2, "dataGranularity": "1d", "range": "", "validRanges": ["max"],
    "firstTradeDate": stamps[0], "regularMarketTime": stamps[-1], "regularMarketPrice": 2470.5,
}
result = {"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote], "adjclose": [{"adjclose": quote["close"]}]}}
body = json.dumps({"chart": {"result": [result], "error": None}}).encode()


class Vendor(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Vendor)
Thread(target=server.serve_forever, daemon=True).start()
yfinance.set_tz_cache_location(os.environ["ZONES"])
for module in ("yfinance.base", "yfinance.scrapers.history"):
    sys.modules[module]._BASE_URL_ = f"http://127.0.0.1:{server.server_address[1]}"
frame = yfinance.Ticker("RTY=F").history(start="2025-11-30", auto_adjust=False, actions=False)
print(frame[["Close", "Volume"]].to_string())
days = [str(day.date()) for day in frame.index]
assert days == ["2025-12-01", "2025-12-02"], days
last = frame.iloc[-1]
assert (last["Close"], last["Volume"]) == (2470.5, 4), "the finished row is kept now"
PY
