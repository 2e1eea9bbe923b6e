"""What trading one instrument costs: its own entries in the config over those of the ``backtest`` section."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.backtest.account import BASIS_POINT
from engine.bars.series import BarSeries
from engine.config import BacktestConfig, Config, Dividends, InstrumentTrading
from engine.errors import DataError

_NOTHING = InstrumentTrading()


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """Costs of one instrument; fractions where no unit is named.

    Attributes
    ----------
    fee_bps, slippage_bps : basis points of the fill's value and of its price, on each side.
    funding, borrow : of the value at the close before, for each session over which a long or a short position is held.
    dividends : (n,) amount per unit that a position held over the night before each session receives (long) or pays (short).
    """

    fee_bps: float
    slippage_bps: float
    funding: float
    borrow: float
    dividends: np.ndarray

    @property
    def fee(self) -> float:
        """Fraction of the fill's value."""
        return self.fee_bps * BASIS_POINT

    @property
    def slippage(self) -> float:
        """Fraction of the fill's price."""
        return self.slippage_bps * BASIS_POINT

    @property
    def holding(self) -> bool:
        """True where holding a position costs or pays anything."""
        return bool(self.funding or self.borrow or self.dividends.any())

    def round_trip(self, side: int, sessions: int) -> float:
        """Fraction of a position that entering, holding for ``sessions`` and leaving takes; dividends are not counted."""
        held = self.funding if side > 0 else self.borrow
        return 2.0 * (self.fee + self.slippage) + held * sessions


def costs_of(bars: BarSeries, config: Config, year: int) -> Costs:
    """Costs of one instrument whose year has ``year`` sessions.

    Raises
    ------
    DataError
        ``backtest.bad_dividends`` where the file of dividends cannot be read.
    """
    own = next((item.trading for item in config.instruments if item.symbol == bars.symbol), None) or _NOTHING
    return Costs(
        fee_bps=_of("fee_bps", own, config.backtest),
        slippage_bps=_of("slippage_bps", own, config.backtest),
        funding=_of("funding_percent", own, config.backtest) / 100.0 / year,
        borrow=_of("borrow_percent", own, config.backtest) / 100.0 / year,
        dividends=np.zeros(len(bars)) if own.dividends is None else _dividends(bars, own.dividends),
    )


def may_short(symbol: str, config: Config) -> bool:
    """False where the config marks the instrument as one that can only be held long."""
    own = next((item.trading for item in config.instruments if item.symbol == symbol), None)
    return own is None or not own.long_only


def _of(name: str, own: InstrumentTrading, common: BacktestConfig) -> float:
    value = getattr(own, name)
    return float(getattr(common, name) if value is None else value)


def _dividends(bars: BarSeries, source: Dividends) -> np.ndarray:
    """Amounts by session; an ex-date without a bar counts on the next one, those outside the bars not at all."""
    try:
        frame = pd.read_csv(source.path)
        days = pd.to_datetime(frame[source.date_column], format="%Y-%m-%d").to_numpy().astype("datetime64[D]")
        amounts = frame[source.column].to_numpy(dtype=np.float64)
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            "backtest.bad_dividends",
            f"{bars.symbol}: {source.path}: {type(error).__name__}: {error}",
            f"give a CSV with columns {source.date_column} (YYYY-MM-DD) and {source.column} (numbers)",
        ) from None
    if not np.isfinite(amounts).all():
        raise DataError(
            "backtest.bad_dividends",
            f"{bars.symbol}: {source.path}: row {int(np.argmin(np.isfinite(amounts))) + 1} holds no amount",
            "take the row out, or write its amount",
        )
    found = np.zeros(len(bars))
    at = np.searchsorted(bars.dates, days)
    inside = (at < len(bars)) & (days >= bars.dates[0])
    np.add.at(found, at[inside], amounts[inside])
    return found
