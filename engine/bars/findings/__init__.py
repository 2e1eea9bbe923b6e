"""What a researcher should know about bars before trusting them: one file a finding, and this registry.

To add a finding: one module in a folder beside this one that ends in its ``LOOK`` (code, severity, what it looks at, what
it means, what can be done), and one line in ``LOOKS``.  Every threshold is in units of the series' own movement
(:mod:`engine.bars.movement`), so that it means the same for a bond fund and for a coin.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.bars.findings.days import future, long_gap, missing_weekday, not_daily, time_zone, weekend_row
from engine.bars.findings.finding import BarFinding, Look, Remark
from engine.bars.findings.prices import copied, flat, jump, not_prices, shifted, spike, split, stuck, swapped
from engine.bars.findings.trading import adjusted_close, fake_opens, no_volume, rolls
from engine.bars.movement import Movement
from engine.bars.series import BarSeries
from engine.registry import Registry
from engine.severity import rank

LOOKS: Registry[Look] = Registry(
    "finding about bars",
    (
        not_prices.LOOK,
        not_daily.LOOK,
        spike.LOOK,
        split.LOOK,
        swapped.LOOK,
        shifted.LOOK,
        stuck.LOOK,
        copied.LOOK,
        jump.LOOK,
        flat.LOOK,
        time_zone.LOOK,
        weekend_row.LOOK,
        missing_weekday.LOOK,
        long_gap.LOOK,
        future.LOOK,
        fake_opens.LOOK,
        rolls.LOOK,
        adjusted_close.LOOK,
        no_volume.LOOK,
    ),
)


def find_in_bars(bars_by_symbol: Mapping[str, BarSeries]) -> list[BarFinding]:
    """Every finding of every instrument, worst first, otherwise by instrument and in the order of the registry."""
    seen = [Movement(bars) for bars in bars_by_symbol.values()]
    found: list[BarFinding] = []
    for one in seen:
        others = [other for other in seen if other is not one]
        found += [finding for look in LOOKS for finding in look.find(one, others)]
    return sorted(found, key=lambda finding: rank(finding.severity))


__all__ = ["LOOKS", "BarFinding", "Look", "Remark", "find_in_bars"]
