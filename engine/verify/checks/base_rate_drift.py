"""Did the base rates change along the way?"""

from __future__ import annotations

import numpy as np

from engine.errors import InputError
from engine.scenarios import SCENARIOS
from engine.verify.diebold_mariano import long_run_variance
from engine.verify.evidence import Facts
from engine.verify.finding import Finding
from engine.verify.rows import outcome_codes

LIMIT = (
    3.29  # two-sided 0.1 %: six class-horizon pairs raise a false alarm in fewer than one run in a hundred
)


def base_rate_drift(facts: Facts) -> Finding | None:
    """Warning where a class's frequency differs between the first and second half by 3.3 standard errors.

    Standard errors keep the overlap (Bartlett over 5 H dates); frequencies are averaged per date first.
    """
    lines = []
    for horizon in facts.config.horizons:
        frame = facts.forecasts.loc[facts.forecasts["horizon_sessions"] == horizon]
        codes = outcome_codes(frame["outcome"])
        known = codes >= 0
        _, day = np.unique(frame["date"].to_numpy()[known], return_inverse=True)
        days = int(day.max()) + 1 if len(day) else 0
        if days < 40 * horizon:
            continue
        for k, scenario in enumerate(SCENARIOS):
            share = np.bincount(day, weights=codes[known] == k) / np.bincount(day)
            halves = share[: days // 2], share[days // 2 :]
            try:
                error = np.sqrt(sum(long_run_variance(h, 5.0 * horizon) / len(h) for h in halves))
            except InputError:
                continue
            if error > 0 and abs(halves[1].mean() - halves[0].mean()) > LIMIT * error:
                lines.append(
                    f"{scenario} at {horizon} sessions from {halves[0].mean():.0%} to {halves[1].mean():.0%}"
                )
    if not lines:
        return None
    return Finding(
        code="base_rate_drift",
        title="Base rates drift",
        severity="warning",
        explanation=(
            f"Between the first and the second half of the forecasts: {'; '.join(lines)}. What was learnt "
            f"from "
            "the past describes another period; look at the skill by year, or use a rolling window."
        ),
    )
