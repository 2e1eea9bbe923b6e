"""The backtest as tables: trades, and accounts on common dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.backtest.account import TRADE_FIELDS
from engine.backtest.plan import Plan
from engine.backtest.possible import EXIT_REASONS, SHORT
from engine.backtest.trading import Traded
from engine.config import Config

CURVES = ("strategy", "buy_and_hold", "unfiltered")


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """All accounts together on the union of their dates, D of them.

    Attributes
    ----------
    dates : (D,) ``datetime64[D]``.
    curves, invested : (D, 3) in the order of ``CURVES``. draws : (D, draws).
    """

    dates: np.ndarray
    curves: np.ndarray
    invested: np.ndarray
    draws: np.ndarray

    @classmethod
    def empty(cls, plans: Sequence[Plan], config: Config) -> Accounts:
        """Room for the accounts of these instruments; nothing is in it yet."""
        dates = np.unique(np.concatenate([p.setup.bars.dates[p.setup.start :] for p in plans]))
        width = config.backtest.random_entries
        return cls(dates, *(np.zeros((len(dates), columns)) for columns in (3, 3, width)))

    def add(self, traded: Traded) -> None:
        """Add one account to the sums."""
        own = traded.place.dates
        self.curves[:] += on_dates(own, traded.equity, self.dates, traded.equity[0])
        self.invested[:] += on_dates(own, traded.invested, self.dates, 0.0)
        self.draws[:] += on_dates(own, traded.draws, self.dates, traded.draws[0])


def on_dates(
    own: np.ndarray, values: np.ndarray, dates: np.ndarray, before: np.ndarray | float
) -> np.ndarray:
    """Values of an account on other dates: the last one known, or ``before`` where the account is not open yet."""
    if len(own) == len(dates):  # its dates are among the others, so these are the same
        return values
    at = np.searchsorted(own, dates, side="right") - 1
    aligned = values[np.maximum(at, 0)]
    aligned[at < 0] = before
    return aligned


def trades_frame(traded: list[Traded]) -> pd.DataFrame:
    """One row per trade, oldest first; of one date, in the order of the instruments."""
    parts = []
    pairs = [pair for t in traded for pair in zip(t.plans, t.made, strict=True)]
    for order, (plan, made) in enumerate(pairs):
        setup, fills = plan.setup, made.fills
        days = setup.bars.dates.astype("datetime64[us]")
        part = pd.DataFrame(
            {
                "instrument": pd.Series([setup.bars.symbol] * len(fills), dtype="str"),
                "signal_date": days[fills.signal],
                "entry_date": days[fills.entry],
                "entry_price": fills.entry_price,
                "exit_date": days[fills.exit],
                "exit_price": fills.exit_price,
                "exit_reason": pd.Series([EXIT_REASONS[code] for code in fills.reason], dtype="str"),
                "sessions_held": fills.exit - fills.signal,
                "p_continuation": setup.p_continuation[fills.signal],
                "floor": setup.floor[fills.signal],
                "target": setup.target[fills.signal],
                "entry_at_close": fills.entry_at_close,
                **{name: made.booked[name] for name in TRADE_FIELDS.names or ()},
                "side": pd.Series(np.where(fills.side == SHORT, "short", "long"), dtype="str"),
                "fraction": made.weight,
                "_order": order,
            }
        )
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True).sort_values(["signal_date", "_order"], kind="stable")
    return frame.drop(columns="_order").reset_index(drop=True)


def equity_frame(accounts: Accounts, config: Config) -> pd.DataFrame:
    """The accounts, session by session, beside the band of the random entries."""
    draws = accounts.draws
    frame = pd.DataFrame({"date": accounts.dates.astype("datetime64[us]")})
    for column, name in enumerate(CURVES):
        frame[name] = accounts.curves[:, column]
    tail = (1.0 - config.verify.interval) / 2.0
    # whole order statistics, not interpolated ones: bit-identical on every machine
    levels = {"random_median": 0.5, "random_low": tail, "random_high": 1.0 - tail}
    ranked = np.sort(draws, axis=1)
    for name, level in levels.items():
        rank = int(np.floor(level * max(draws.shape[1] - 1, 0) + 0.5))
        frame[name] = ranked[:, rank] if draws.shape[1] else np.full(len(draws), np.nan)
    worth = accounts.curves[:, 0]
    frame["exposure"] = np.divide(accounts.invested[:, 0], worth, out=np.zeros(len(worth)), where=worth > 0)
    return frame
