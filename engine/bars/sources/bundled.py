"""Bars that ship inside the ``arch`` package: real history without a network."""

from __future__ import annotations

import pandas as pd


def read_bundled(name: str) -> pd.DataFrame:
    """Nasdaq Composite or S&P 500, 1999-01-04 to 2018-12-31, 5,031 sessions (source: Yahoo Finance)."""
    from arch.data import nasdaq, sp500

    frame = {"nasdaq": nasdaq, "sp500": sp500}[name].load()
    frame = frame.rename(columns=str.lower)[["open", "high", "low", "close", "volume"]]
    return frame.rename_axis("date").reset_index()
