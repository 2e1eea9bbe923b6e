"""Do the bars jump when the contract is rolled?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput

RATIO = 2.0
LEVEL = 1e-4
LEAST_QUARTERS = 8


def look(seen: CheckInput) -> Remark | None:
    """Warning where the opening gaps after quarterly expiries are far larger than those of other weeks.

    Front-month futures that are strung together unadjusted jump on the first session after the third Friday
    of March, June, September and December.  These gaps are compared with the gaps of all other first sessions of
    a week: median at least doubled, and a rank test at 1 in 10,000, over at least 8 quarters.
    """
    lines = []
    for symbol, bars in seen.replay.groupby("instrument", sort=False):
        if not {"open", "close"} <= set(bars.columns):
            continue
        ratio, p_value, quarters = roll_gap_ratio(bars)
        if quarters >= LEAST_QUARTERS and ratio > RATIO and p_value < LEVEL:
            lines.append(f"{symbol}: {ratio:.1f} times over {quarters} quarters")
    if not lines:
        return None
    return Remark(
        f"Opening gaps after quarterly expiries exceed those of other weeks: {'; '.join(lines)}. Returns, "
        "volatility and outcomes across a roll are artefacts; use a back-adjusted series or the cash index."
    )


def roll_gap_ratio(bars: pd.DataFrame) -> tuple[float, float, int]:
    """Median gap after expiries over that of other weeks, rank-test p-value, quarters counted.

    ``bars`` has columns date, open, close.  Bars whose opens are the close before (no gaps at all) give ratio 0.
    """
    days = pd.DatetimeIndex(bars["date"])
    close, opening = bars["close"].to_numpy(float), bars["open"].to_numpy(float)
    if len(days) < 2:
        return 0.0, 1.0, 0
    gap = np.zeros(len(bars))
    gap[1:] = np.abs(np.log(opening[1:] / close[:-1]))
    weeks = days.to_period("W").asi8
    opens_week = np.concatenate([[False], weeks[1:] != weeks[:-1]])
    after = np.zeros(len(bars), dtype=bool)
    for month in pd.date_range(days[0].to_period("Q").start_time, days[-1], freq="QS") + pd.DateOffset(
        months=2
    ):
        third_friday = month + pd.Timedelta(days=(4 - month.weekday()) % 7 + 14)
        place = int(days.searchsorted(third_friday, side="right"))
        if 0 < place < len(days):
            after[place] = True
    rolls, others = gap[after], gap[opens_week & ~after]
    if len(rolls) < LEAST_QUARTERS or len(others) < LEAST_QUARTERS or np.median(others) <= 0:
        return 0.0, 1.0, len(rolls)
    p_value = float(mannwhitneyu(rolls, others, alternative="greater").pvalue)
    return float(np.median(rolls) / np.median(others)), p_value, len(rolls)


CHECK = Check(
    name="unadjusted_rolls",
    title="Rolls look unadjusted",
    severity="warning",
    looks_at="the opening gaps after quarterly expiries beside those of other weeks",
    passed="No sign of unadjusted contract rolls",
    look=look,
)
