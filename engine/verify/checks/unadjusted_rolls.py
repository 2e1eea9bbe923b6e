"""Do the bars jump when the contract is rolled?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.verify.evidence import Facts
from engine.verify.finding import Finding

RATIO = 1.75  # typical gap at a quarterly roll over the typical gap elsewhere
_LEAST_QUARTERS = 8


def unadjusted_rolls(facts: Facts) -> Finding | None:
    """Warning where the overnight gap around quarterly futures expiries is far larger than elsewhere.

    For each quarter, the largest absolute overnight gap (in units of that year's median absolute gap) within
    the eight sessions up to the third Friday of March, June, September or December is compared with the
    largest one in the eight sessions ending four weeks earlier; a ratio of medians above 1.75 over at least
    8 quarters is suspect.  Symbols that end in ``=F`` only: an index or a fund does not roll.
    """
    lines = []
    for symbol, bars in facts.replay.groupby("instrument", sort=False):
        if not is_future(symbol) or not {"open", "close"} <= set(bars.columns):
            continue
        ratio, quarters = roll_gap_ratio(bars)
        if quarters >= _LEAST_QUARTERS and ratio > RATIO:
            lines.append(f"{symbol}: {ratio:.1f} times over {quarters} quarters")
    if not lines:
        return None
    return Finding(
        code="unadjusted_rolls",
        title="Rolls look unadjusted",
        severity="warning",
        explanation=(
            f"Overnight gaps at quarterly expiries exceed ordinary ones: {'; '.join(lines)}. Returns, "
            f"volatility "
            "and outcomes across a roll are artefacts; use a back-adjusted series or the cash index."
        ),
    )


def is_future(symbol: object) -> bool:
    """Whether the symbol is written like a futures contract (``RTY=F``, ``RTY_F``)."""
    return str(symbol).upper().endswith(("=F", "_F"))


def roll_gap_ratio(bars: pd.DataFrame) -> tuple[float, int]:
    """Median largest gap at quarterly expiries over the median four weeks earlier, and the quarters
    counted."""
    days = pd.DatetimeIndex(bars["date"])
    close, opening = bars["close"].to_numpy(float), bars["open"].to_numpy(float)
    gap = np.zeros(len(bars))
    gap[1:] = np.abs(np.log(opening[1:] / close[:-1]))
    typical = pd.Series(gap).groupby(days.year).transform("median").to_numpy()
    scaled = np.divide(gap, typical, out=np.zeros_like(gap), where=typical > 0)
    at_roll, elsewhere = [], []
    for first in pd.date_range(days[0].to_period("Q").start_time, days[-1], freq="QS") + pd.DateOffset(
        months=2
    ):
        third_friday = first + pd.Timedelta(days=(4 - first.weekday()) % 7 + 14)
        stop = days.searchsorted(third_friday, side="right")
        if stop >= len(days) or stop - 28 < 1:
            continue
        at_roll.append(scaled[stop - 8 : stop].max())
        elsewhere.append(scaled[stop - 28 : stop - 20].max())
    if not at_roll or np.median(elsewhere) <= 0:
        return 0.0, 0
    return float(np.median(at_roll) / np.median(elsewhere)), len(at_roll)
