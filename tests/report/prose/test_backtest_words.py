from __future__ import annotations

from engine.report.prose.backtest_words import backtest_table, backtest_verdict


def backtest(strategy: float, hold: float, sessions: int = 3780, p: float = 0.08) -> dict:
    curves = {"sharpe_252": 0.3, "annual_return_percent": 5.0, "total_return_percent": 60.0}
    return {
        "strategy": {
            **curves,
            "sharpe_252": strategy,
            "trades": 299,
            "win_rate_percent": 66.2,
            "average_trade_bps": 38.2,
            "exits": {"target": 181, "floor": 85, "horizon": 32, "end": 1},
            "deflated_sharpe": {"probability": 0.97, "trials": 1},
        },
        "buy_and_hold": {**curves, "sharpe_252": hold},
        "unfiltered": curves,
        "random_entries": {"draws": 200, "p_value": p, "median_total_return_percent": 58.0},
        "instruments": {"AAA": {"strategy": curves}, "BBB": {"strategy": curves}},
        "sessions": sessions,
        "entry_threshold": 0.5,
        "horizon_sessions": 15,
        "fee_bps": 1.0,
        "slippage_bps": 1.0,
        "warnings": ["AAA: opens before 2006-12-29 are not traded prices"],
    }


def test_a_hundredth_of_sharpe_is_no_victory():
    text = backtest_verdict(backtest(0.49, 0.48))
    assert (
        "is not told apart from buy and hold (Sharpe 0.49 against 0.48, each known to about ±0.42 from 15 years)"
        in text
    )
    assert "earned more" not in text


def test_a_difference_beyond_what_the_years_can_tell_is_called_one():
    assert "earned less than buy and hold (Sharpe 0.09 against 0.62" in backtest_verdict(backtest(0.09, 0.62))
    assert "earned more than buy and hold (Sharpe 0.95 against 0.30" in backtest_verdict(backtest(0.95, 0.30))


def test_random_entries_are_evidence_only_below_five_percent():
    assert "no evidence of timing" in backtest_verdict(backtest(0.4, 0.4, p=0.08))
    assert "no evidence of timing" not in backtest_verdict(backtest(0.4, 0.4, p=0.03))
    assert "It lost to random entries at the same rate: 98% of 200" in backtest_verdict(
        backtest(0.4, 0.4, p=0.98)
    )


def test_every_rival_has_its_column_and_every_instrument_its_row():
    table = backtest_table(backtest(0.49, 0.48))
    assert table is not None
    assert table["curves"] == [
        "Strategy",
        "Buy and hold",
        "Every setup, unfiltered",
        "Random entries, median",
    ]
    whole = next(row for row in table["rows"] if row["label"] == "Return, whole period")
    assert whole["cells"] == ["60%", "60%", "60%", "58%"]
    assert [row["name"] for row in table["instruments"]] == ["AAA", "BBB"]
    assert any("Of 299 trades, 181 ended at the target" in text for text in table["sentences"])
    assert table["warnings"] == ["AAA: opens before 29 Dec 2006 are not traded prices"]


def test_without_a_backtest_nothing_is_said():
    assert backtest_table({}) is None
    assert backtest_verdict({}) == ""
    assert backtest_verdict({"strategy": {"trades": 0}}) == "No trade was made."
