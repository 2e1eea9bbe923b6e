"""What a researcher should know about a sound series before trusting it (``engine check``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.bars.series import BarSeries

Severity = Literal["info", "tip", "issue"]


@dataclass(frozen=True, slots=True)
class BarFinding:
    """One observation about the data; nothing is changed because of it."""

    symbol: str
    code: str
    severity: Severity
    text: str


def find_in_bars(bars_by_symbol: dict[str, BarSeries]) -> list[BarFinding]:
    """Fake opens, gaps, flat bars, no volume, jumps, future dates and suspected rolls, instrument by instrument."""
    found: list[BarFinding] = []
    for bars in bars_by_symbol.values():
        looks = (_fake_opens, _gaps, _flat, _volume, _jumps, _future)
        found += [finding for look in looks if (finding := look(bars)) is not None]
    symbols = list(bars_by_symbol)
    for symbol in symbols:
        for other in symbols:
            finding = _rolls(bars_by_symbol[symbol], bars_by_symbol[other]) if symbol != other else None
            if finding:
                found.append(finding)
                break
    return found


def _fake_opens(bars: BarSeries) -> BarFinding | None:
    first = bars.opens_real_from
    if first == 0:
        return None
    repeat = "a quarter or more repeat the previous close and gaps are not used"
    return BarFinding(
        bars.symbol,
        "bars.fake_opens",
        "tip",
        f"opens are traded prices from {bars.dates[first]} on; before, {repeat}"
        if first < len(bars)
        else f"no open counts as a traded price: to the end, {repeat}",
    )


def _gaps(bars: BarSeries) -> BarFinding | None:
    days = np.diff(bars.dates).astype(int)
    long = np.flatnonzero(days > 7)
    if not len(long):
        return None
    worst = int(long[np.argmax(days[long])])
    return BarFinding(
        bars.symbol,
        "bars.long_gap",
        "issue",
        f"{_count(len(long), 'gap')} of more than 7 days; the longest, {days[worst]} days, follows {bars.dates[worst]}",
    )


def _flat(bars: BarSeries) -> BarFinding | None:
    flat = np.flatnonzero(bars.high == bars.low)
    if not len(flat):
        return None
    return BarFinding(
        bars.symbol,
        "bars.flat",
        "tip",
        f"high = low in {_count(len(flat), 'bar')}; the first is {bars.dates[flat[0]]}",
    )


def _volume(bars: BarSeries) -> BarFinding | None:
    share = float(np.mean(bars.volume == 0))
    if share == 0:
        return None
    return BarFinding(
        bars.symbol,
        "bars.no_volume",
        "info",
        f"{share:.1%} of the bars carry no volume; volume ratios are left out there",
    )


def _future(bars: BarSeries) -> BarFinding | None:
    today = np.datetime64("today", "D")
    ahead = int(np.sum(bars.dates > today + np.timedelta64(1, "D")))  # it may be tomorrow at the exchange
    if not ahead:
        return None
    return BarFinding(
        bars.symbol,
        "bars.future_dates",
        "issue",
        f"{_count(ahead, 'bar')} dated after today ({today}), to {bars.dates[-1]}: a wrong date, or bars made up",
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _jumps(bars: BarSeries) -> BarFinding | None:
    returns = np.diff(np.log(bars.close))
    # a split or a bad tick moves a price by far more than the 250 sessions round it ever do
    ratio = np.abs(np.expm1(returns))
    jumps = np.flatnonzero(ratio > 0.25)
    if not len(jumps):
        return None
    worst = int(jumps[np.argmax(ratio[jumps])])
    return BarFinding(
        bars.symbol,
        "bars.jump",
        "issue",
        f"{_count(len(jumps), 'close')} moved by more than 25 % in a session; the largest, {np.expm1(returns[worst]):+.0%}, is "
        f"on {bars.dates[worst + 1]}: an unadjusted split or a bad price?",
    )


def _rolls(bars: BarSeries, other: BarSeries) -> BarFinding | None:
    """Days on which a series leaves its twin for one session, gathered round quarterly expiries."""
    if bars.family != other.family or not bars.symbol.upper().endswith("=F"):
        return None
    common, left, right = np.intersect1d(bars.dates, other.dates, return_indices=True)
    if len(common) < 250:
        return None
    difference = np.diff(np.log(bars.close[left])) - np.diff(np.log(other.close[right]))
    spread = float(np.median(np.abs(difference - np.median(difference)))) or 1e-12
    days = common[1:][np.abs(difference) > max(8.0 * 1.4826 * spread, 0.005)]
    if len(days) < 4:
        return None
    return BarFinding(
        bars.symbol,
        "bars.rolls_suspected",
        "issue",
        f"{len(days)} sessions part from {other.symbol} by far more than usual: unadjusted rolls or settlement "
        "artefacts; right for levels, wrong for returns",
    )
