"""Series over HTTP into the cache: what is refused, what is listed, what a killed process leaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from engine.bars.context import read_context
from engine.bars.fetch import fetch_fred, read_fred
from engine.bars.fetch.http import Policy
from engine.config import ContextConfig, FredSource
from engine.errors import DataError, EngineError
from tests.bars.fetch.vendor import ok, vendor

NOW = datetime(2020, 1, 8, 15, 0, tzinfo=UTC)
ROWS = ["2020-01-02,1.88", "2020-01-03,1.80", "2020-01-06,.", "2020-01-07,1.83"]


def body(rows=ROWS, head="observation_date,DGS10"):
    return "\n".join([head, *rows]) + "\n"


def source(url, folder):
    return FredSource(series="DGS10", url=url + "/fredgraph.csv?id={series}", cache=folder)


def fetched(folder, *replies, **options):
    with vendor(*replies) as (url, asked):
        found = fetch_fred(source(url, folder), now=NOW, policy=Policy(2, 0.01, 2.0), **options)
        assert asked[0] == "/fredgraph.csv?id=DGS10"
    return found


def test_a_series_is_cached_with_hash_time_and_vendor(tmp_path):
    found = fetched(tmp_path, ok(body([*ROWS, "2020-01-08,9.9"])))
    assert "left out 2020-01-08" in str(found)  # today has not ended
    record = json.loads((tmp_path / "fred_DGS10.json").read_text())
    assert record["vendor"] == "fred"
    assert record["downloaded_at"] == "2020-01-08T15:00:00+00:00"
    assert (record["rows"], record["last_date"], record["file"]) == (4, "2020-01-07", found.path.name)
    item = ContextConfig.model_validate(
        {
            "name": "ten",
            "source": {"kind": "fred", "series": "DGS10", "cache": tmp_path},
            "role": "yield_10y",
            "publication_lag_sessions": 1,
        }
    )
    one = read_context(item)  # no server any more: from the cache
    assert one.values.tolist() == [1.88, 1.80, 1.83]


def test_a_revision_is_listed_before_the_cache_is_replaced(tmp_path):
    first = fetched(tmp_path, ok(body()))
    changed = [ROWS[0], "2020-01-03,1.81", *ROWS[2:]]
    with pytest.raises(DataError, match=r"1 past values.*: 2020-01-03: DGS10 1.8 -> 1.81") as caught:
        fetched(tmp_path, ok(body(changed)))
    assert caught.value.code == "data.vendor_revised"
    assert "2020-01-03,DGS10,1.8,1.81" in (tmp_path / "fred_DGS10.revisions.csv").read_text()
    assert first.path.exists()
    with vendor(ok("")) as (url, _):
        assert read_fred(source(url, tmp_path))["DGS10"].tolist()[1] == 1.80
    second = fetched(tmp_path, ok(body(changed)), accept_revisions=True)
    assert [str(c) for c in second.changes] == ["2020-01-03: DGS10 1.8 -> 1.81"]
    assert [p.suffix for p in sorted(tmp_path.iterdir())] == [".parquet", ".json", ".csv"]


def test_lost_rows_are_a_revision_and_new_ones_are_not(tmp_path):
    fetched(tmp_path, ok(body(ROWS[:3])))
    assert fetched(tmp_path, ok(body())).added == 1
    with pytest.raises(DataError, match="2020-01-02: the row is gone"):
        fetched(tmp_path, ok(body(ROWS[1:])))


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (ok("<html>busy</html>\n"), "fetch.not_a_series"),
        (ok(body(head="observation_date,DGS2")), "fetch.not_a_series"),
        (ok(body([*ROWS, "2020-01-07,1.9"])), "fetch.not_a_series"),
        (ok(body([*ROWS, "soon,1.9"])), "fetch.not_a_series"),
        (ok(body()[:-3], **{"Content-Length": "", "Connection": "close"}), "fetch.partial"),
        ((200, {"Content-Length": "500"}, body().encode()), "fetch.partial"),
        ((404, {}, b""), "fetch.refused"),
    ],
)
def test_a_bad_reply_leaves_the_cache_as_it_was(tmp_path, reply, code):
    fetched(tmp_path, ok(body()))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(EngineError) as caught:
        fetched(tmp_path, reply)
    assert caught.value.code == code
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_process_killed_between_table_and_record_leaves_the_old_cache(tmp_path, monkeypatch):
    from engine.bars.fetch import cache

    fetched(tmp_path, ok(body(ROWS[:3])))

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cache, "write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        fetched(tmp_path, ok(body()))
    assert len(read_fred(FredSource(series="DGS10", cache=tmp_path))) == 3


def test_a_changed_cache_is_refused_and_fetched_anew(tmp_path):
    path = fetched(tmp_path, ok(body())).path
    pd.read_parquet(path).iloc[:2].to_parquet(path)
    with pytest.raises(DataError) as caught:
        read_fred(FredSource(series="DGS10", cache=tmp_path))
    assert caught.value.code == "data.cache_changed"
    assert "damaged" in str(fetched(tmp_path, ok(body())))
    assert len(read_fred(FredSource(series="DGS10", cache=tmp_path))) == 4


def test_a_common_factor_is_one_line():
    from engine.bars.fetch import changes_between, in_lines

    days = pd.Series(np.arange("2020-01-01", "2020-02-20", dtype="M8[D]").astype("M8[us]"))
    old = pd.DataFrame({"date": days, "close": np.linspace(100, 120, len(days))})
    lines = in_lines(changes_between(old, old.assign(close=old.close / 2)))
    assert lines == ["2020-01-01 to 2020-02-19: 50 values of close, each times 0.5"]
    assert not changes_between(old, old.assign(close=old.close * (1 + 1e-8)))
