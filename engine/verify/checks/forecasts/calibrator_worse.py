"""Did the calibrator make the forecast worse?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput

LIMIT = 0.005  # share of the uncalibrated log loss


def look(seen: CheckInput) -> Remark | None:
    """Warning where the calibrated log loss is more than 0.5 % above the uncalibrated one."""
    for horizon, line in seen.skill("raw"):
        if line["log_loss_skill"] < -LIMIT:
            return Remark(
                f"At {horizon} sessions calibration raised the log loss by {-line['log_loss_skill']:.2%} "
                f"({seen.config.forecast.calibrator}). Set forecast.calibrator to identity."
            )
    return None


CHECK = Check(
    name="calibrator_worse",
    title="The calibrator made it worse",
    severity="warning",
    looks_at="log loss before and after calibration",
    passed="The calibrator did no harm",
    look=look,
    needs=lambda seen: seen.config.forecast.calibrator != "identity" and bool(seen.skill("raw")),
)
