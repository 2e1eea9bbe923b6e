"""From the prices of one contract to those of another.

Rules, features and outcomes are computed on a *chain*: every price in units of the first contract, each roll taken out
where it happened and nothing before it ever touched.  So a later contract changes no earlier value by a bit, which a
history adjusted backwards from today cannot promise.  People read the prices of the contract that trades at a date:
``(chain - shift) / ratio``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Unit:
    """The contract of one date: ``chain = price * ratio + shift``."""

    ratio: float = 1.0
    shift: float = 0.0

    def price(self, chain: Any) -> Any:
        """Chain prices as that contract trades."""
        return (chain - self.shift) / self.ratio

    def distance(self, chain: Any) -> Any:
        """Differences of chain prices (ATR, widths) in that contract's points."""
        return chain / self.ratio

    def chain(self, price: Any) -> Any:
        """Prices of that contract on the chain."""
        return price * self.ratio + self.shift


SAME = Unit()


@dataclass(frozen=True, slots=True, eq=False)
class Rolls:
    """Which contract each bar is of, and how its prices become the chain's.

    Attributes
    ----------
    ratio, shift : (n,) float64; 1 and 0 until the first roll.
    contract : (n,) int64 index into ``names``.
    names : contracts in the order of their expiry.
    """

    ratio: np.ndarray
    shift: np.ndarray
    contract: np.ndarray
    names: tuple[str, ...]

    def between(self, start: int, stop: int) -> Rolls:
        """Those of bars ``start`` to ``stop - 1``."""
        return Rolls(self.ratio[start:stop], self.shift[start:stop], self.contract[start:stop], self.names)

    def unit(self, index: int) -> Unit:
        """The contract that traded at bar ``index``."""
        return Unit(float(self.ratio[index]), float(self.shift[index]))

    @property
    def first_sessions(self) -> np.ndarray:
        """Indices of the first bar of each new contract."""
        return np.flatnonzero(np.diff(self.contract)) + 1
