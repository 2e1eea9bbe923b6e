"""Do the probabilities mean what they say?"""

from __future__ import annotations

from engine.verify.calibration.power import LEVEL
from engine.verify.evidence import Facts
from engine.verify.finding import Finding


def miscalibrated(facts: Facts) -> Finding | None:
    """Warning where the overlap-aware MCB test rejects at 5 % after Holm's correction."""
    lines = []
    for horizon, metrics in facts.horizons():
        for scenario, line in metrics.get("calibration", {}).items():
            if line["mcb_p_holm"] <= LEVEL:
                lines.append(
                    f"{scenario} at {horizon} sessions: mean forecast {line['mean_forecast']:.1%}, "
                    f"frequency {line['frequency']:.1%}, slope {line['slope']:.2f}, p = "
                    f"{line['mcb_p_holm']:.3f}"
                )
    if not lines:
        return None
    return Finding(
        code="miscalibrated",
        title="Probabilities do not mean what they say",
        severity="warning",
        explanation=f"{'; '.join(lines)}. Read the reliability diagram before using these probabilities.",
    )
