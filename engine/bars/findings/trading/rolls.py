"""Contracts put together without adjustment: seen beside a twin, or in the gaps after quarterly expiries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.days.weeks import weekdays
from engine.bars.findings.finding import Look, Remark
from engine.bars.movement import Movement

# gaps after expiries beside those of other weeks: median at least doubled, one-sided rank test at 1 in 10,000
RATIO, Z, LEAST_QUARTERS = 2.0, 3.719, 8
# sessions that part from a twin of the family by eight standard deviations, and by half a percent
_APART, _APART_LOG, _LEAST_APART, _LEAST_COMMON = 8.0, 0.005, 4, 250


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    days, twin = _apart_from_twin(seen, others)
    ratio, z, quarters = roll_gaps(seen)
    gaps = quarters >= LEAST_QUARTERS and ratio > RATIO and z > Z
    told = []
    if days:
        told.append(f"{len(days)} sessions part from {twin} by far more than usual")
    if gaps:
        told.append(
            f"opening gaps after quarterly expiries are {ratio:.1f} times those of other weeks ({quarters} quarters)"
        )
    if told:
        yield Remark(
            f"{'; '.join(told)}: unadjusted rolls or settlement artefacts; right for levels, wrong for returns.",
            days[0] if days else None,
            days[-1] + 1 if days else None,
        )


def _apart_from_twin(seen: Movement, others: Iterable[Movement]) -> tuple[list[int], str]:
    if not seen.bars.symbol.upper().endswith("=F"):
        return [], ""
    for other in others:
        if other.bars.family != seen.bars.family:
            continue
        common, left, right = np.intersect1d(seen.bars.dates, other.bars.dates, return_indices=True)
        if len(common) < _LEAST_COMMON:
            continue
        difference = np.diff(seen.close[left]) - np.diff(other.close[right])
        spread = float(np.median(np.abs(difference - np.median(difference)))) or 1e-12
        days = left[1:][np.abs(difference) > max(_APART * 1.4826 * spread, _APART_LOG)]
        if len(days) >= _LEAST_APART:
            return days.tolist(), other.bars.symbol
    return [], ""


def roll_gaps(seen: Movement) -> tuple[float, float, int]:
    """Median gap after expiries over that of other weeks, z of the rank-sum test, quarters counted.

    Front-month futures put together unadjusted jump on the first session after the third Friday of March, June,
    September and December.  These gaps are compared with those of all other first sessions of a week.  Series without gaps give 0.
    Source: Mann and Whitney (1947), normal approximation.
    """
    dates, n = seen.bars.dates, len(seen)
    if n < 2:
        return 0.0, 0.0, 0
    gap = np.abs(seen.open - seen.before)
    week = (dates.astype(np.int64) + 3) // 7
    opens_week = np.concatenate(([False], week[1:] != week[:-1]))
    months = np.arange(dates[0].astype("datetime64[M]"), dates[-1].astype("datetime64[M]") + 1)
    months = months[(months.astype(np.int64) + 1) % 3 == 0]  # March, June, September, December
    first = months.astype("datetime64[D]")
    third_fridays = first + ((4 - weekdays(first)) % 7 + 14)
    places = np.searchsorted(dates, third_fridays, side="right")
    after = np.zeros(n, dtype=bool)
    after[places[(places > 0) & (places < n)]] = True
    rolls, others = gap[after], gap[opens_week & ~after]
    if len(rolls) < LEAST_QUARTERS or len(others) < LEAST_QUARTERS or np.median(others) <= 0:
        return 0.0, 0.0, len(rolls)
    return float(np.median(rolls) / np.median(others)), _rank_sum_z(rolls, others), len(rolls)


def _rank_sum_z(first: np.ndarray, second: np.ndarray) -> float:
    both = np.concatenate((first, second))
    _, place, times = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2.0)[place]
    n, m, total = len(first), len(second), len(both)
    ties = float(np.sum(times.astype(float) ** 3 - times)) / (total * (total - 1))
    variance = n * m / 12.0 * (total + 1 - ties)
    above = float(np.sum(ranks[:n])) - n * (n + 1) / 2.0 - n * m / 2.0
    return above / float(np.sqrt(variance)) if variance > 0 else 0.0


LOOK = Look(
    code="bars.rolls_suspected",
    severity="warning",
    looks_at="a twin of the family, and the opening gaps after quarterly expiries",
    means="Returns, volatility and outcomes across a roll are artefacts.",
    remedy="use a back-adjusted series or the cash index",
    look=_look,
)
