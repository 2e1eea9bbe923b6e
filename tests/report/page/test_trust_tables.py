from __future__ import annotations

import pytest

from engine.report.page.trust_tables import calibration_blocks, placebo_blocks, regime_tables, score_tables
from engine.report.prose.verdicts import other_scores_verdict
from engine.report.trust import read_metrics
from tests.report import factory


def test_every_score_stands_beside_its_skill_and_interval():
    (first, _) = score_tables(read_metrics(factory.make_metrics(0.004, -0.002, 0.010)))
    assert first["sample"] == "3,761 forecasts, about 376 windows"
    cells = next(row["cells"] for row in first["rows"] if row["name"] == "Filtered history")
    assert cells == [
        "0.9400", "+0.40%", "−0.20 to +1.00",
        "0.5600", "+0.40%", "−0.20 to +1.00",
        "0.1950", "+0.40%", "−0.20 to +1.00",
        "0.21",
    ]  # fmt: skip


def test_the_other_scores_answer_the_question_too():
    metrics = factory.make_metrics(0.004, 0.001, 0.010)
    metrics["horizons"]["15"]["skill"]["filtered_history"] |= {"rps_skill": -0.003, "rps_skill_low": -0.009}
    text = other_scores_verdict(read_metrics(metrics))
    assert "by the Brier score +0.4% (+0.1% to +1.0%)" in text
    assert "by the ranked probability score −0.3% (−0.9% to +1.0%)" in text


def test_each_calibration_figure_has_that_of_a_perfect_forecast_beside_it():
    metrics = factory.make_metrics()
    for line in metrics["horizons"]["15"]["calibration"].values():
        line |= {"slope_floor_low": 0.78, "slope_floor_high": 1.21}
    block = calibration_blocks(read_metrics(metrics), {})[-1]
    rows = {row["label"]: row["cells"] for row in block["rows"]}
    assert rows["ECE, 10 equal bins"][0] == ("2.1%", "2.4%, 4.1%")
    assert rows["Slope"][0] == ("0.97", "0.78 to 1.21")
    assert rows["UNC × 1000"][0] == ("220.0", "")
    assert [cell for cell, _ in rows["Overconfidence of 25% noticed"]] == ["20%", "10%", "30%"]


def test_regimes_are_shown_at_every_horizon_the_longest_first():
    tables = regime_tables(read_metrics(factory.make_metrics()))
    assert [table["horizon"] for table in tables] == [15, 10]
    assert tables[0]["groups"][0]["rows"][0]["log_loss"] == "0.942"
    cell = tables[0]["groups"][0]["rows"][0]["cells"]
    assert cell[0] == {"skill": "+0.9%", "interval": "−0.3% to +2.0%", "decided": False}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.035, -0.001, "Real levels surprise distance and volatility alone less than random ones do ("),
        (
            -0.035,
            0.002,
            "(difference in log loss beyond the expected −0.018 nats, 90% interval −0.035 to +0.002)",
        ),
        (
            None,
            None,
            "real levels against random ones: difference in log loss beyond the expected −0.018 nats.",
        ),
    ],
)
def test_a_difference_in_surprise_is_told_in_nats_and_by_its_interval(low, high, expected):
    metrics = factory.make_metrics()
    block = {
        **factory.PLACEBO,
        "surprise_difference_nats": -0.018,
        "surprise_difference_nats_low": low,
        "surprise_difference_nats_high": high,
    }
    metrics["placebo"]["horizons"]["15"] = block
    blocks = placebo_blocks(read_metrics(metrics))
    assert [item["horizon"] for item in blocks] == [15, 10]
    assert expected in blocks[0]["surprise"]
