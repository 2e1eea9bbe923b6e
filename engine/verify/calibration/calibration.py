"""Calibration of each class at one horizon, every figure beside what a perfect forecast would show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.scenarios import SCENARIOS
from engine.verify.calibration.calibration_error import expected_calibration_error, smooth_calibration_error
from engine.verify.calibration.calibration_line import calibration_line, clipped_log_odds, one_step_line
from engine.verify.calibration.null import NullDraws, null_draws_of_classes
from engine.verify.calibration.reliability import Blocks, blocks, decompose
from engine.verify.calibration.sharpness import sharpness
from engine.verify.overlap import Windows
from engine.verify.rows import Rows
from engine.verify.skill.scores import binary_brier, binary_log_loss
from engine.verify.standing import standing_windows

RELIABILITY_COLUMNS = (
    "horizon_sessions", "scenario", "forecast", "observed", "band_low", "band_high", "rows", "effective_rows"
)  # fmt: skip
_BAND_POINTS = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Figures per class, the reliability table, and the null draws behind them."""

    classes: dict[str, dict[str, float]]
    reliability: pd.DataFrame
    nulls: list[NullDraws]
    windows: Windows


def calibration(rows: Rows, *, draws: int, seed: int, bins: int, coverage: float) -> Calibration:
    """Calibration of the model on ``rows``.

    The reliability table has two lines per CORP block (its smallest and largest forecast; joined they are the
    diagram) and lines at 21 quantiles of the forecasts so that the consistency band is smooth; ``observed``
    is the recalibrated probability there, the band is where ``coverage`` of exact forecasts lie, ``rows``
    counts the block.
    """
    p = rows.probabilities["model"]
    forecasts = [np.ascontiguousarray(p[:, k]) for k in range(len(SCENARIOS))]
    happened = [(rows.codes == k).astype(np.int64) for k in range(len(SCENARIOS))]
    diagrams = [blocks(f, y) for f, y in zip(forecasts, happened, strict=True)]
    at: list[object | None] = [drawn_at(d, f) for d, f in zip(diagrams, forecasts, strict=True)]
    windows = standing_windows(rows.windows, rows.horizon, p, rows.codes)
    nulls = null_draws_of_classes(forecasts, windows, rows.horizon, draws=draws, seed=seed, bins=bins, at=at)
    classes = {}
    tables = []
    for k, scenario in enumerate(SCENARIOS):
        classes[scenario] = _figures(forecasts[k], happened[k], nulls[k], bins, coverage)
        tables.append(diagram_table(diagrams[k], nulls[k], coverage).assign(scenario=scenario))
    table = pd.concat(tables, ignore_index=True).assign(horizon_sessions=rows.horizon)
    table["effective_rows"] = table["rows"] / rows.horizon
    return Calibration(classes, table[list(RELIABILITY_COLUMNS)], nulls, windows)


def _figures(p: np.ndarray, y: np.ndarray, null: NullDraws, bins: int, coverage: float) -> dict[str, float]:
    by_brier, by_log_loss = decompose(p, y, "brier"), decompose(p, y, "log_loss")
    line = calibration_line(p, y)
    # like is held against like: the floors of slope and intercept are one-step estimates too
    one_slope, one_intercept = one_step_line(
        p, np.array([y.sum()]), np.array([(y * clipped_log_odds(p)).sum()])
    )
    out = {
        "mean_forecast": float(p.mean()),
        "frequency": float(y.mean()),
        "brier": float(binary_brier(p, y).mean()),
        "log_loss_nats": float(binary_log_loss(p, y).mean()),
        "mcb": by_brier.mcb,
        "dsc": by_brier.dsc,
        "unc": by_brier.unc,
        "mcb_p_value": null.p_value("mcb_brier", by_brier.mcb),
        "log_loss_mcb": by_log_loss.mcb,
        "log_loss_dsc": by_log_loss.dsc,
        "log_loss_unc": by_log_loss.unc,
        "ece": expected_calibration_error(p, y, bins),
        "smooth_ece": smooth_calibration_error(p, y),
        "slope": line.slope,
        "intercept": line.intercept,
        "slope_p_value": null.two_sided_p_value("slope", float(one_slope[0]), 1.0),
        "intercept_p_value": null.two_sided_p_value("intercept", float(one_intercept[0]), 0.0),
    }
    floors = {"mcb": "mcb_brier", "log_loss_mcb": "mcb_log_loss", "ece": "ece", "smooth_ece": "smooth_ece"}
    for name, statistic in floors.items():
        values = null.values[statistic]
        out[f"{name}_floor_mean"] = float(values.mean())
        out[f"{name}_floor_q95"] = float(np.quantile(values, 0.95))
    tail = (1.0 - coverage) / 2
    for name in ("slope", "intercept", "frequency"):
        low, high = np.quantile(null.values[name], [tail, 1.0 - tail])
        out[f"{name}_floor_low"], out[f"{name}_floor_high"] = float(low), float(high)
    return out


def drawn_at(diagram: Blocks, forecasts: np.ndarray) -> np.ndarray:
    """Forecasts, ascending, at which a diagram and its band are kept: the ends of every block, and some between."""
    between = np.quantile(forecasts, _BAND_POINTS, method="nearest")
    return np.unique(np.concatenate([diagram.low, diagram.high, between]))


def diagram_table(diagram: Blocks, null: NullDraws, coverage: float) -> pd.DataFrame:
    """The diagram and its consistency band at each distinct forecast, ascending; ``rows`` are those of its block."""
    low, high = null.band(coverage)
    block = np.clip(np.searchsorted(diagram.low, null.at, side="right") - 1, 0, len(diagram.low) - 1)
    return pd.DataFrame(
        {
            "forecast": null.at,
            "observed": diagram.observed[block],
            "band_low": low,
            "band_high": high,
            "rows": diagram.rows[block],
        }
    )


def sharpness_by_class(rows: Rows) -> dict[str, dict[str, object]]:
    """:func:`engine.verify.calibration.sharpness.sharpness` of each class."""
    return {s: sharpness(rows.probabilities["model"][:, k]) for k, s in enumerate(SCENARIOS)}
