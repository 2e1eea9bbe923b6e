from __future__ import annotations

import re

import pandas as pd
import pytest

from engine.bars.findings import BarFinding
from engine.bars.simulate import simulate_bars
from engine.report.terminal.listings import (
    bar_findings_view,
    bars_view,
    comparison_view,
    ledger_view,
    runs_view,
    tuning_view,
)
from engine.report.terminal.terminal import book_view
from engine.verify.skill.compare import Comparison
from tests.report import factory
from tests.report.terminal.test_terminal import printed

RUN = "20261125T014021Z_pooled_local_6d6fe6d1"


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_name_of_a_run_is_never_shortened(width):
    runs = pd.DataFrame(
        {
            "run": [RUN],
            "status": ["completed"],
            "started_at": ["2026-11-25T01:40:21+00:00"],
            "instruments": ["DAX, DIA, GLD, IWM, NDX, RUT, SPY, TLT"],
            "last_date": ["2025-12-31"],
            "failed_checks": [0],
        }
    )
    text = printed(runs_view(runs, "results"), width=width)
    assert RUN in text
    assert "completed" in text
    assert "2025-12-31" in text
    assert "…" not in text


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_number_of_a_comparison_is_shortened(width):
    rows = [
        {
            "horizon_sessions": horizon,
            "score": score,
            "rows": 55_999,
            "effective_rows": 3733.3,
            "first": 0.99542,
            "second": 0.99431,
            "difference": -0.00111,
            "difference_low": -0.00294,
            "difference_high": 0.00001,
            "skill_of_second": 0.00112,
            "dm_p_value": 0.2841,
        }
        for horizon in (10, 15)
        for score in ("log_loss_nats", "brier", "rps")
    ]
    comparison = Comparison(table=pd.DataFrame(rows), coverage=0.9, only_first=0, only_second=3)
    text = printed(comparison_view(comparison), width=width)
    for piece in ("55,999", "3,733", "0.9954", "0.9943", "−0.0011", "−0.0029 to 0.0000", "+0.11%", "0.28"):
        assert text.count(piece) >= 2, piece
    assert "…" not in text
    assert "3 rows stand only in the second run" in text


def test_the_whole_book_fits_80_columns():
    text = printed(book_view(factory.make_material().scenarios[0]), width=80)
    header = next(line for line in text.splitlines() if line.startswith("Level "))
    assert header.rstrip().endswith("Touch 15")
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80


def test_a_search_tells_skill_in_percent_and_what_is_left_of_it():
    summary = {
        "group": "model",
        "objective": "log loss skill over filtered_history",
        "best_score": 0.00351,
        "default_score": 0.00302,
        "trials": 6,
        "trials_failed": 0,
        "best_values": {"rules.rsi_bull": 53.500123, "forecast.window": "rolling"},
        "holdout": {
            "first_date": "2016-12-29",
            "sessions": 504,
            "look": 1,
            "best_score": -0.0070,
            "default_score": -0.0094,
        },
        "probability_of_overfitting": 0.62,
        "findings": ["on the holdout -0.0070"],
    }
    text = printed(tuning_view(summary), width=140)
    for piece in (
        "best +0.35%, config as it stands +0.30%",
        "53.5",
        "best −0.70%",
        "overfitting 62%",
        "−0.0070",
    ):
        assert piece in text
    assert "53.500123" not in text


def test_the_percents_of_a_recorded_table_sum_to_100():
    frame = pd.DataFrame(
        {
            "as_of": ["2025-12-31"],
            "instrument": ["TLT"],
            "horizon_sessions": [10],
            "close": [87.16],
            "floor": [86.10],
            "target_low": [88.14],
            "p_continuation": [0.484],
            "p_range": [0.154],
            "p_breakdown": [0.362],
            "recorded_at": ["2026-01-02T09:00:00+00:00"],
        }
    )
    text = printed(ledger_view(frame), width=100)
    assert [int(share) for share in re.findall(r"(\d+)%", text)] == [49, 15, 36]


def test_what_many_instruments_share_is_told_once_and_nothing_is_lost_from_the_count():
    many = [BarFinding(f"S{k:03d}", "bars.fake_opens", "warning", f"opens {k}") for k in range(500)]
    stop = [BarFinding("S007", "bars.spike", "failure", "spike", remedy="correct it")]
    own = [BarFinding("S000", "bars.long_gap", "note", f"gap {k}") for k in range(7)]
    text = printed(bar_findings_view([*stop, *many, *own]), 200)
    assert "S000: opens 0 499 other instruments alike.  [bars.fake_opens]" in text
    assert text.count("bars.fake_opens") == 1
    assert text.count("bars.long_gap") == 3  # of one instrument each has its line
    assert "and 4 findings more: `engine check` lists all" in text
    assert len(text.strip().splitlines()) == 6


def test_what_several_instruments_have_in_the_same_words_is_said_once():
    bars = {symbol: simulate_bars(50, symbol=symbol) for symbol in ("A", "B", "C")}
    same = [BarFinding(symbol, "bars.calendar", "note", "sessions follow XNYS") for symbol in bars]
    text = printed(
        bars_view(bars, [*same[:1], BarFinding("B", "bars.flat", "note", "3 flat bars"), *same[1:]]),
        width=120,
    )
    assert text.splitlines()[-2:] == [
        "note: A, B, C: sessions follow XNYS  [bars.calendar]",
        "note: B: 3 flat bars  [bars.flat]",
    ]
