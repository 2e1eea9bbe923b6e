"""Several instruments on one calendar, and the trades that may be made in them, as arrays for the walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.backtest.cash.costs import Costs
from engine.backtest.possible import PossibleTrades
from engine.bars.series import BarSeries


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """m instruments on the union of their sessions, D dates.

    Attributes
    ----------
    dates : (D,) ``datetime64[D]``.
    place : per instrument (n,) position among ``dates`` of each of its bars; -1 before its start.
    close : (D, m) last known close; before an instrument's start its first one, which nothing uses.
    session : (D, m) bool, True where the instrument has a bar.
    dividends : (D, m) amounts per unit.
    rates : (m, 4) fee, slippage, funding and borrow of :class:`Costs`.
    family : (m,) int64, the same number for instruments of one family.
    """

    dates: np.ndarray
    place: tuple[np.ndarray, ...]
    close: np.ndarray
    session: np.ndarray
    dividends: np.ndarray
    rates: np.ndarray
    family: np.ndarray


def market(bars: Sequence[BarSeries], starts: Sequence[int], costs: Sequence[Costs]) -> Market:
    """Instruments from the bar at which each one's account opens (``starts``) on one calendar."""
    dates = np.unique(np.concatenate([b.dates[s:] for b, s in zip(bars, starts, strict=True)]))
    shape = (len(dates), len(bars))
    close, session, dividends = np.empty(shape), np.zeros(shape, dtype=np.bool_), np.zeros(shape)
    places = []
    for i, (b, start, cost) in enumerate(zip(bars, starts, costs, strict=True)):
        own = b.dates[start:]
        place = np.full(len(b), -1, dtype=np.int64)
        place[start:] = np.searchsorted(dates, own)
        places.append(place)
        latest = np.maximum(np.searchsorted(own, dates, side="right") - 1, 0)
        close[:, i] = b.close[start:][latest]
        session[place[start:], i] = True
        dividends[place[start:], i] = cost.dividends[start:]
    rates = np.array([[c.fee, c.slippage, c.funding, c.borrow] for c in costs])
    _, family = np.unique([b.family for b in bars], return_inverse=True)
    return Market(dates, tuple(places), close, session, dividends, rates, family.astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Trades that may be made, c of them, in the order of their signals and, within a date, of the instruments.

    Attributes
    ----------
    when : (c, 4) int64: positions among the market's dates of signal, entry and exit; instrument.
    bar : (c,) int64 index of the signal's bar in its own series.
    side : (c,) int8. reason : (c,) int8 codes into ``EXIT_REASONS``.
    void, at_close : (c,) bool, as in :class:`PossibleTrades`.
    price : (c, 2) market prices of entry and exit.
    weight : (c,) share of the account that the trade asks for.
    """

    when: np.ndarray
    bar: np.ndarray
    side: np.ndarray
    reason: np.ndarray
    void: np.ndarray
    at_close: np.ndarray
    price: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.when)

    def only(self, kept: np.ndarray) -> Candidates:
        """Those of a mask or of positions (c,)."""
        parts = (
            self.when,
            self.bar,
            self.side,
            self.reason,
            self.void,
            self.at_close,
            self.price,
            self.weight,
        )
        return Candidates(*(part[kept] for part in parts))


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Signals of one instrument and one side: ``signals`` (n,) bool, ``weight`` (n,) as in :class:`Candidates`."""

    instrument: int
    side: int
    possible: PossibleTrades
    signals: np.ndarray
    weight: np.ndarray


def candidates(place: Market, asked: Sequence[Asked]) -> Candidates:
    """The trades that signals lead to; a signal at an instrument's last bar leads to none."""
    parts = []
    for item in asked:
        p, where = item.possible, place.place[item.instrument]
        at = np.flatnonzero(item.signals[:-1] & (where[:-1] >= 0))
        # a cancelled entry ends in the session in which it is cancelled
        exits = np.where(p.void[at], p.entry[at], p.exit[at])
        when = [where[at], where[p.entry[at]], where[exits], np.full(len(at), item.instrument)]
        parts.append(
            Candidates(
                when=np.stack(when, axis=1).astype(np.int64),
                bar=at,
                side=np.full(len(at), item.side, dtype=np.int8),
                reason=p.reason[at],
                void=p.void[at],
                at_close=p.entry_at_close[at],
                price=np.stack([p.entry_price[at], p.exit_price[at]], axis=1),
                weight=np.asarray(item.weight, dtype=np.float64)[at],
            )
        )
    names = ("when", "bar", "side", "reason", "void", "at_close", "price", "weight")
    joined = Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    # stable: where both sides are there, the first given comes first
    return joined.only(np.lexsort((joined.when[:, 3], joined.when[:, 0])))
