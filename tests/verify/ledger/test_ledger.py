import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.bars.simulate import simulate_bars
from engine.config import OutcomeConfig, VerifyConfig
from engine.errors import DataError, InputError
from engine.scenarios import SCENARIOS
from engine.verify.ledger.ledger import add, entries_of, ledger_entry, read, show
from engine.verify.ledger.score import ledger_score
from tests.verify.factory import make_config, make_frames

ROOT = Path(__file__).resolve().parents[2]


SETTINGS = VerifyConfig(bootstrap_draws=100, null_draws=99)


def entry(day="2020-01-02", close=100.0, p=(0.2, 0.3, 0.5), instrument="SIM", config="c"):
    setup = {"floor": close * 0.97, "ceiling": close * 1.02, "target_low": close * 1.03}
    setup |= {"target_high": close * 1.04, "retest": close * 0.95}
    return ledger_entry(
        instrument=instrument,
        as_of=day,
        close=close,
        setup=setup,
        outcome=OutcomeConfig(),
        forecasts={10: {"model": p, "filtered_history": (0.25, 0.35, 0.4)}},
        config_sha256=config,
    )


def test_adding_twice_is_no_second_line(tmp_path):
    path = tmp_path / "deep" / "ledger.jsonl"
    assert add(path, [entry(), entry("2020-01-03")]) == 2
    before = path.read_bytes()
    assert add(path, [entry(), entry("2020-01-03")]) == 0
    assert path.read_bytes() == before
    assert add(path, [entry(config="other")]) == 1
    assert path.read_bytes().startswith(before)


def test_other_probabilities_for_the_same_table_are_refused(tmp_path):
    path = tmp_path / "ledger.jsonl"
    add(path, [entry()])
    with pytest.raises(DataError, match="line 1") as caught:
        add(path, [entry(p=(0.1, 0.4, 0.5))])
    assert caught.value.code == "ledger.conflict"
    assert len(read(path)) == 1


@pytest.mark.parametrize("keep", [1, 20, 0.5, -1])
def test_torn_last_line_is_never_counted_and_repaired_on_next_add(tmp_path, keep):
    path = tmp_path / "ledger.jsonl"
    add(path, [entry(), entry("2020-01-03")])
    sound = path.read_bytes()
    add(path, [entry("2020-01-06")])
    last = path.read_bytes()[len(sound) :]
    size = int(len(last) * keep) if isinstance(keep, float) else (keep if keep > 0 else len(last) - 1)
    path.write_bytes(sound + last[:size])
    assert [e["as_of"] for e in read(path)] == ["2020-01-02", "2020-01-03"]
    assert add(path, [entry("2020-01-06"), entry()]) == 1
    assert path.read_bytes().startswith(sound)
    assert [e["as_of"] for e in read(path)] == ["2020-01-02", "2020-01-03", "2020-01-06"]


@pytest.mark.parametrize("spoil", ["alter", "remove", "swap", "garbage"])
def test_rewritten_history_is_detected(tmp_path, spoil):
    path = tmp_path / "ledger.jsonl"
    add(path, [entry(), entry("2020-01-03"), entry("2020-01-06")])
    lines = path.read_bytes().splitlines(keepends=True)
    if spoil == "alter":
        lines[1] = lines[1].replace(b"0.5", b"0.6")
    elif spoil == "remove":
        del lines[1]
    elif spoil == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines[1] = b"[1, 2]\n"
    path.write_bytes(b"".join(lines))
    for use in (lambda: read(path), lambda: add(path, [entry("2020-01-07")])):
        with pytest.raises(DataError, match="line 2") as caught:
            use()
        assert caught.value.code == "ledger.damaged"


_WRITER = """
import sys
from pathlib import Path
import numpy as np
from engine.config import OutcomeConfig
from engine.verify.ledger.ledger import add, ledger_entry
for k in range(100000):
    table = ledger_entry(
        instrument="SIM", as_of=np.datetime64("2000-01-01") + k, close=1.0, outcome=OutcomeConfig(),
        setup={"floor": 0.9, "ceiling": 1.1, "target_low": 1.1, "target_high": 1.2, "retest": 0.8},
        forecasts={10: {"model": (0.2, 0.3, 0.5)}},
    )
    add(Path(sys.argv[1]), [table])
    print(k, flush=True)
"""


def test_killed_writer_loses_no_acknowledged_line(tmp_path):
    """Writers are killed at arbitrary moments; every line they reported stays, and the file stays sound."""
    path = tmp_path / "ledger.jsonl"
    acknowledged = 0
    for round_number in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        process.stdout.readline()
        time.sleep(0.05 + 0.037 * round_number)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
        process.wait()
        if rest:
            acknowledged = max(acknowledged, int(rest[-1]) + 1)
        days = [e["as_of"] for e in read(path)]
        assert len(days) >= acknowledged
        assert days == [str(np.datetime64("2000-01-01") + k) for k in range(len(days))]
    before = len(read(path))
    assert add(path, [entry("1999-01-04")]) == 1
    assert len(read(path)) == before + 1


