"""Is there enough to judge by?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput

LEAST = 100  # below, a 10-point error of a 50 % forecast is within two standard errors
NONE = 20


def look(seen: CheckInput) -> Remark | None:
    """Warning below 100 windows that do not overlap, failure below 20 (counted by date, not by instrument)."""
    lines = []
    severe = False
    for horizon, metrics in seen.horizons():
        windows = metrics.get("dates", 0) / int(horizon)
        if windows < LEAST:
            severe = severe or windows < NONE
            lines.append(f"{windows:.0f} at {horizon} sessions")
    if not lines:
        return None
    return Remark(
        f"Windows that do not overlap: {', '.join(lines)}; {LEAST} are needed before a 10-point error "
        "stands out. Every figure here is mostly noise: use a longer history.",
        severity="failure" if severe else "warning",
    )


CHECK = Check(
    name="too_few_windows",
    title="Too few independent windows",
    severity="failure",
    looks_at="the windows of each horizon that do not overlap",
    passed="Enough independent windows",
    look=look,
)
