from __future__ import annotations

import pytest

from engine.config import with_overrides
from engine.report.prose import check_groups, verdicts
from engine.report.trust import read_metrics
from engine.verify.verify import verify
from tests.report.factory import make_config, make_forecasts, make_metrics, make_replay


@pytest.mark.parametrize(
    ("skill", "low", "high", "expected"),
    [
        (
            0.004,
            -0.002,
            0.010,
            "added nothing over distance and volatility alone that can be told from chance",
        ),
        (0.006, 0.001, 0.011, "The rules added something over distance and volatility alone"),
        (-0.010, -0.020, -0.001, "made the table worse"),
        (0.050, 0.030, 0.070, "look for a leak"),
        (0.004, None, None, "is not known"),
        (None, None, None, "have not been verified"),
    ],
)
def test_the_verdict_follows_the_interval(skill, low, high, expected):
    assert expected in verdicts.rules_verdict(read_metrics(make_metrics(skill, low, high)))


def test_nothing_verified_is_said_plainly():
    for metrics in (None, {}, {"horizons": {}}, {"horizons": {"15": {}}}):
        known = read_metrics(metrics)
        assert verdicts.rules_verdict(known).startswith("The forecasts have not been verified")
        assert verdicts.calibration_verdict(known) == ""


def test_passing_is_worded_with_the_power_of_the_test():
    text = verdicts.calibration_verdict(read_metrics(make_metrics()))
    assert "not distinguishable from calibrated" in text
    assert "an overconfidence of 25% would be noticed one time in three" in text


def test_a_slope_that_looks_off_is_told_beside_a_quiet_verdict():
    metrics = make_metrics()
    assert verdicts.slope_verdict(read_metrics(metrics)) == ""
    for block in metrics["horizons"].values():
        for line in block["calibration"].values():
            line["slope_p_value"] = 0.4
    metrics["horizons"]["10"]["calibration"]["continuation"] |= {"slope": 1.41, "slope_p_value": 0.003}
    text = verdicts.slope_verdict(read_metrics(metrics))
    assert "too timid for “up” at 10 sessions (slope 1.41, p 0.003)" in text
    assert "not corrected for the 6 slopes looked at" in text
    assert text in verdicts.trust_paragraphs(read_metrics(metrics))


def test_it_is_said_how_often_the_edges_are_levels():
    metrics = make_metrics()
    assert verdicts.projection_sentence(read_metrics(metrics)) == ""
    shares = {"floor": 0.04, "ceiling": 0.14, "target": 0.27, "retest": 0.06}
    metrics["projected_share"] = {"all": shares, "by_instrument": {"RUT": shares}}
    text = verdicts.projection_sentence(read_metrics(metrics))
    assert text == (
        "The target is a level of the book on 73% of dates, the floor on 96%, the ceiling on 86% and the retest "
        "price on 94%; elsewhere they are projected from ATR."
    )
    assert text in verdicts.trust_paragraphs(read_metrics(metrics))
    metrics["projected_share"]["by_instrument"]["TLT"] = shares | {"target": 0.05}
    told = verdicts.projection_sentence(read_metrics(metrics))
    assert told == f"{text} The target is one on 73% (RUT) to 95% (TLT) of an instrument's dates."


def test_a_p_value_of_exactly_five_percent_rejects_here_as_in_the_verdict():
    metrics = make_metrics()
    metrics["horizons"]["15"]["calibration"]["range"]["mcb_p_holm"] = 0.05
    assert "rejected for “between”" in verdicts.calibration_verdict(read_metrics(metrics))


def test_a_rejection_names_class_and_horizon():
    metrics = make_metrics()
    metrics["horizons"]["15"]["calibration"]["breakdown"]["mcb_p_holm"] = 0.012
    text = verdicts.calibration_verdict(read_metrics(metrics))
    assert text.startswith("Calibration is rejected for “down” at 15 sessions")


def test_the_joint_test_speaks_first_where_there_is_one():
    metrics = make_metrics()
    metrics["calibration_test"] = {
        "verdict": "Not distinguishable from calibrated by temperature and intercept."
    }
    assert verdicts.calibration_verdict(read_metrics(metrics)) == metrics["calibration_test"]["verdict"]
    metrics["horizons"]["15"]["calibration"]["range"]["mcb_p_holm"] = 0.004
    told = verdicts.calibration_verdict(read_metrics(metrics))
    assert told.endswith(
        "Class by class, the shape (MCB, Holm-corrected) is rejected for “between” at 15 sessions."
    )


def test_analyst_is_mentioned_only_where_there_is_one():
    metrics = make_metrics()
    assert "fixed table" in verdicts.analyst_verdict(read_metrics(metrics))
    for block in metrics["horizons"].values():
        del block["skill"]["analyst"]
    assert verdicts.analyst_verdict(read_metrics(metrics)) == ""


def test_findings_are_sorted_into_groups():
    groups = check_groups.group_findings(
        {
            "findings": [
                {"code": "a", "title": "A", "severity": "failure", "explanation": "why"},
                {"code": "b", "title": "B", "severity": "warning", "explanation": "why"},
                {"code": "c", "title": "C", "severity": "note", "explanation": "by -3 %"},
            ],
            "checks": ["a", "b", "c", "fake_opens", "of_an_older_run", "search_edge"],
            "checks_not_applicable": ["search_edge"],
        }
    )
    assert [e["code"] for e in groups.issues] == ["a", "b"]
    assert [e["code"] for e in groups.tips] == ["c"]
    assert groups.tips[0]["explanation"] == "by \N{MINUS SIGN}3 %"
    assert [e["title"] for e in groups.passed] == ["Opens are traded prices", "Of an older run"]
    assert [e["code"] for e in groups.not_applicable] == ["search_edge"]
    assert "the parameters that tuning chose" in groups.not_applicable[0]["explanation"]
    assert check_groups.group_findings(None) == check_groups.CheckGroups()


def test_the_layout_is_the_one_that_verification_writes():
    replay = make_replay(n=1100)
    forecasts = make_forecasts(replay)
    config = with_overrides(make_config(), {"verify.bootstrap_draws": 100, "verify.null_draws": 99})
    verified = verify(forecasts, replay, config)
    known = read_metrics(verified.metrics)
    assert [table.horizon_sessions for table in known.horizons] == [10, 15]
    table = known.longest
    assert table is not None
    assert table.against("filtered_history").verdict != "unknown"
    assert all(line.rejected is not None and line.power is not None for line in table.calibration)
    shown = (
        "ece",
        "ece_floor_mean",
        "ece_floor_q95",
        "smooth_ece",
        "smooth_ece_floor_q95",
        "slope",
        "slope_p_value",
    )
    shown += (
        "slope_floor_low",
        "slope_floor_high",
        "frequency_floor_low",
        "brier",
        "mcb_floor_q95",
        "dsc",
        "unc",
    )
    assert all(line.get(name) is not None for line in table.calibration for name in shown)
    assert table.verdict
    assert {"volatility", "trend", "year"} <= {item.grouping for item in table.regimes}
    assert "would" in verdicts.calibration_verdict(known) or "rejected" in verdicts.calibration_verdict(known)
    assert set(verified.reliability["horizon_sessions"]) == {10, 15}
