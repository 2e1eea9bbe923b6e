import numpy as np
import pandas as pd
import pytest

from engine.bars.findings import BarFinding
from engine.config import with_overrides
from engine.question import SETUP_LEVELS
from engine.report.prose.check_groups import group_findings
from engine.verify.checks import CHECKS, Check, Remark, not_applicable, run_checks
from engine.verify.checks.question import base_rate_drift
from engine.verify.evidence import Audit, CheckInput, Evidence
from tests.verify.factory import make_config, make_frames

QUIET_SKILL = {"log_loss_skill": 0.01, "low": 0.002, "high": 0.02}
QUIET = {
    "horizons": {
        "10": {
            "dates": 1100,
            "skill": {
                "climatology": {**QUIET_SKILL},
                "filtered_history": {**QUIET_SKILL},
                "raw": {**QUIET_SKILL},
            },
            "calibration": {
                "range": {"mcb_p_holm": 0.4, "mean_forecast": 0.4, "frequency": 0.41, "slope": 1.0}
            },
        }
    }
}


def facts(metrics=QUIET, evidence=None, forecasts=None, replay=None, config=None):
    made_forecasts, made_replay = make_frames(1500, horizons=(10,))
    return CheckInput(
        forecasts=made_forecasts if forecasts is None else forecasts,
        replay=made_replay if replay is None else replay,
        metrics=metrics,
        config=config or make_config((10,)),
        evidence=evidence or Evidence(audit=Audit(200, 0)),
    )


def with_skill(baseline, value, low, high):
    line = QUIET["horizons"]["10"]
    skill = {**line["skill"], baseline: {"log_loss_skill": value, "low": low, "high": high}}
    return {"horizons": {"10": {**line, "skill": skill}}}


def test_nothing_to_say_about_a_sound_run():
    assert run_checks(facts()) == []


def test_every_check_has_its_own_file_and_code():
    for check in CHECKS:
        assert check.look.__module__.split(".")[-1] == check.name
        assert check.look.__module__.startswith("engine.verify.checks.")
        assert check.title
        assert check.looks_at
        assert check.passed
    assert len({check.name for check in CHECKS}) == len(CHECKS)


TOY = Check(
    name="odd_rows",
    title="An odd number of rows",
    severity="note",
    looks_at="the number of forecasts",
    passed="An even number of rows",
    look=lambda seen: Remark(f"{len(seen.forecasts)} rows.") if len(seen.forecasts) % 2 else None,
    needs=lambda seen: len(seen.forecasts) > 0,
)


def test_a_check_is_added_by_one_value_and_its_name_in_the_registry():
    """It runs, is listed, and the report knows its words: nothing else has to know it."""
    forecasts = facts().forecasts
    with CHECKS.having(TOY):
        seen = [facts(forecasts=forecasts.iloc[:n]) for n in (301, 300)]
        (finding,) = [f for f in run_checks(seen[0]) if f.code == "odd_rows"]
        assert (finding.title, finding.severity, finding.explanation) == (TOY.title, "note", "301 rows.")
        assert TOY.find(seen[1]) is None
        assert "odd_rows" in not_applicable(facts(forecasts=forecasts.iloc[:0]))
        metrics = {"findings": [], "checks": ["odd_rows"], "checks_not_applicable": []}
        assert group_findings(metrics).passed[0]["title"] == TOY.passed
        (idle,) = group_findings({**metrics, "checks_not_applicable": ["odd_rows"]}).not_applicable
        assert TOY.looks_at in idle["explanation"]
    assert "odd_rows" not in CHECKS


@pytest.mark.parametrize(
    ("metrics", "code", "severity", "words"),
    [
        (with_skill("climatology", -0.02, -0.03, -0.01), "worse_than_climatology", "failure", "2.0%"),
        (with_skill("climatology", -0.02, -0.03, 0.01), "worse_than_climatology", "warning", "+1.0%"),
        (with_skill("filtered_history", 0.001, -0.01, 0.01), "not_better_than_filtered_history", "note", "+0.10%"),
        (
            with_skill("filtered_history", -0.02, -0.03, -0.01),
            "not_better_than_filtered_history", "warning", "-2.00%",
        ),
        (with_skill("filtered_history", 0.04, 0.02, 0.06), "skill_too_good", "failure", "+4.0%"),
        (with_skill("raw", -0.01, -0.02, 0.0), "calibrator_worse", "warning", "1.00%"),
    ],
)  # fmt: skip
def test_skill_checks(metrics, code, severity, words):
    (finding,) = run_checks(facts(metrics))
    assert (finding.code, finding.severity) == (code, severity)
    assert words in finding.explanation


def test_miscalibrated_and_too_few_windows():
    line = QUIET["horizons"]["10"]
    bad = {"range": {"mcb_p_holm": 0.01, "mean_forecast": 0.4, "frequency": 0.5, "slope": 0.6}}
    (finding,) = run_checks(facts({"horizons": {"10": {**line, "calibration": bad}}}))
    assert finding.code == "miscalibrated"
    assert "range at 10 sessions" in finding.explanation
    (finding,) = run_checks(facts({"horizons": {"10": {**line, "dates": 500}}}))
    assert (finding.code, finding.severity) == ("too_few_windows", "warning")
    (finding,) = run_checks(facts({"horizons": {"10": {**line, "dates": 100}}}))
    assert finding.severity == "failure"


