"""Futures: one price history out of many contracts, without a roll ever counting as a return."""

from engine.bars.contracts.contract import Contract, RollRule
from engine.bars.contracts.rolls import Rolls, Unit
from engine.bars.contracts.stitch import Contracts, stitch
from engine.bars.contracts.stitched import RolledSeries, with_roll_dates

__all__ = ["Contract", "Contracts", "RollRule", "RolledSeries", "Rolls", "Unit", "stitch", "with_roll_dates"]
