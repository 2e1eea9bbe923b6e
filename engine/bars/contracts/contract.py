"""One contract, and what a set of them must satisfy before it is put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from engine.bars.series import BarSeries
from engine.errors import DataError

_OFF = np.log(1.25)  # a close this far from where the neighbouring contract has it is no price


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """The bars of one contract, oldest first.

    Attributes
    ----------
    name, expiry : ``datetime64[D]``, the last day of trading.
    bars : its own prices.
    open_interest : (n,) float64 at each close (published the next morning), or None.
    place : file, for messages.
    """

    name: str
    expiry: np.datetime64
    bars: BarSeries
    open_interest: np.ndarray | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class RollRule:
    """When the next contract takes over; decided at a close, with what is known then, for the next session.

    Attributes
    ----------
    by : ``volume`` (the next contract's volume is larger), ``open_interest`` (the same, of the session before, because
        it is published a morning late) or ``days``.
    days_before_expiry : weekdays before expiry by which the roll has happened at the latest.
    window_days : weekdays before expiry from which on it may.
    adjustment : ``ratio``, ``difference`` or ``none``.
    """

    by: str = "volume"
    days_before_expiry: int = 1
    window_days: int = 30
    adjustment: str = "ratio"


def weekdays_left(days: np.ndarray, expiry: np.datetime64) -> np.ndarray:
    """Weekdays from each day (not counted) to the expiry (counted); known in advance whatever the holidays."""
    return np.busday_count(days + 1, expiry + np.timedelta64(1, "D"))


def check_contracts(contracts: Sequence[Contract], rule: RollRule) -> None:
    """Raise the first thing that makes a set of contracts, in the order of their expiry, unusable.

    Raises
    ------
    DataError
        ``contracts.same_expiry``, ``contracts.expired_before_first_bar``, ``contracts.bars_after_expiry``,
        ``contracts.no_volume``, ``contracts.no_open_interest``, ``contracts.wrong_order``, ``contracts.gap`` or
        ``contracts.price_out_of_line``.
    """
    for one in contracts:
        if one.bars.dates[0] > one.expiry:
            raise DataError(
                "contracts.expired_before_first_bar",
                f"{one.place}: {one.name} expired on {one.expiry}, before its first bar, {one.bars.dates[0]}",
                "correct the expiry, or take the file away",
            )
        late = int(np.sum(one.bars.dates > one.expiry))
        if late:
            raise DataError(
                "contracts.bars_after_expiry",
                f"{one.place}: {late} bar{'s' if late > 1 else ''} of {one.name} after its expiry, {one.expiry}",
                "correct the expiry; were two contracts mistaken for each other?",
            )
        if rule.by == "volume" and not one.bars.has_volume:
            raise DataError(
                "contracts.no_volume",
                f"{one.place}: {one.name} has no volume to roll by",
                "set roll.by: days",
            )
        if rule.by == "open_interest" and one.open_interest is None:
            raise DataError(
                "contracts.no_open_interest",
                f"{one.place}: {one.name} has no column with open interest",
                "set roll.by: volume or roll.by: days",
            )
    for old, new in pairwise(contracts):
        _check_pair(old, new)


def _check_pair(old: Contract, new: Contract) -> None:
    if old.expiry == new.expiry:
        raise DataError(
            "contracts.same_expiry",
            f"{old.name} and {new.name} both expire on {old.expiry}",
            "keep one file a contract, or correct the expiry",
        )
    if new.bars.dates[-1] < old.bars.dates[-1]:
        raise DataError(
            "contracts.wrong_order",
            f"{new.place}: {new.name} expires after {old.name}, but its bars end before, on {new.bars.dates[-1]} "
            f"({old.name}: {old.bars.dates[-1]})",
            "correct the expiries, or complete the bars",
        )
    common, left, right = np.intersect1d(old.bars.dates, new.bars.dates, return_indices=True)
    if not len(common):
        raise DataError(
            "contracts.gap",
            f"{old.name} ends on {old.bars.dates[-1]} and {new.name} begins on {new.bars.dates[0]}: no session in common, so "
            "the price of one in the other is not known",
            "add the missing contract, or longer files",
        )
    apart = np.log(old.bars.close[left] / new.bars.close[right])
    usual = float(np.median(apart))
    wrong = np.flatnonzero(np.abs(apart - usual) > _OFF)
    if abs(usual) > np.log(2.0):
        wrong = np.arange(len(common))
    if len(wrong):
        at = int(wrong[0])
        # the contract that leaves its own neighbourhood is the one at fault
        guilty = max(
            (old, left[at]), (new, right[at]), key=lambda pair: _own_jump(pair[0].bars.close, int(pair[1]))
        )
        price, other = float(guilty[0].bars.close[guilty[1]]), old if guilty[0] is new else new
        beside = float((new.bars.close[right] if guilty[0] is old else old.bars.close[left])[at])
        raise DataError(
            "contracts.price_out_of_line",
            f"{guilty[0].place}: {common[at]}: close {price:g} of {guilty[0].name}, where {other.name} has {beside:g}"
            + (f" (and on {len(wrong) - 1} more common sessions)" if len(wrong) > 1 else ""),
            "correct the price at its source: is it in other units, or has it a digit too many?",
        )


def _own_jump(close: np.ndarray, index: int) -> float:
    around = np.r_[close[max(0, index - 3) : index], close[index + 1 : index + 4]]
    return float(abs(np.log(close[index] / np.median(around)))) if len(around) else 0.0
