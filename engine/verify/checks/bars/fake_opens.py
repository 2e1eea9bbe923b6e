"""Are there dates whose open was never traded, and does anything rely on them?"""

from __future__ import annotations

import pandas as pd

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput


def look(seen: CheckInput) -> Remark | None:
    """Warning where forecast dates lie in a stretch of untraded opens (``bars.fake_opens``): fills there are fiction."""
    dates = {str(name): rows for name, rows in seen.forecasts.groupby("instrument")["date"]}
    lines = []
    for finding in seen.evidence.bars_findings:
        if finding.code != "bars.fake_opens" or finding.symbol not in dates:
            continue
        first, last = dates[finding.symbol].min(), dates[finding.symbol].max()
        start, stop = max(first, pd.Timestamp(str(finding.date))), min(last, pd.Timestamp(str(finding.until)))
        if start <= stop:
            lines.append(f"{finding.symbol} {start:%Y-%m-%d} to {stop:%Y-%m-%d}")
    if not lines:
        return None
    return Remark(
        f"Opens repeat the close before, or are stale: {', '.join(lines)}. The backtest enters and leaves at closes there "
        "and sees no gap; use a source with real opens to trade at them."
    )


CHECK = Check(
    name="fake_opens",
    title="Opens that were never traded",
    severity="warning",
    looks_at="the opens of the forecast dates",
    passed="Opens are traded prices",
    look=look,
)
