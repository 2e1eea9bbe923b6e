"""Verification of a whole walk-forward: scores, skill, calibration, power, regimes and checks.

``metrics`` is a JSON-able dict (no NaN: null where a figure is undefined), units in the keys::

    horizons
      "10"                              horizon in sessions, as text
        rows, effective_rows            rows compared; rows / H, the windows that do not overlap
        dates, first_date, last_date    of these rows
        unresolved_rows                 left out: the horizon ends after the last session
        incomplete_rows                 left out: a compared forecast is missing (left out for everybody)
        base_rates                      scenario -> frequency of the outcome
        entropy_nats                    log loss the model expects of itself
        block_sessions                  bandwidth of skill's intervals and tests (at least 5 H)
        scores                          forecaster -> log_loss_nats, brier (0..2), rps (0..2), and the parts of
                                        the Brier score brier_mcb, brier_dsc, brier_unc (summed over classes),
                                        brier_refinement = brier_unc - brier_dsc
        skill                           baseline -> log_loss_skill, log_loss_skill_low, _high, the same for
                                        brier and rps, low, high (= of log loss), log_loss_difference_nats,
                                        dm_statistic, dm_p_value
        calibration                     scenario -> mean_forecast, frequency, brier, log_loss_nats,
                                        mcb, dsc, unc, mcb_p_value, mcb_p_holm (Holm over all classes and
                                        horizons), log_loss_mcb, _dsc, _unc, ece, smooth_ece, slope,
                                        intercept; X_floor_mean and X_floor_q95 (X: mcb, log_loss_mcb, ece,
                                        smooth_ece) and X_floor_low and X_floor_high (X: slope, intercept,
                                        frequency): what a perfect forecast shows
        power                           overconfidence_25, overconfidence_50, bias_5_points -> scenario ->
                                        share of such errors noticed at 5 %; any: at least one rejection
                                        after Holm's correction
        sharpness                       scenario -> mean, standard_deviation, quantiles, rows_in_twentieths
        verdict                         calibration of each class alone, in one sentence, worded with the power
        regimes                         list of {grouping, group, rows, effective_rows, scores: forecaster ->
                                        log_loss_nats, brier, rps; skill: baseline -> log_loss_skill, low, high
                                        (of log loss), brier_skill, brier_skill_low, _high, the same for rps}
    calibration_test                    the verdict on calibration, all horizons together
        (engine.verify.calibration.joint):  verdict (in words), p_joint, p_temperature, exponent, exponent_low,
                                        exponent_high, lean, p_temperature_at and p_intercept by horizon,
                                        frequency_minus_forecast by horizon and scenario, p_temperature_of by
                                        instrument, power by alternative; null where no horizon has rows
    scoreboard                          where forecast.models names challengers:
                                        engine.verify.skill.scoreboard.scoreboard
    interval_coverage, bootstrap_draws
    null_draws                          drawn; more than ``verify.null_draws`` where so few could never reject
    findings                            list of {code, title, severity, explanation}
    checks                              list of the codes of all checks
    checks_not_applicable               those of them that had nothing to look at
    placebo                             where it was run: engine.verify.placebo.Placebo.metrics
    context                             where there is any: engine.verify.skill.context, by horizon
    projected_share                     all, by_instrument -> instrument: floor, ceiling, target, retest -> share
                                        of the dates with a setup on which the edge is projected from ATR

Everything is a deterministic function of the frames and ``config.seed``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from engine.config import Config, with_plugins
from engine.errors import InputError
from engine.foreign import visible
from engine.kernels.streams import verify_seed
from engine.parallel import Alone, Crew
from engine.question import SETUP_LEVELS
from engine.scenarios import SCENARIOS
from engine.verify.calibration.calibration import (
    RELIABILITY_COLUMNS,
    Calibration,
    calibration,
    sharpness_by_class,
)
from engine.verify.calibration.joint import joint_test
from engine.verify.calibration.joint_words import joint_metrics
from engine.verify.calibration.power import draws_needed, power, verdict
from engine.verify.calibration.race import questions
from engine.verify.calibration.reliability import decompose
from engine.verify.calibration.sharpness import entropy_nats
from engine.verify.checks import CHECKS, not_applicable, run_checks
from engine.verify.evidence import CheckInput, Evidence
from engine.verify.finding import Finding
from engine.verify.multiple import holm
from engine.verify.plain import plain
from engine.verify.projected import projected_share
from engine.verify.rows import Rows, common_rows, windows_together
from engine.verify.skill.context import context_skill
from engine.verify.skill.members import member_skill
from engine.verify.skill.regimes import regimes
from engine.verify.skill.scoreboard import scoreboard
from engine.verify.skill.skill import SKILL_COLUMNS, Skill, skill

_SKILL_METRICS = SKILL_COLUMNS[6:]
_SHORT = ("log_loss_skill", "log_loss_skill_low", "log_loss_skill_high")
_OTHER_SKILLS = tuple(column for column in SKILL_COLUMNS if column.startswith(("brier", "rps")))


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything that can be said about a set of forecasts.

    Attributes
    ----------
    metrics : see the module's docstring.
    reliability : CORP diagrams with consistency bands, columns
        :data:`engine.verify.calibration.calibration.RELIABILITY_COLUMNS`.
    skill : one row per horizon, baseline, grouping and group, columns
        :data:`engine.verify.skill.skill.SKILL_COLUMNS`.
    findings : what the checks found, failures first.
    """

    metrics: dict[str, Any]
    reliability: pd.DataFrame
    skill: pd.DataFrame
    findings: list[Finding]

    @property
    def failed(self) -> bool:
        """True where a check failed (``--strict`` exits with 4)."""
        return any(f.severity == "failure" for f in self.findings)

    def _repr_html_(self) -> str:
        whole = self.skill.loc[self.skill["grouping"] == "all"]
        return visible(whole.to_html(index=False, float_format=lambda v: f"{v:.4f}"), lines=True)


