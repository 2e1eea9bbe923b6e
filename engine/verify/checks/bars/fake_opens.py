"""Are there dates whose open was never traded, and does anything rely on them?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput

_SUSPECT = 0.5  # share of a year's opens that equal the close before
_WINDOW = 252


def look(seen: CheckInput) -> Remark | None:
    """Warning where forecast dates have opens equal to the previous close (fills at such opens are fiction).

    Uses the date the data check reports where there is one, else looks at the opens themselves: a stretch of
    252 sessions where more than half equal the close before.
    """
    lines = []
    forecast_dates = {str(name): dates for name, dates in seen.forecasts.groupby("instrument")["date"]}
    for name, bars in seen.replay.groupby("instrument", sort=False):
        symbol = str(name)
        if symbol not in forecast_dates or not {"open", "close"} <= set(bars.columns):
            continue
        known = seen.evidence.opens_real_from
        days = pd.DatetimeIndex(bars["date"])
        if symbol in known:
            real_from = pd.Timestamp(known[symbol]) if known[symbol] is not None else None
        else:
            real_from = _real_from(bars, days)
        start, end = forecast_dates[symbol].min(), forecast_dates[symbol].max()
        if real_from is None or real_from > start:
            until = min(end, real_from) if real_from is not None else end
            lines.append(f"{symbol} up to {until:%Y-%m-%d}")
    if not lines:
        return None
    return Remark(
        f"The open equals the close before: {', '.join(lines)}. The backtest enters at the close of the next "
        "session there; start it later, or use a source with real opens."
    )


def _real_from(bars: pd.DataFrame, days: pd.DatetimeIndex) -> pd.Timestamp | None:
    """First date after the last stretch of suspect opens; the first date of all where there is none."""
    if len(bars) < 2:
        return days[0] if len(days) else None
    close, opening = bars["close"].to_numpy(), bars["open"].to_numpy()
    same = np.concatenate([[0.0], opening[1:] == close[:-1]])
    share = pd.Series(same).rolling(min(_WINDOW, len(same))).mean().to_numpy()
    suspect = np.flatnonzero(share > _SUSPECT)
    if not len(suspect):
        return days[0]
    # the stretch ends at the last equal open inside the last suspect window
    last = int(np.flatnonzero(same[: suspect[-1] + 1])[-1])
    return days[last + 1] if last + 1 < len(days) else None


CHECK = Check(
    name="fake_opens",
    title="Opens that were never traded",
    severity="warning",
    looks_at="the opens of the forecast dates",
    passed="Opens are traded prices",
    look=look,
)
