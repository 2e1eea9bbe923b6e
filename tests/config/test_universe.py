"""Instruments from a pattern of files or a table of members; each bad input is one error with its place."""

import pytest
import yaml

from engine.bars.load import load_universe
from engine.config import dump_config, load_config
from engine.errors import ConfigError, DataError
from tests.simulated_files import csv_of


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("AAA.csv", "BBB.csv", "sub/CCC.csv")):
        path = tmp_path / "bars" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        csv_of(path, sessions=1400, seed=number)
    return tmp_path


def config_of(folder, instruments, **more):
    path = folder / "u.yaml"
    path.write_text(yaml.safe_dump({"name": "u", "instruments": instruments, **more}))
    return load_config(path)


def table(folder, *lines):
    (folder / "universe.csv").write_text("\n".join(lines) + "\n")
    return {"table": "universe.csv"}


def test_a_pattern_becomes_a_list_named_after_its_files(folder, monkeypatch):
    monkeypatch.setenv("BARS_FOLDER", str(folder / "bars"))
    config = config_of(
        folder, {"files": "${BARS_FOLDER}/*.csv", "family": "index", "symbol": "from the file's name"}
    )
    assert [(i.symbol, i.family, i.source.kind) for i in config.instruments] == [
        ("AAA", "index", "csv"),
        ("BBB", "index", "csv"),
    ]
    assert [i.symbol for i in config_of(folder, {"files": "bars/**/*.csv"}).instruments] == [
        "AAA",
        "BBB",
        "CCC",
    ]
    assert "first_date" not in dump_config(config), "a key that nobody set moves no hash of a config"
    (folder / "again.yaml").write_text(dump_config(config))
    assert load_config(folder / "again.yaml") == config


def test_a_member_of_a_table_starts_and_stops_on_its_dates(folder):
    lines = table(
        folder,
        "symbol,path,family,name,first_date,last_date",
        "ONE,bars/AAA.csv,growth,First Company,,",
        "TWO,bars/BBB.csv,,,1971-01-04,1974-12-31",
    )
    config = config_of(folder, lines)
    one, two = config.instruments
    assert (one.name, one.family, two.family) == ("First Company", "growth", "default")
    bars = load_universe(config).bars
    assert len(bars["ONE"]) == 1400
    assert str(bars["TWO"].dates[0]) == "1971-01-04"
    assert str(bars["TWO"].dates[-1]) == "1974-12-31"


def test_what_cannot_be_used_stops_the_run_or_is_left_out_by_name(folder):
    (folder / "bars" / "BBB.csv").write_text("date,open\n")
    with pytest.raises(DataError):
        load_universe(config_of(folder, {"files": "bars/*.csv"}))
    found = load_universe(config_of(folder, {"files": "bars/*.csv"}, on_error="skip"))
    assert list(found.bars) == ["AAA"]
    assert found.left_out["BBB"].code.startswith("data.")
    lines = table(folder, "symbol,path", "ONE,bars/AAA.csv", "GONE,bars/GONE.csv")
    assert list(load_universe(config_of(folder, lines, on_error="skip")).left_out) == ["GONE"]
    (folder / "bars" / "AAA.csv").write_text("date,open\n")
    with pytest.raises(DataError) as caught:
        load_universe(config_of(folder, {"files": "bars/*.csv"}, on_error="skip"))
    assert caught.value.code == "data.nothing_left"


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        (["symbol,path,sector", "A,bars/AAA.csv,x"], "config.bad_universe", "sector"),
        (["symbol,family", "A,x"], "config.bad_universe", "symbol, family"),
        (["symbol,path", "A"], "config.bad_universe", "line 2"),
        (["symbol,path", "A,"], "config.bad_universe", "line 2"),
        (["symbol,path"], "config.bad_universe", "no member"),
        (["symbol,path", "A,bars/GONE.csv"], "config.missing_file", "GONE.csv"),
        (["symbol,path", "A,bars/AAA.csv", "A,bars/BBB.csv"], "config.symbol_twice", "BBB.csv"),
        (["symbol,path,last_date", "A,bars/AAA.csv,soon"], "config.invalid", "last_date"),
    ],
)
def test_a_bad_table_is_one_error_that_names_its_place(folder, lines, code, said):
    with pytest.raises(ConfigError, match=said) as caught:
        config_of(folder, table(folder, *lines))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("instruments", "code", "said"),
    [
        ({"files": "bars/*.feather"}, "config.no_files", "feather"),
        ({"files": "bars/*.csv", "famly": "x"}, "config.bad_universe", "famly"),
        ({"files": "bars/*.csv", "symbol": "AAA"}, "config.bad_universe", "symbol"),
        ({"files": ["a", "b"]}, "config.bad_universe", "pattern"),
        ({"path": "x"}, "config.bad_universe", "files"),
        ({"table": "gone.csv"}, "config.missing_file", "gone.csv"),
    ],
)
def test_a_bad_pattern_is_one_error_that_names_its_place(folder, instruments, code, said):
    with pytest.raises(ConfigError, match=said) as caught:
        config_of(folder, instruments)
    assert caught.value.code == code


def test_two_files_with_one_symbol_are_both_named(folder):
    (folder / "bars" / "AAA.txt").write_text("")
    with pytest.raises(ConfigError, match=r"AAA\.csv and .*AAA\.txt") as caught:
        config_of(folder, {"files": "bars/A*"})
    assert caught.value.code == "config.symbol_twice"
