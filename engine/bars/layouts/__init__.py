"""Files as vendors write them: how a table of bars is recognised, read without a guess, and described in words."""

from engine.bars.layouts.read import read_csv, read_parquet
from engine.bars.layouts.recognised import Recognised
from engine.bars.layouts.vendors import LAYOUTS, Layout

__all__ = ["LAYOUTS", "Layout", "Recognised", "read_csv", "read_parquet"]