@with_plugins
def verify(
    forecasts: pd.DataFrame,
    replay: pd.DataFrame,
    config: Config,
    evidence: Evidence | None = None,
    crew: Crew | None = None,
) -> Verification:
    """Verify ``forecasts`` (columns of forecasts.parquet) against what happened.

    Parameters
    ----------
    forecasts : one row per instrument, date and horizon; unresolved outcomes null.
    replay : the replay frame of the same instruments, for calendars and regimes.
    config : ``verify`` section, ``horizons`` and ``seed`` are used; checks look at the rest.
    evidence : what other stages can testify (audit, ambiguous outcomes, tuning); None knows nothing.
    crew : measures the horizons; None: this process.

    Raises
    ------
    InputError
        ``verify.missing_column``, ``verify.not_probabilities``, ``verify.not_outcomes``,
        ``verify.duplicate_rows``, ``verify.not_in_calendar``.  A horizon without a single usable row is no
        error: its metrics are ``rows: 0`` and nulls, and the check ``too_few_windows`` says so.
    """
    settings = config.verify
    grouped = regimes(replay, {item.symbol: item.family for item in config.instruments})
    horizons: dict[str, dict[str, Any]] = {}
    reliability, tables = [], []
    compared: list[Rows] = []
    for horizon in config.horizons:
        try:
            rows = common_rows(forecasts, horizon, replay)
        except InputError as error:
            if error.code != "verify.no_rows":
                raise
            horizons[str(horizon)] = {"rows": 0, "effective_rows": 0.0, "reason": error.message}
            continue
        compared.append(rows)
    crew = crew or Alone()
    measured: list[tuple[Rows, Calibration]] = []
    tasks = ((rows, _groups_of(rows, grouped)) for rows in compared)
    for number, (found, fitted) in enumerate(crew.map(partial(_measure, config), tasks)):
        rows = compared[number]
        entry = _horizon_metrics(rows, found, fitted)
        if rows.frame["instrument"].nunique() > 1 and "filtered_history" in rows.probabilities:
            entry["members"] = member_skill(rows)
        horizons[str(rows.horizon)] = entry
        reliability.append(fitted.reliability)
        tables.append(found.table)
        compared[number] = rows.of_model()
        measured.append((compared[number], fitted))

    family = len(SCENARIOS) * len(measured)
    adjusted = holm(np.array([f.classes[s]["mcb_p_value"] for _, f in measured for s in SCENARIOS]))
    powers = crew.map(partial(_power, config, family), measured)
    for number, ((rows, _), found_power) in enumerate(zip(measured, powers, strict=True)):
        entry = horizons[str(rows.horizon)]
        p_holm = dict(zip(SCENARIOS, adjusted[3 * number : 3 * number + 3].tolist(), strict=True))
        for scenario, value in p_holm.items():
            entry["calibration"][scenario]["mcb_p_holm"] = value
        entry["power"] = found_power
        entry["verdict"] = verdict(p_holm, entry["power"])

    metrics: dict[str, Any] = {
        "horizons": horizons,
        "calibration_test": _joint([rows for rows, _ in measured], replay, config),
        "interval_coverage": settings.interval,
        "bootstrap_draws": settings.bootstrap_draws,
        "null_draws": _null_draws(config),
    }
    if config.forecast.models:
        names, default = config.forecast.models, config.forecast.model
        metrics["scoreboard"] = scoreboard(
            forecasts, replay, names, config.horizons, default=default, coverage=settings.interval
        )
    evidence = evidence or Evidence()
    if evidence.placebo is not None:
        metrics["placebo"] = evidence.placebo.metrics
    if evidence.without_context is not None:
        metrics["context"] = context_skill(
            forecasts, evidence.without_context, config.horizons, settings.interval
        )
    if set(SETUP_LEVELS) <= set(replay.columns):
        metrics["projected_share"] = projected_share(replay)
    seen = CheckInput(forecasts, replay, metrics, config, evidence)
    findings = run_checks(seen)
    metrics["findings"] = [f.as_dict() for f in findings]
    metrics["checks"] = sorted(CHECKS.names)
    metrics["checks_not_applicable"] = not_applicable(seen)
    return Verification(
        metrics=plain(metrics),
        reliability=pd.concat(reliability, ignore_index=True)
        if reliability
        else pd.DataFrame(columns=list(RELIABILITY_COLUMNS)),
        skill=pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(SKILL_COLUMNS)),
        findings=findings,
    )