def test_entries_come_from_a_runs_frames(tmp_path):
    forecasts, replay = make_frames(400, symbols=("AAA", "BBB"))
    for name, factor in (
        ("floor", 0.9),
        ("ceiling", 1.1),
        ("target_low", 1.1),
        ("target_high", 1.2),
        ("retest", 0.8),
    ):
        replay[name] = replay["close"] * factor
    config = make_config(symbols=("AAA", "BBB"))
    day = forecasts["date"].max()
    entries = entries_of(forecasts, replay, config, day.date())
    assert [e["instrument"] for e in entries] == ["AAA", "BBB"]
    assert set(entries[0]["forecasts"]) == {"10", "15"}
    assert set(entries[0]["forecasts"]["10"]) == {"model", "climatology", "filtered_history"}
    with pytest.raises(InputError, match="1990-01-01"):
        entries_of(forecasts, replay, config, "1990-01-01")
    path = tmp_path / "ledger.jsonl"
    add(path, entries, now=datetime(2024, 1, 1, tzinfo=UTC))
    table = show(path)
    assert len(table) == 4
    np.testing.assert_allclose(table[[f"p_{s}" for s in SCENARIOS]].sum(axis=1), 1.0)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    bars = simulate_bars(140, seed=4)
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    for t in range(20, 135):
        day = bars.dates[t]
        stamp = datetime.fromisoformat(f"{day}T22:00:00+00:00")
        add(path, [entry(str(day), float(bars.close[t]))], now=stamp)
    return bars, read(path)


def test_outcomes_equal_a_brute_force(live):
    bars, entries = live
    score = ledger_score(entries, {"SIM": bars}, SETTINGS)
    rows = score.rows
    assert set(rows["status"]) == {"resolved", "open"}
    for line in rows.to_dict("records"):
        t = bars.index_of(str(line["date"])[:10])
        if t + 10 >= len(bars):
            assert line["status"] == "open"
            assert pd.isna(line["outcome"])
            continue
        expected = "range"
        for j in range(t + 1, t + 11):
            if bars.high[j] >= bars.close[t] * 1.03:
                expected = "continuation"
                break
            if bars.close[j] < bars.close[t] * 0.97:
                expected = "breakdown"
                break
        assert line["outcome"] == expected
        assert str(line["matured_on"])[:10] == str(bars.dates[t + 10])
    block = score.metrics["configs"]["c"]["horizons"]["10"]
    assert block["rows"] == (rows["status"] == "resolved").sum()
    assert "sequential" in block
    assert "calibration" in block
    hits = [line[f"p_{line['outcome']}"] for line in rows.dropna(subset=["outcome"]).to_dict("records")]
    assert block["scores"]["model"]["log_loss_nats"] == pytest.approx(-np.log(hits).mean())
    json.dumps(score.metrics, allow_nan=False)


def test_adjusted_bars_ask_the_same_question(live):
    from dataclasses import replace

    bars, entries = live
    scaled = {name: getattr(bars, name) * 0.5 for name in ("open", "high", "low", "close")}
    one = ledger_score(entries, {"SIM": bars}, SETTINGS)
    two = ledger_score(entries, {"SIM": replace(bars, **scaled)}, SETTINGS)
    pd.testing.assert_frame_equal(one.rows, two.rows)


def test_backfilled_and_unknown_rows_are_not_scored(live):
    bars, entries = live
    late = [{**e, "recorded_at": "2030-01-01T00:00:00+00:00"} for e in entries[:50]]
    score = ledger_score([*late, *entries[50:]], {"SIM": bars}, SETTINGS)
    assert score.metrics["rows_by_status"]["backfilled"] == 50
    assert score.metrics["configs"]["c"]["horizons"]["10"]["rows"] == len(entries) - 50 - 5
    nothing = ledger_score(entries, {}, SETTINGS)
    assert nothing.metrics == {"rows_by_status": {"no_bar": len(entries)}, "configs": {}}
    assert len(ledger_score([], {}, SETTINGS).rows) == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"close": float("nan")}, "ledger.bad_entry"),
        ({"setup": {"floor": 1.0}}, "ledger.bad_entry"),
        ({"forecasts": {}}, "ledger.bad_entry"),
        ({"forecasts": {10: {"model": (0.2, 0.2, 0.2)}}}, "verify.not_probabilities"),
    ],
)
def test_bad_entries_are_named(change, code):
    good = {
        "instrument": "SIM", "as_of": "2020-01-02", "close": 100.0, "outcome": OutcomeConfig(),
        "setup": {"floor": 97, "ceiling": 102, "target_low": 103, "target_high": 104, "retest": 95},
        "forecasts": {10: {"model": (0.2, 0.3, 0.5)}},
    }  # fmt: skip
    with pytest.raises(InputError) as caught:
        ledger_entry(**{**good, **change})
    assert caught.value.code == code
