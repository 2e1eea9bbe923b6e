"""Settings: typed, frozen, unknown keys refused, errors name the path of the key."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.config import Config, dump_config, load_config, parse_config, with_overrides
from engine.errors import ConfigError

MINIMAL = {"name": "x", "instruments": [{"symbol": "X", "source": {"kind": "bundled", "name": "nasdaq"}}]}
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_has_a_default_but_name_and_instruments():
    config = parse_config(MINIMAL)
    assert config.horizons == (10, 15)
    assert config.forecast.min_train_sessions == 1260
    for missing in MINIMAL:
        with pytest.raises(ConfigError, match=missing):
            parse_config({k: v for k, v in MINIMAL.items() if k != missing})


def test_the_dump_loads_to_an_equal_config(tmp_path):
    config = parse_config(MINIMAL)
    assert load_config(write(tmp_path, dump_config(config))) == config


@pytest.mark.parametrize("name", ["nasdaq", "rut", "rty", "rty_local"])
def test_the_shipped_configs_load(name, monkeypatch, tmp_path):
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path))
    assert load_config(CONFIGS / f"{name}.yaml").name == name


def test_a_config_is_frozen():
    with pytest.raises(ValidationError):
        parse_config(MINIMAL).seed = 8


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ({"rules.pivot_barz": 4}, "rules.pivot_barz"),
        ({"forecast.model": "magic"}, "forecast.model"),
        ({"horizons": [15, 10]}, "horizons"),
        ({"horizons": []}, "horizons"),
        ({"setup.min_target_atr": 9}, "min_target_atr must be below"),
        ({"backtest.horizon_sessions": 12}, "backtest.horizon_sessions"),
        ({"replay": {"start": "2020-01-01", "end": "2019-01-01"}}, "not before end"),
        ({"forecast.analyst": {"continuation": 0.5, "range": 0.5, "breakdown": 0.5}}, "sum to 1.5"),
        ({"rules.rsi_bull": float("nan")}, "rules.rsi_bull"),
        ({"instruments.0.symbol": ""}, "instruments.0.symbol"),
        ({"backtest.family_cap": 1.5}, "family_cap 1.5 is above max_leverage"),
        ({"backtest.instrument_cap": 1.5}, "instrument_cap 1.5 is above max_leverage"),
    ],
)
def test_errors_name_the_key(override, named):
    with pytest.raises(ConfigError, match=named.replace(".", r"\.")) as caught:
        with_overrides(parse_config(MINIMAL), override)
    assert caught.value.exit_code == 2


def test_duplicate_symbols_are_refused():
    with pytest.raises(ConfigError, match="'X' appears twice"):
        parse_config(MINIMAL | {"instruments": MINIMAL["instruments"] * 2})


def test_overrides_reach_any_depth(tmp_path):
    path = write(tmp_path, dump_config(parse_config(MINIMAL)))
    config = load_config(path, ["rules.pivot_bars=4", "horizons=[5]", "instruments.0.symbol=Y"])
    assert (config.rules.pivot_bars, config.horizons, config.instruments[0].symbol) == (4, (5,), "Y")
    for bad in ("rules.pivot_bars", "seed.x=1", "instruments.7.symbol=Y"):
        with pytest.raises(ConfigError) as caught:
            load_config(path, [bad])
        assert caught.value.code == "config.bad_override"


def test_relative_paths_are_relative_to_the_file_and_variables_must_be_set(tmp_path, monkeypatch):
    text = "name: x\ninstruments:\n  - {symbol: X, source: {kind: csv, path: data/x.csv}}\n"
    assert load_config(write(tmp_path, text)).instruments[0].source.path == tmp_path / "data/x.csv"
    monkeypatch.delenv("ENGINE_DATA", raising=False)
    path = write(tmp_path, text.replace("data/x.csv", '"${ENGINE_DATA}/x.csv"'))
    with pytest.raises(ConfigError, match="ENGINE_DATA is not set"):
        load_config(path)
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "bars"))
    assert load_config(path).instruments[0].source.path == tmp_path / "bars" / "x.csv"


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "just text"])
def test_files_that_are_no_mapping(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert caught.value.code == "config.not_yaml"
    with pytest.raises(ConfigError):
        load_config(tmp_path / "none.yaml")


def test_the_schema_describes_every_section():
    schema = Config.model_json_schema()
    assert set(schema["properties"]) >= {
        "name",
        "instruments",
        "rules",
        "setup",
        "outcome",
        "forecast",
        "tune",
        "seed",
    }
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("seed: true", "seed: neither true nor false is meant here"),
        ("horizons: [true, 5]", "horizons: neither true nor false"),
        ("rules: {pivot_bars: true}", "rules.pivot_bars: neither true nor false"),
        ("seed: 1\nseed: 2", "line 6, column 1: the key 'seed' appears twice"),
        ("rules:\n  pivot_bars: 3\n  pivot_bars: 4", "line 7, column 3: the key 'pivot_bars' appears twice"),
        ("replay: {start: 2020-02-30}", "replay.start: no date; write YYYY-MM-DD (got '2020-02-30')"),
        ("replay: {start: 20200230}", "replay.start: no date"),
        ("replay: {start: 86400}", "replay.start: no date"),  # not the second of January 1970
        ("forecast:", "forecast: write its keys below it, or leave it out"),
        ("forcast: {paths: 200}", "forcast: no such key"),
        ("horizons: 10", "horizons: write a list"),
        ("rules: &r {x: *r}", "alias"),
        (f"seed: {'9' * 5000}", "digits"),
        ("\tseed: 1", "line 5, column 1"),
    ],
)
def test_mistakes_in_the_text_are_named(tmp_path, lines, said):
    path = write(
        tmp_path,
        f"name: x\ninstruments:\n  - symbol: X\n    source: {{kind: bundled, name: sp500}}\n{lines}\n",
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert said in caught.value.message
    assert str(path) in caught.value.message


def test_a_faulty_instrument_is_one_error_and_a_word_that_yaml_takes_for_false_is_named(tmp_path):
    path = write(tmp_path, "name: x\ninstruments: [{symbol: NO, source: {kind: csv, path: b.csv}}]\n")
    with pytest.raises(ConfigError, match="quote a word") as caught:
        load_config(path)
    assert "at least 1 item" not in caught.value.message
    assert ";" not in caught.value.message


@pytest.mark.parametrize(
    "value", ["replay.start=2020-02-30", "seed=&a [*a]", f"seed={'9' * 5000}", "..seed=1", "=1"]
)
def test_an_override_that_is_no_value_is_a_config_error(tmp_path, value):
    path = write(tmp_path, dump_config(parse_config(MINIMAL)))
    with pytest.raises(ConfigError):
        load_config(path, [value])


@pytest.mark.parametrize("path", ["~nobody-of-this-name/b.csv", "a\\0b"])
def test_what_is_no_path_is_named(tmp_path, path):
    text = f'name: x\ninstruments: [{{symbol: X, source: {{kind: csv, path: "{path}"}}}}]\n'
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert caught.value.code == "config.bad_path"
    assert "instruments.0.source.path" in caught.value.message


def test_a_config_that_is_no_text_and_a_ticker_that_is_a_path_are_refused(tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"name: \xe9")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "c.yaml")
    assert caught.value.code == "config.not_yaml"
    for ticker in ("../../x", "", "A B"):
        source = {"kind": "yahoo", "ticker": ticker}
        with pytest.raises(ConfigError, match="ticker"):
            parse_config(MINIMAL | {"instruments": [{"symbol": "X", "source": source}]})
    (tmp_path / "c.yaml").write_bytes(b"\xef\xbb\xbf" + dump_config(parse_config(MINIMAL)).encode())
    assert load_config(tmp_path / "c.yaml").name == "x"


def test_dividends_are_not_paid_beside_prices_that_hold_them():
    bars = {"symbol": "X", "source": {"kind": "bundled", "name": "nasdaq"}}
    paid = {"trading": {"dividends": {"path": "x.csv"}}}
    with pytest.raises(ConfigError, match="would pay every dividend twice") as error:
        parse_config({"name": "x", "instruments": [bars | paid | {"adjust": "total_return"}]})
    assert "instruments.0" in error.value.message
    # of prices without them a dividend is paid once, whoever pays it
    parse_config({"name": "x", "instruments": [bars | paid | {"adjust": "splits"}]})
    parse_config({"name": "x", "instruments": [bars | {"adjust": "total_return", "trading": {"fee_bps": 2}}]})
