"""What became of the ledger's forecasts: live scores and a calibration test, from newer bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.config import OutcomeConfig, VerifyConfig
from engine.kernels.streams import horizon_seed
from engine.outcomes.outcomes import label
from engine.question import SETUP
from engine.scenarios import SCENARIOS, UNRESOLVED
from engine.verify.calibration.calibration import calibration
from engine.verify.ledger.comparison import sequential_comparison
from engine.verify.ledger.sequential import sequential_calibration
from engine.verify.plain import plain
from engine.verify.rows import Rows, columns_of, common_rows
from engine.verify.skill.skill import skill

_GRACE = np.timedelta64(5, "D")  # a weekend and a holiday between the close and its entry
_TEST_FROM = 5  # non-overlapping windows before the fixed-sample test is worth its name


@dataclass(frozen=True, slots=True)
class LedgerScore:
    """Live record of a ledger.

    Attributes
    ----------
    rows : one row per table and horizon: instrument, date, recorded_at, config_sha256, horizon_sessions,
        status, matured_on, outcome, and the forecasters' probabilities.  ``status`` is ``resolved``,
        ``open`` (the horizon has not passed), ``no_bar`` (the bars lack that date) or ``backfilled``
        (recorded more than five days after its close; its outcome is shown, it is not scored).
    metrics : JSON-able: horizon -> rows, effective_rows, scores, skill, sequential test, comparison with
        filtered_history (nats; an end that no data bound yet is None), calibration (from five non-overlapping windows
        on); and counts per status.
    """

    rows: pd.DataFrame
    metrics: dict[str, Any]


def ledger_score(
    entries: Sequence[Mapping[str, Any]],
    bars: Mapping[str, BarSeries],
    settings: VerifyConfig,
    *,
    seed: int = 0,
) -> LedgerScore:
    """Resolve and score ledger entries (from :func:`engine.verify.ledger.ledger.read`).

    Levels are scaled by close in the bars / close in the entry, so that bars adjusted since (splits, rolls)
    still ask the question that was asked.  Tables of several configs are scored apart, under their config's
    hash, because they are different forecasters.
    """
    rows = _resolve(entries, bars)
    calendars = [
        pd.DataFrame({"instrument": s, "date": b.dates.astype("datetime64[us]"), "close": b.close})
        for s, b in bars.items()
    ]
    calendar = pd.concat(calendars, ignore_index=True) if calendars else pd.DataFrame()
    metrics: dict[str, Any] = {"rows_by_status": rows["status"].value_counts().to_dict(), "configs": {}}
    live = rows.loc[rows["status"] == "resolved"]
    for config, mine in live.groupby("config_sha256", sort=True):
        by_horizon = {}
        for horizon in sorted(set(mine["horizon_sessions"])):
            # two tables of one close (levels were revised): the first one written down counts
            kept = mine.sort_values("recorded_at", kind="stable").drop_duplicates(
                ["instrument", "date", "horizon_sessions"]
            )
            common = common_rows(kept, int(horizon), calendar)
            by_horizon[str(horizon)] = _horizon(common, settings, seed)
        metrics["configs"][str(config)] = {"horizons": by_horizon}
    return LedgerScore(rows=rows, metrics=plain(metrics))


def _horizon(rows: Rows, settings: VerifyConfig, seed: int) -> dict[str, Any]:
    found = skill(rows, coverage=settings.interval)
    columns = ["log_loss_skill", "log_loss_skill_low", "log_loss_skill_high", "dm_p_value"]
    test = sequential_calibration(
        rows.probabilities["model"],
        rows.codes,
        rows.frame["date"].to_numpy(),
        rows.frame["matured_on"].to_numpy(),
    )
    out: dict[str, Any] = {
        "rows": len(rows),
        "effective_rows": rows.effective,
        "incomplete_rows": rows.incomplete,
        "base_rates": {s: float(np.mean(rows.codes == k)) for k, s in enumerate(SCENARIOS)},
        "scores": found.scores,
        "skill": found.table.set_index("baseline")[columns].to_dict("index"),
        "sequential": {
            "e_value": test.e_value,
            "p_value": test.p_value,
            "sequences": test.sequences,
            "verdict": "evidence against calibration"
            if test.p_value <= 0.05
            else "no evidence against calibration so far",
        },
    }
    if "filtered_history" in rows.probabilities:
        against = sequential_comparison(
            rows.probabilities["model"],
            rows.probabilities["filtered_history"],
            rows.codes,
            rows.frame["date"].to_numpy(),
            rows.frame["matured_on"].to_numpy(),
            horizon=rows.horizon,
            coverage=settings.interval,
        )
        out["comparison"] = {
            "baseline": "filtered_history",
            "advantage_nats": against.advantage,
            "low": against.low,
            "high": against.high,
            "e_better": against.e_better,
            "e_worse": against.e_worse,
        }
    if rows.dates / rows.horizon >= _TEST_FROM:
        fitted = calibration(
            rows,
            draws=settings.null_draws,
            seed=horizon_seed(seed, rows.horizon),
            bins=settings.ece_bins,
            coverage=settings.interval,
        )
        out["calibration"] = fitted.classes
    return out


def _resolve(entries: Sequence[Mapping[str, Any]], bars: Mapping[str, BarSeries]) -> pd.DataFrame:
    records = []
    for entry in entries:
        horizons = sorted(int(h) for h in entry["forecasts"])
        series = bars.get(entry["instrument"])
        place = series.index_of(entry["as_of"]) if series is not None else -1
        day = np.datetime64(entry["as_of"], "D")
        found = series is not None and place >= 0 and series.dates[place] == day
        codes = np.full(len(horizons), UNRESOLVED)
        if series is not None and found:
            codes = _codes(entry, series, place, horizons)
        recorded = np.datetime64(datetime.fromisoformat(entry["recorded_at"]).date(), "D")
        for k, horizon in enumerate(horizons):
            status = "no_bar" if not found else "open" if codes[k] == UNRESOLVED else "resolved"
            if status == "resolved" and recorded > day + _GRACE:
                status = "backfilled"
            resolved = codes[k] != UNRESOLVED
            record = {
                "instrument": entry["instrument"],
                "date": day.astype("datetime64[us]"),
                "recorded_at": entry["recorded_at"],
                "config_sha256": entry["config_sha256"],
                "horizon_sessions": horizon,
                "status": status,
                "matured_on": series.dates[place + horizon].astype("datetime64[us]")
                if series is not None and resolved
                else np.datetime64("NaT", "us"),
                "outcome": SCENARIOS[codes[k]] if resolved else None,
            }
            for name, values in entry["forecasts"][str(horizon)].items():
                record.update(zip(columns_of(name), values, strict=True))
            records.append(record)
    if records:
        return pd.DataFrame(records)
    names = ["instrument", "date", "recorded_at", "config_sha256", "horizon_sessions", "status"]
    return pd.DataFrame(columns=[*names, "matured_on", "outcome", *columns_of("model")])


def _codes(entry: Mapping[str, Any], series: BarSeries, place: int, horizons: list[int]) -> np.ndarray:
    """Outcome codes of one entry; only the bars its longest horizon needs are looked at."""
    window = series.cut(min(len(series), place + horizons[-1] + 1))
    setup = np.full((len(window), len(SETUP)), np.nan)
    ratio = series.close[place] / entry["close"]
    setup[place] = [entry["setup"][name] * ratio for name in SETUP]
    return label(window, setup, horizons, OutcomeConfig(**entry["outcome"])).codes[place].astype(np.int64)
