"""Bars from Yahoo Finance through yfinance, up to the last finished session."""

from __future__ import annotations

import io
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime

import pandas as pd

from engine.bars.fetch.cache import Fetched, Slot, read_cached, store
from engine.bars.fetch.finished import Exchange, finished
from engine.bars.fetch.http import POLICY, Policy
from engine.config import YahooSource
from engine.errors import DataError

_KEPT = ("open", "high", "low", "close", "adj close", "volume")


def read_yahoo(source: YahooSource, calendar: str | None = None) -> pd.DataFrame:
    """The cached bars; downloads them when there is no cache yet.

    A run never refreshes a cache by itself, so a config gives the same numbers until ``engine fetch``.

    Raises
    ------
    DataError
        ``data.cache_changed``, and as :func:`fetch_yahoo`.
    """
    found = read_cached(_slot(source))
    if found is None:
        fetch_yahoo(source, calendar)
        found = read_cached(_slot(source))
        assert found is not None
    return found


def fetch_yahoo(
    source: YahooSource,
    calendar: str | None = None,
    *,
    accept_revisions: bool = False,
    policy: Policy | None = None,
    now: datetime | None = None,
) -> Fetched:
    """Download the bars up to the last finished session and replace the cache.

    Parameters
    ----------
    calendar : from the config; None: a day has ended at midnight in the exchange's time zone.

    Raises
    ------
    DataError
        ``data.yahoo_extra_missing``, ``data.yahoo_no_network`` or ``data.vendor_revised``.
    """
    now = now or datetime.now(UTC)
    frame, zone = _download(source, policy or POLICY)
    days = frame["date"].to_numpy().astype("datetime64[D]")
    kept, reason = finished(days, Exchange(calendar, zone), now)
    frame = frame[kept].reset_index(drop=True)
    if frame.empty:
        raise _no_network(source, f"no finished session came back; {reason}")
    return store(
        _slot(source),
        frame,
        accept_revisions=accept_revisions,
        # every distribution rewrites the adjusted close of all days before it
        leave_out=("adj close",),
        about={"ticker": source.ticker, "calendar": calendar, "time_zone": zone},
        remarks=(reason,) if reason else (),
        now=now,
    )


def _download(source: YahooSource, policy: Policy) -> tuple[pd.DataFrame, str]:
    """Bars by day of the exchange, and the exchange's time zone."""
    try:
        import yfinance
    except ImportError:
        raise DataError(
            "data.yahoo_extra_missing",
            f"{source.ticker}: source kind yahoo needs the yfinance package, which is not installed",
            "pip install 'scenario-engine[data]', or use a csv source",
        ) from None
    said = "no rows came back"
    for attempt in range(policy.attempts):
        if attempt:
            time.sleep(policy.backoff * 2 ** (attempt - 1))
        try:
            with _quiet():
                frame = yfinance.Ticker(source.ticker).history(
                    start=source.start.isoformat(),
                    interval="1d",
                    auto_adjust=False,
                    actions=False,
                    timeout=policy.timeout,
                )
        except Exception as error:  # yfinance lets every transport library's own errors through
            said = str(error)
            continue
        if frame is not None and not frame.empty:
            return _bars(frame), str(getattr(frame.index, "tz", None) or "UTC")
    raise _no_network(source, said)


def _bars(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.rename(columns=str.lower)
    index = pd.DatetimeIndex(frame.index)
    # stamps are midnight in the exchange's zone: the day is theirs, not that of UTC
    days = index.tz_localize(None) if index.tz is not None else index
    frame = frame[[name for name in _KEPT if name in frame.columns]].reset_index(drop=True)
    frame.insert(0, "date", days.normalize().astype("datetime64[us]"))
    return frame


@contextmanager
def _quiet() -> Iterator[None]:
    """Without yfinance's own log lines and warnings: the error below says it in one message."""
    log = logging.getLogger("yfinance")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)


def _slot(source: YahooSource) -> Slot:
    return Slot(source.cache, f"{source.ticker}_{source.start.isoformat()}", "yahoo", source.ticker)


def _no_network(source: YahooSource, reason: str) -> DataError:
    return DataError(
        "data.yahoo_no_network",
        f"{source.ticker}: Yahoo Finance could not be reached or had no bars ({reason})",
        "check the network and the ticker, or use a csv source",
    )
