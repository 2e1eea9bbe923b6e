"""Did the base rates change along the way?"""

from __future__ import annotations

import numpy as np

from engine.scenarios import SCENARIOS
from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput
from engine.verify.rows import outcome_codes
from engine.verify.skill.bootstrap import BLOCKS_PER_HORIZON
from engine.verify.skill.long_run import long_run_variance
from engine.verify.skill.student import student_tail

LEVEL = 0.001  # six class-horizon pairs raise a false alarm in fewer than one run in a hundred
_PIECES = 8  # market phases last long: a half's frequency is believed to about an eighth of its length


def look(seen: CheckInput) -> Remark | None:
    """Warning where a class's frequency differs between the first and second half, at 1 in 1,000.

    The long-run variance of each half (Bartlett over 5 H dates or an eighth of the half, whichever is longer)
    keeps the overlap and the persistence of market phases; the difference is held against a t distribution
    with three degrees of freedom per bandwidth.  Frequencies are averaged per date first.
    """
    lines = []
    for horizon in seen.config.horizons:
        frame = seen.forecasts.loc[seen.forecasts["horizon_sessions"] == horizon]
        codes = outcome_codes(frame["outcome"])
        known = codes >= 0
        _, day = np.unique(frame["date"].to_numpy()[known], return_inverse=True)
        days = int(day.max()) + 1 if len(day) else 0
        if days < 40 * horizon:
            continue
        for k, scenario in enumerate(SCENARIOS):
            share = np.bincount(day, weights=codes[known] == k) / np.bincount(day)
            halves = share[: days // 2], share[days // 2 :]
            bandwidth = max(float(BLOCKS_PER_HORIZON * horizon), days / 2 / _PIECES)
            error = np.sqrt(sum(long_run_variance(h, bandwidth) / len(h) for h in halves))
            change = halves[1].mean() - halves[0].mean()
            # each half rests on 1.5 pieces per bandwidth, as in the Diebold-Mariano test
            if error > 0 and 2 * student_tail(abs(change) / error, 1.5 * days / bandwidth) < LEVEL:
                lines.append(
                    f"{scenario} at {horizon} sessions from {halves[0].mean():.0%} to {halves[1].mean():.0%}"
                )
    if not lines:
        return None
    return Remark(
        f"Between the first and the second half of the forecasts: {'; '.join(lines)}. What was learnt from "
        "the past describes another period; look at the skill by year, or use a rolling window."
    )


CHECK = Check(
    name="base_rate_drift",
    title="Base rates drift",
    severity="warning",
    looks_at="the frequency of each scenario in the first and the second half of the forecasts",
    passed="Base rates are stable",
    look=look,
)
