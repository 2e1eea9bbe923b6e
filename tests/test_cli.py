"""Commands: what they print, where, and the exit code of each kind of mistake."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import yaml

from engine import cli
from engine.bars.simulate import simulate_bars
from engine.config import dump_config, load_config
from engine.rules.indicators import SMA_200
from tests.conftest import small_config


@pytest.fixture
def command(monkeypatch, capsys):
    """Call the command line; returns (exit code, stdout, stderr)."""

    def call(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["engine", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as stopped:
            code = stopped.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(dump_config(small_config()))
    return path


def test_usage_and_config_mistakes_exit_with_2(command, tmp_path, config_file):
    assert command("no-such-command")[0] == 2
    assert command("run")[0] == 2
    code, _, err = command("run", tmp_path / "none.yaml")
    assert code == 2
    assert "config.missing_file" in err
    code, _, err = command("run", config_file, "--set", "rules.pivot_barz=3")
    assert code == 2
    assert "rules.pivot_barz" in err
    assert command("scenario", config_file, "--as-of", "yesterday")[0] == 2


def test_the_version_is_that_of_the_package(command):
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert command("--version")[:2] == (0, f"{project['name']} {project['version']}\n")


def test_python_m_engine_is_the_command():
    told = subprocess.run(
        [sys.executable, "-m", "engine", "--help"], capture_output=True, text=True, check=True
    )
    assert "scenario" in told.stdout


DEFECTS = {
    "data.duplicate_date": lambda f: f.__setitem__("date", f["date"].where(f.index != 7, f["date"][6])),
    "data.not_ascending": lambda f: f.__setitem__("date", f["date"].where(f.index != 7, f["date"][3])),
    "data.bad_date": lambda f: f.__setitem__("date", f["date"].where(f.index != 7, "")),
    "data.not_a_number": lambda f: f.__setitem__("close", f["close"].where(f.index != 7, "")),
    "data.infinite": lambda f: f.__setitem__("close", f["close"].where(f.index != 7, "inf")),
    "data.not_positive": lambda f: f.__setitem__("low", f["low"].where(f.index != 7, "-37.63")),
    "data.high_below_low": lambda f: f.__setitem__("high", f["high"].where(f.index != 7, "0.01")),
    "data.outside_range": lambda f: f.__setitem__("open", f["open"].where(f.index != 7, "99999")),
    "data.too_few_bars": lambda f: f.iloc[:200],
}


@pytest.mark.parametrize("code", DEFECTS)
def test_each_data_defect_exits_with_3_and_one_message(command, tmp_path, code):
    frame = simulate_bars(2000).to_frame().reset_index()
    frame["date"] = frame["date"].dt.strftime("%Y-%m-%d")
    frame = frame.astype(str)
    cut = DEFECTS[code](frame)
    (frame if cut is None else cut).to_csv(tmp_path / "bars.csv", index=False)
    (tmp_path / "c.yaml").write_text(
        "name: x\ninstruments:\n  - {symbol: X, source: {kind: csv, path: bars.csv}}\n"
    )
    exit_code, out, err = command("run", tmp_path / "c.yaml", "--results", tmp_path / "results")
    assert exit_code == 3
    assert out == ""
    assert err.count("error [") == 1
    assert code in err
    assert "bars.csv" in err
    assert not (tmp_path / "results").exists()


def test_run_prints_the_table_and_ends_with_the_folder(command, config_file, tmp_path):
    code, out, err = command("run", config_file, "--results", tmp_path / "results")
    assert code == 0
    assert err == ""  # stderr is no terminal: quiet
    folder = out.strip().splitlines()[-1]
    assert (
        json.loads((tmp_path / "results" / folder.split("/")[-1] / "manifest.json").read_text())["status"]
        == "completed"
    )
    assert "Up to " in out
    assert "Down through " in out
    assert len(out.splitlines()) <= 32  # thirty, the report and the folder


def test_scenario_prints_a_table_or_json(command, config_file):
    code, out, _ = command("scenario", config_file)
    assert code == 0
    assert "Up to " in out
    assert len(out.splitlines()) <= 30
    code, full, _ = command("scenario", config_file, "--full", "--explain")
    assert "by distance and volatility" in full
    assert "Next 10 sessions" in full
    assert "Next 10 sessions" not in out
    code, _, err = command("scenario", config_file, "--as-of", "2011-06-18")
    assert code == 3
    assert "2011-06-17 and 2011-06-20" in err
    code, out, _ = command("scenario", config_file, "--as-of", "2011-06-15", "--json")
    assert code == 0
    table = json.loads(out)["instruments"][0]
    assert table["as_of"] == "2011-06-15"


def test_commands_on_a_finished_run(command, finished):
    results = finished.path.parent
    code, out, _ = command("show", finished.path, "--date", "2011-06-15")
    assert code == 0
    assert "Resistance" in out
    assert "Support" in out
    assert "What came within 15 sessions: " in out
    code, _, err = command("show", finished.path, "--date", "2011-06-18", "--quick")
    assert code == 1
    assert "2011-06-17 and 2011-06-20" in err
    code, out, _ = command("runs", "--results", results)
    assert code == 0
    assert "completed" in out
    code, out, _ = command("compare", finished.path, finished.path.name, "--results", results)
    assert code == 0
    before = (finished.path / "report.html").read_bytes()
    code, out, _ = command("report", finished.path)
    assert code == 0
    assert out.strip().endswith("report.html")
    assert (finished.path / "report.html").read_bytes() == before
    assert command("show", results / "none", "--date", "2011-06-15")[0] == 1


def test_schema_and_init(command, tmp_path):
    code, out, _ = command("schema")
    assert code == 0
    assert json.loads(out)["title"] == "Config"
    simulate_bars(2000).to_frame().to_csv(tmp_path / "my.csv")
    path = tmp_path / "my.yaml"
    code, out, _ = command("init", "--csv", tmp_path / "my.csv", "--symbol", "MY", "--out", path)
    assert code == 0
    assert out.strip() == str(path)
    assert load_config(path).instruments[0].symbol == "MY"
    text = path.read_text()
    assert "min_train_sessions" in text
    # every commented default, taken literally, is valid and changes nothing
    bare = [
        line.replace("# ", "", 1)
        for line in text.splitlines()
        if line.startswith(("# ", "#   ")) and ":" in line
    ]
    loaded = yaml.safe_load("\n".join(line for line in bare if not line.endswith("?")) or "{}")
    assert loaded is not None
    code, _, err = command("init", "--csv", tmp_path / "my.csv", "--symbol", "MY", "--out", path)
    assert code == 2
    assert "exists" in err


def test_check_and_audit(command, config_file):
    code, out, _ = command("check", config_file)
    assert code == 0
    assert "IXIC" in out
    code, out, _ = command("audit", config_file, "--dates", 5)
    assert code == 0
    assert "0 rewritten" in out


def test_an_audit_that_finds_a_look_ahead_exits_with_4_and_still_audits_the_rest(
    command, config_file, monkeypatch
):
    import engine.verify.audit.audit as module
    from engine.replay.replay import replay

    def peeking(bars, config):
        facts = replay(bars, config)
        if bars.symbol != "IXIC":
            return facts
        indicators = facts.indicators.copy()
        indicators[:, SMA_200] = pd.Series(indicators[:, SMA_200]).bfill()
        return replace(facts, indicators=indicators)

    monkeypatch.setattr(module, "audit", partial(module.audit, replay=peeking))
    second = {"symbol": "SPX", "source": {"kind": "bundled", "name": "sp500"}}
    settings = yaml.safe_load(config_file.read_text())
    settings["instruments"].append(second)
    config_file.write_text(yaml.safe_dump(settings))
    code, out, err = command("audit", config_file, "--dates", 150, "--workers", 1)
    assert code == 4
    peeked, clean = (line for line in out.splitlines() if line.startswith(("IXIC", "SPX")))
    assert not peeked.endswith(" 0 rewritten")
    assert clean == "SPX: 150 dates, 0 rewritten"
    assert "audit.look_ahead" in err
    assert "replay.sma_200 on" in err


def test_the_ledger_from_the_command_line(command, config_file, tmp_path):
    ledger = tmp_path / "ledger.jsonl"
    for arguments in (("show",), ("score", config_file)):
        code, _, err = command("ledger", *arguments, "--file", ledger)
        assert code == 2
        assert "ledger.missing" in err
    code, out, _ = command("ledger", "add", config_file, "--as-of", "2011-06-15", "--file", ledger)
    assert (code, out.split()[0]) == (0, "1")
    first = ledger.read_bytes()
    code, out, _ = command("ledger", "add", config_file, "--as-of", "2011-06-15", "--file", ledger)
    assert (code, out.split()[0]) == (0, "0")
    assert ledger.read_bytes() == first
    code, out, _ = command("ledger", "show", "--file", ledger)
    assert code == 0
    assert "2011-06-15" in out
    code, out, _ = command("ledger", "score", config_file, "--file", ledger)
    assert code == 0
    assert "backfilled" in out  # written down years after its close: shown, not scored


def test_runs_that_answer_different_questions_are_not_compared(command, finished, tmp_path):
    import engine

    other = engine.run(
        small_config(
            outcome={"rule": "band"}, verify={"bootstrap_draws": 100, "null_draws": 99, "placebo": False}
        ),
        results=tmp_path,
    )
    code, _, err = command("compare", finished.path, other.path)
    assert code == 2
    assert "outcome.rule" in err


def test_tune_writes_the_best_config_and_counts_its_looks(command, config_file, tmp_path):
    results = tmp_path / "results"
    arguments = ("tune", config_file, "--trials", 2, "--workers", 1, "--results", results)
    code, out, _ = command(*arguments, "--set", "tune.group=decision")
    assert code == 0
    best = out.strip().splitlines()[-1]
    assert load_config(best).backtest.trials >= 2
    looks = (results / "tuning" / "holdout_looks.jsonl").read_text().splitlines()
    assert len(looks) == 1
    first = Path(best).read_bytes()
    code, out, _ = command(*arguments, "--set", "tune.group=decision", "--set", "seed=8")
    assert code == 0
    assert Path(out.strip().splitlines()[-1]).name == "small_decision-2.yaml"  # nothing is overwritten
    assert Path(best).read_bytes() == first


def test_strict_turns_a_failed_check_into_exit_code_4(command, config_file, tmp_path):
    from engine.verify.checks import CHECKS, Check, Remark

    planted = Check("planted", "Planted", "failure", "nothing", "", lambda seen: Remark("It always fails."))
    arguments = ("run", config_file, "--results", tmp_path, "--set", "verify.placebo=false")
    assert command(*arguments)[0] == 0
    with CHECKS.having(planted):
        code, _, err = command(*arguments, "--strict")
    assert code == 4
    assert "planted" in err


@pytest.mark.parametrize("symbol", ["NO", "NULL", "123", "1e5", "=", "RTY=F"])
@pytest.mark.parametrize("file", ["my.csv", "a, b {c} #d 'e.csv", f"{'long name ' * 18}.csv", "é.csv"])
def test_what_init_writes_can_be_read_whatever_the_names(command, tmp_path, symbol, file):
    simulate_bars(400).to_frame().to_csv(tmp_path / file)
    path = tmp_path / "c.yaml"
    assert command("init", "--csv", tmp_path / file, "--symbol", symbol, "--out", path)[0] == 0
    (instrument,) = load_config(path).instruments
    assert (instrument.symbol, instrument.source.path) == (symbol, tmp_path / file)


def test_a_symbol_that_init_cannot_use_is_one_short_message(command, tmp_path):
    simulate_bars(400).to_frame().to_csv(tmp_path / "my.csv")
    for symbol in ("a b", "", "../x", "A" * 33):
        code, _, err = command("init", "--csv", tmp_path / "my.csv", "--symbol", symbol)
        assert code == 2
        assert "config.bad_symbol" in err
        assert len(err.splitlines()) == 2


def test_a_file_that_cannot_be_used_is_one_message(command, config_file, tmp_path):
    occupied = tmp_path / "file"
    occupied.write_text("")
    for arguments in (
        ("ledger", "show", "--file", tmp_path),
        ("ledger", "add", config_file, "--file", occupied / "ledger.jsonl"),
        ("tune", config_file, "--trials", 1, "--workers", 1, "--results", occupied),
    ):
        code, _, err = command(*arguments)
        assert code == 1
        assert "file.unusable" in err
        assert str(tmp_path) in err


def test_an_output_that_knows_only_ascii_still_gets_the_table(command, config_file, monkeypatch):
    import io

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    assert command("scenario", config_file)[0] == 0
    assert b"Up to " in raw.getvalue()