def _joint(measured: list[Rows], replay: pd.DataFrame, config: Config) -> dict[str, Any] | None:
    """Temperature and intercept of the model's forecasts at all horizons together."""
    if not measured:
        return None
    settings = config.verify
    instruments, windows = windows_together(measured, replay)
    asked = questions(
        {
            rows.horizon: (rows.probabilities["model"], rows.codes, own)
            for rows, own in zip(measured, windows, strict=True)
        }
    )
    test = joint_test(
        asked,
        draws=settings.null_draws,
        seed=verify_seed(config.seed, 0, "joint"),
        coverage=settings.interval,
        power_draws=max(settings.null_draws // 3, 99),
    )
    return joint_metrics(test, SCENARIOS, instruments)


def _null_draws(config: Config) -> int:
    """As many as the config asks for, and no fewer than the corrected p-values need to be able to fall below 5 %."""
    return max(config.verify.null_draws, draws_needed(len(SCENARIOS) * len(config.horizons)))


def _measure(config: Config, task: tuple[Rows, pd.DataFrame]) -> tuple[Skill, Calibration]:
    rows, groups = task
    settings = config.verify
    found = skill(rows, groups, coverage=settings.interval)
    fitted = calibration(
        rows,
        draws=_null_draws(config),
        seed=verify_seed(config.seed, rows.horizon, "calibration"),
        bins=settings.ece_bins,
        coverage=settings.interval,
    )
    return found, fitted


def _power(config: Config, family: int, task: tuple[Rows, Calibration]) -> dict[str, Any]:
    rows, fitted = task
    return power(
        rows.probabilities["model"],
        fitted.windows,
        rows.horizon,
        fitted.nulls,
        family=family,
        draws=max(_null_draws(config) // 3, 99),
        seed=verify_seed(config.seed, rows.horizon, "power"),
    )


def _horizon_metrics(rows: Rows, found: Skill, fitted: Calibration) -> dict[str, Any]:
    dates = rows.frame["date"]
    whole = found.table.loc[found.table["grouping"] == "all"].set_index("baseline")
    by_baseline = {}
    for name in whole.index:
        line = {column: whole.loc[name, column] for column in _SKILL_METRICS}
        by_baseline[str(name)] = {
            **line, "low": line["log_loss_skill_low"], "high": line["log_loss_skill_high"]
        }  # fmt: skip
    scores = {name: {**values, **_brier_parts(rows, name)} for name, values in found.scores.items()}
    return {
        "rows": len(rows),
        "effective_rows": rows.effective,
        "dates": rows.dates,
        "first_date": str(dates.min())[:10],
        "last_date": str(dates.max())[:10],
        "unresolved_rows": rows.unresolved,
        "incomplete_rows": rows.incomplete,
        "base_rates": {s: float(np.mean(rows.codes == k)) for k, s in enumerate(SCENARIOS)},
        "entropy_nats": entropy_nats(rows.probabilities["model"]),
        "block_sessions": found.block_sessions,
        "scores": scores,
        "skill": by_baseline,
        "calibration": {s: dict(figures) for s, figures in fitted.classes.items()},
        "sharpness": sharpness_by_class(rows),
        "regimes": _regime_list(found),
    }


def _brier_parts(rows: Rows, name: str) -> dict[str, float]:
    parts = [decompose(rows.probabilities[name][:, k], rows.codes == k) for k in range(len(SCENARIOS))]
    mcb, dsc, unc = (sum(getattr(part, key) for part in parts) for key in ("mcb", "dsc", "unc"))
    return {"brier_mcb": mcb, "brier_dsc": dsc, "brier_unc": unc, "brier_refinement": unc - dsc}


def _regime_list(found: Skill) -> list[dict[str, Any]]:
    table, out = found.table, []
    for (grouping, group), lines in table.loc[table["grouping"] != "all"].groupby(["grouping", "group"]):
        first = lines.iloc[0]
        by_baseline = {}
        for line in lines.to_dict("records"):
            value, low, high = (line[column] for column in _SHORT)
            others = {column: line[column] for column in _OTHER_SKILLS}
            by_baseline[line["baseline"]] = {"log_loss_skill": value, "low": low, "high": high, **others}
        out.append(
            {
                "grouping": grouping,
                "group": group,
                "rows": int(first["rows"]),
                "effective_rows": float(first["effective_rows"]),
                "scores": found.group_scores.get((str(grouping), str(group)), {}),
                "skill": by_baseline,
            }
        )
    return out


def _groups_of(rows: Rows, grouped: pd.DataFrame) -> pd.DataFrame:
    keys = rows.frame[["instrument", "date"]]
    return keys.merge(grouped, on=["instrument", "date"], how="left", validate="many_to_one")
