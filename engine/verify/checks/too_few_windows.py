"""Is there enough to judge by?"""

from __future__ import annotations

from engine.verify.evidence import Facts
from engine.verify.finding import Finding

LEAST = (
    100  # non-overlapping windows; below, a 10-point error of a 50 % forecast is within two standard errors
)
NONE = 20


def too_few_windows(facts: Facts) -> Finding | None:
    """Warning below 100 windows that do not overlap, failure below 20 (counted by date, not by
    instrument)."""
    lines = []
    severe = False
    for horizon, metrics in facts.horizons():
        windows = metrics.get("dates", 0) / int(horizon)
        if windows < LEAST:
            severe = severe or windows < NONE
            lines.append(f"{windows:.0f} at {horizon} sessions")
    if not lines:
        return None
    return Finding(
        code="too_few_windows",
        title="Too few independent windows",
        severity="failure" if severe else "warning",
        explanation=(
            f"Windows that do not overlap: {', '.join(lines)}; {LEAST} are needed before a 10-point error "
            f"stands "
            "out. Every figure here is mostly noise: use a longer history."
        ),
    )
