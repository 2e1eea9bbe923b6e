"""Do the probabilities mean what they say?"""

from __future__ import annotations

from engine.verify.calibration.power import LEVEL
from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput

_ALONE = (
    0.01  # the classes alone, beside a test at 5 %: both together raise a false alarm at most 6 times in 100
)


def look(seen: CheckInput) -> Remark | None:
    """Warning where the joint test rejects at 5 %, or the MCB of a class alone at 1 % after Holm's correction."""
    lines = []
    joint = seen.metrics.get("calibration_test") or {}
    if joint.get("p_joint", 1.0) <= LEVEL:
        lines.append(joint["verdict"].rstrip("."))
    for horizon, metrics in seen.horizons():
        for scenario, line in metrics.get("calibration", {}).items():
            if line["mcb_p_holm"] <= _ALONE:
                lines.append(
                    f"{scenario} at {horizon} sessions: mean forecast {line['mean_forecast']:.1%}, "
                    f"frequency {line['frequency']:.1%}, slope {line['slope']:.2f}, "
                    f"p = {line['mcb_p_holm']:.3f}"
                )
    if not lines:
        return None
    return Remark(f"{'; '.join(lines)}. Read the reliability diagram before using these probabilities.")


CHECK = Check(
    name="miscalibrated",
    title="Probabilities do not mean what they say",
    severity="warning",
    looks_at="temperature and intercept of all horizons together, and the shape of every class alone",
    passed="Not distinguishable from calibrated",
    look=look,
    needs=lambda seen: any("calibration" in metrics for _, metrics in seen.horizons()),
)
