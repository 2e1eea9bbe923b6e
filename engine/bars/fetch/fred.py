"""A series as FRED hands it out: a CSV of two columns, the day and the value, over HTTP."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from engine.bars.fetch.cache import Fetched, Slot, read_cached, store
from engine.bars.fetch.finished import Exchange, finished
from engine.bars.fetch.http import Policy, get
from engine.config import FredSource
from engine.errors import DataError

_DAYS = ("observation_date", "date")
_HOME = Exchange(None, "America/New_York")


def read_fred(source: FredSource) -> pd.DataFrame:
    """Columns date and the series' own name; downloaded where there is no cache yet.  Raises as :func:`fetch_fred`."""
    found = read_cached(_slot(source))
    if found is None:
        fetch_fred(source)
        found = read_cached(_slot(source))
        assert found is not None
    return found


def fetch_fred(
    source: FredSource,
    *,
    accept_revisions: bool = False,
    policy: Policy | None = None,
    now: datetime | None = None,
) -> Fetched:
    """Download a series up to yesterday and replace its cache.

    Raises
    ------
    DataError
        Those of :func:`engine.bars.fetch.http.get`; ``fetch.not_a_series``, ``fetch.partial`` or ``data.vendor_revised``.
    """
    now = now or datetime.now(UTC)
    url = source.url.replace("{series}", source.series)
    table = _table(get(url, policy), source.series, url)
    days = pd.to_datetime(table["date"]).to_numpy().astype("datetime64[D]")
    kept, reason = finished(days, _HOME, now)
    return store(
        _slot(source),
        table[kept].reset_index(drop=True),
        accept_revisions=accept_revisions,
        about={"url": url},
        remarks=(reason,) if reason else (),
        now=now,
    )


def _slot(source: FredSource) -> Slot:
    return Slot(source.cache, f"fred_{source.series}", "fred", source.series)


def _table(body: bytes, series: str, url: str) -> pd.DataFrame:
    wrong = DataError(
        "fetch.not_a_series",
        f"{url}: the reply is no CSV with a day and a column {series} ({body[:60]!r})",
        "check series and url",
    )
    try:
        text = body.decode("utf-8-sig")
        table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except (UnicodeDecodeError, ValueError):
        raise wrong from None
    names = {str(name).strip().lower(): name for name in table.columns}
    day = next((names[name] for name in _DAYS if name in names), None)
    if day is None or series.lower() not in names or not len(table):
        raise wrong
    if not text.endswith("\n"):
        # a server that does not say how long its reply is can break off anywhere
        raise DataError(
            "fetch.partial",
            f"{url}: the last line is not finished",
            "try again later; the cache is as it was",
        )
    days = pd.to_datetime(table[day].str.strip(), format="%Y-%m-%d", errors="coerce")
    cells = table[names[series.lower()]].str.strip()
    values = pd.to_numeric(cells, errors="coerce")
    bad = np.flatnonzero(days.isna() | (values.isna() & ~cells.isin(["", "."])))
    if len(bad):
        raise DataError(
            "fetch.not_a_series",
            f"{url}: line {bad[0] + 2} is no day with a number ({', '.join(map(str, table.iloc[bad[0]]))})",
            "check series and url",
        )
    frame = pd.DataFrame({"date": days.astype("datetime64[us]"), series: values.astype("float64")})
    if frame["date"].duplicated().any():
        raise DataError("fetch.not_a_series", f"{url}: a day stands in it twice", "check series and url")
    return frame.sort_values("date", ignore_index=True)