def test_base_rate_drift_is_found_and_overlap_is_no_drift():
    drift = base_rate_drift.CHECK
    forecasts, _ = make_frames(4000, horizons=(10,))
    assert drift.find(facts(forecasts=forecasts)) is None
    late = forecasts["date"] > forecasts["date"].median()
    random = np.random.default_rng(0).random(len(forecasts)) < 0.7
    drifted = forecasts.copy()
    drifted.loc[late & random & drifted.outcome.notna(), "outcome"] = "continuation"
    finding = drift.find(facts(forecasts=drifted))
    assert finding is not None
    assert "continuation at 10 sessions from" in finding.explanation


def test_ambiguous_outcomes():
    outcomes = pd.DataFrame(
        {"outcome": ["range"] * 98 + [None] * 2, "ambiguous": [True] * 3 + [False] * 95 + [None] * 2}
    )
    found = {f.code for f in run_checks(facts(evidence=Evidence(outcomes=outcomes, audit=Audit(10, 0))))}
    assert found == {"ambiguous_outcomes"}
    outcomes["ambiguous"] = False
    assert run_checks(facts(evidence=Evidence(outcomes=outcomes, audit=Audit(10, 0)))) == []


def test_projected_edges():
    _, replay = make_frames(1500, horizons=(10,))
    replay["target_level_id"] = np.where(np.arange(1500) % 3, -1, 5)
    replay.loc[:200, list(SETUP_LEVELS)] = -2
    (finding,) = run_checks(facts(replay=replay))
    assert finding.code == "projected_edges"
    assert "target on 67%" in finding.explanation
    assert "floor" not in finding.explanation.split(":")[1].split(".")[0]


def test_search_edge():
    searched = {"rules.pivot_bars": (20.0, 2.0, 20.0), "setup.max_atr": (4.0, 2.0, 6.0)}
    (finding,) = run_checks(facts(evidence=Evidence(audit=Audit(10, 0), searched=searched)))
    assert finding.code == "search_edge"
    assert "rules.pivot_bars = 20" in finding.explanation
    assert "max_atr" not in finding.explanation


def test_train_test_overlap_from_fold_evidence_and_from_the_forecasts():
    folds = pd.DataFrame(
        {"fold": [0, 1], "start": pd.to_datetime(["2001-01-02", "2001-04-02"]),
         "last_label_end": pd.to_datetime(["2000-12-29", "2001-04-02"])}
    )  # fmt: skip
    (finding,) = run_checks(facts(evidence=Evidence(audit=Audit(10, 0), folds=folds)))
    assert (finding.code, finding.severity) == ("train_test_overlap", "failure")
    assert "fold 1" in finding.explanation
    ok = folds.assign(last_label_end=folds["start"] - pd.Timedelta(days=1))
    assert run_checks(facts(evidence=Evidence(audit=Audit(10, 0), folds=ok))) == []
    forecasts, _ = make_frames(1500, horizons=(10,))
    forecasts.loc[5, "fold"] = 3
    (finding,) = run_checks(facts(forecasts=forecasts))
    assert finding.code == "train_test_overlap"


def test_audit():
    (finding,) = run_checks(facts(evidence=Evidence()))
    assert (finding.code, finding.severity) == ("audit_missing", "note")
    (finding,) = run_checks(facts(evidence=Evidence(audit_expected=True)))
    assert finding.severity == "warning"
    (finding,) = run_checks(facts(evidence=Evidence(audit=Audit(200, 3))))
    assert finding.severity == "failure"
    assert "On 3 of 200 audited dates" in finding.explanation


def found_in_bars(code: str, first: str | None = None, last: str | None = None) -> Evidence:
    finding = BarFinding("SIM", code, "warning", "What was found.", date=first, until=last)
    return Evidence(audit=Audit(10, 0), bars_findings=(finding,))


def test_untraded_opens_are_told_where_there_are_forecasts():
    (finding,) = run_checks(facts(evidence=found_in_bars("bars.fake_opens", "1999-01-04", "2003-01-01")))
    assert finding.code == "fake_opens"
    assert "to 2003-01-01" in finding.explanation
    assert run_checks(facts(evidence=found_in_bars("bars.fake_opens", "1980-01-04", "1990-01-01"))) == []


def test_rolls_found_in_the_bars_are_told():
    (finding,) = run_checks(facts(evidence=found_in_bars("bars.rolls_suspected")))
    assert finding.code == "unadjusted_rolls"
    assert "SIM: What was found." in finding.explanation


def test_what_has_nothing_to_look_at_is_listed():
    idle = not_applicable(facts())
    assert {"search_edge", "ambiguous_outcomes"} <= set(idle)
    assert "miscalibrated" not in idle
    plain = with_overrides(make_config((10,)), {"forecast.calibrator": "identity"})
    assert "calibrator_worse" in not_applicable(facts(config=plain))
