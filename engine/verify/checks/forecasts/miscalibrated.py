"""Do the probabilities mean what they say?"""

from __future__ import annotations

from engine.verify.calibration.power import LEVEL
from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput


def look(seen: CheckInput) -> Remark | None:
    """Warning where the overlap-aware MCB test rejects at 5 % after Holm's correction."""
    lines = []
    for horizon, metrics in seen.horizons():
        for scenario, line in metrics.get("calibration", {}).items():
            if line["mcb_p_holm"] <= LEVEL:
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
    looks_at="the overlap-aware calibration test of every class and horizon",
    passed="Not distinguishable from calibrated",
    look=look,
    needs=lambda seen: any("calibration" in metrics for _, metrics in seen.horizons()),
)
