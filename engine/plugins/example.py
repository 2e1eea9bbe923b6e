"""Rules of my own: a level kind, a momentum column and a baseline.

A config names this file, `plugins: [my_rules.py]`; everything here is then replayed, audited, scored and reported like the
engine's own. Take out what you do not need. docs/plugins.md says what else a plugin may bring.
"""

import numpy as np

from engine.plugins import (
    RSI,
    Baseline,
    BaselineInput,
    Known,
    LevelKind,
    Plugin,
    by_month,
    each_bar,
    momentum_column,
)


def round_number(open, high, low, close, atr):
    """A zone half an ATR tall round a price of one digit and zeros (2,000, 0.3), on the day a close first comes within one ATR.

    The arrays end at the close that the rule is asked about.
    """
    if len(close) < 2 or not np.isfinite(close[-2:]).all():
        return None  # in the audit there are bars of missing values
    step = 10.0 ** np.floor(np.log10(close[-1]))
    price = step * round(close[-1] / step)
    if abs(close[-1] - price) > atr or abs(close[-2] - price) <= atr:
        return None
    return price - 0.25 * atr, price + 0.25 * atr


def rsi_change(known: Known, start: int, stop: int) -> np.ndarray:
    """RSI now less RSI ten sessions ago, in tenths of its range; unknown before there are both."""
    now = known.indicators[start:stop, RSI]
    before = np.full(stop - start, np.nan)
    have = np.arange(start, stop) >= 10
    before[have] = known.indicators[np.arange(start, stop)[have] - 10, RSI]
    return (now - before) / 10.0


def last_year(seen: BaselineInput) -> np.ndarray:
    """How often each scenario came in the 252 dates whose horizon had ended by the close; a year of thirds counts with them."""
    codes = seen.entry.outcomes.codes  # (n, horizons): 0 breakdown, 1 range, 2 continuation, -1 not resolved
    table = np.empty((len(codes), len(seen.config.horizons), 3))
    for column, horizon in enumerate(seen.config.horizons):
        came = (codes[:, column, None] == np.arange(3)).cumsum(axis=0, dtype=np.float64)
        # an outcome is known once its whole horizon has passed: row t may use rows up to t - horizon
        known = np.zeros_like(came)
        known[horizon:] = came[:-horizon]
        known[horizon + 252 :] -= came[: -horizon - 252]
        counted = known + 252 / horizon / 3
        table[:, column] = counted / counted.sum(axis=1, keepdims=True)
    return table


PLUGIN = Plugin(
    level_kinds=(
        LevelKind(
            "round_number",
            "round number",
            weight=0.4,
            major=False,
            named=by_month,
            scan=each_bar(round_number),
        ),
    ),
    feature_families=(
        momentum_column("rsi_change", rsi_change, ("an RSI that has risen", "an RSI that has fallen")),
    ),
    baselines=(
        Baseline(
            name="last_year",
            label="Last year",
            short="Year",
            meaning="how often each came in the year before",
            order=90,
            forecast=last_year,
        ),
    ),
)
