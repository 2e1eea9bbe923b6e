"""One long file of several instruments is a universe; keys that may name a path."""

from __future__ import annotations

import pandas as pd
import pytest

from engine.bars.layouts import read as reading
from engine.bars.load import load_bars
from engine.bars.simulate import simulate_bars
from engine.config import ReplayConfig, dump_config, load_config
from engine.errors import ConfigError


def long_file(folder, name="all.csv", **more):
    parts = [
        simulate_bars(330, seed=i).to_frame().reset_index().assign(ticker=symbol, **more)
        for i, symbol in enumerate(["AAA", "BBB", "CCC"])
    ]
    frame = pd.concat(parts).sort_values("date", kind="stable")
    if name.endswith(".parquet"):
        frame.to_parquet(folder / name, index=False)
    else:
        frame.to_csv(folder / name, index=False, sep=";" if "semicolon" in name else ",")
    return frame


def config(folder, name="all.csv", column="ticker"):
    text = f"name: x\ninstruments: {{file: {name}, symbol_column: {column}, family: equity}}\n"
    (folder / "x.yaml").write_text(text)
    return load_config(folder / "x.yaml")


@pytest.mark.parametrize("name", ["all.csv", "semicolon.csv", "all.parquet"])
def test_a_long_file_is_a_universe(tmp_path, name):
    long_file(tmp_path, name)
    made = config(tmp_path, name)
    assert [item.symbol for item in made.instruments] == ["AAA", "BBB", "CCC"]
    for i, item in enumerate(made.instruments):
        bars = load_bars(item, ReplayConfig())
        assert bars.family == "equity"
        assert bars.close == pytest.approx(simulate_bars(330, seed=i).close)
    (tmp_path / "again.yaml").write_text(dump_config(made))
    assert load_config(tmp_path / "again.yaml") == made


def test_the_file_is_parsed_once_and_again_when_it_changes(tmp_path, monkeypatch):
    long_file(tmp_path)
    made = config(tmp_path)
    count = []
    whole = reading._parsed
    monkeypatch.setattr(reading, "_parsed", lambda *a: count.append(1) or whole(*a))
    for item in made.instruments:
        load_bars(item, ReplayConfig())
    assert len(count) == 1
    long_file(tmp_path, extra=1)
    load_bars(made.instruments[0], ReplayConfig())
    assert len(count) == 2


@pytest.mark.parametrize(
    ("name", "column", "code"),
    [("all.csv", "symbol", "config.bad_universe"), ("none.csv", "ticker", "config.missing_file")],
)
def test_what_is_not_there_is_named(tmp_path, name, column, code):
    long_file(tmp_path)
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, name, column)
    assert caught.value.code == code


def test_variables_fill_the_paths_of_context_and_events(tmp_path, monkeypatch):
    monkeypatch.setenv("SOMEWHERE", str(tmp_path))
    (tmp_path / "x.yaml").write_text(
        "name: x\n"
        "instruments: [{symbol: X, source: {kind: bundled, name: nasdaq}}]\n"
        "context: [{name: a, source: {kind: fred, series: A, cache: '${SOMEWHERE}/c'}, publication_lag_sessions: 1}]\n"
        "events: {path: '${SOMEWHERE}/e.csv'}\n"
    )
    made = load_config(tmp_path / "x.yaml")
    assert made.events.path == tmp_path / "e.csv"
    assert made.context[0].source.cache == tmp_path / "c"
