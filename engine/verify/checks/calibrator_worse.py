"""Did the calibrator make the forecast worse?"""

from __future__ import annotations

from engine.verify.evidence import Facts
from engine.verify.finding import Finding

LIMIT = 0.005  # share of the uncalibrated log loss


def calibrator_worse(facts: Facts) -> Finding | None:
    """Warning where the calibrated log loss is more than 0.5 % above the uncalibrated one."""
    for horizon, metrics in facts.horizons():
        line = metrics.get("skill", {}).get("raw")
        if line is not None and line["log_loss_skill"] < -LIMIT:
            return Finding(
                code="calibrator_worse",
                title="The calibrator made it worse",
                severity="warning",
                explanation=(
                    f"At {horizon} sessions calibration raised the log loss by {-line['log_loss_skill']:.2%} "
                    f"({facts.config.forecast.calibrator}). Set forecast.calibrator to identity."
                ),
            )
    return None
