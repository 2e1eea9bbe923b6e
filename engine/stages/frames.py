"""A forecasts frame as named arrays, for the disk, and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engine.scenarios import SCENARIOS

_TEXTS = ("instrument", "outcome")


def as_arrays(frame: pd.DataFrame, symbols: list[str]) -> dict[str, np.ndarray]:
    """The columns of a forecasts frame; texts as positions, columns without a value left out."""
    codes = {"instrument": symbols, "outcome": list(SCENARIOS)}
    arrays = {}
    for name in frame.columns:
        if name in _TEXTS:
            arrays[name] = pd.Index(codes[name]).get_indexer(pd.Index(frame[name])).astype(np.int16)
        elif not frame[name].isna().all():
            arrays[name] = frame[name].to_numpy()
    return arrays


def as_frame(arrays: Mapping[str, np.ndarray], symbols: list[str]) -> pd.DataFrame:
    """The frame that :func:`as_arrays` took apart."""
    words = {
        "instrument": np.array(symbols, dtype=object),
        "outcome": np.array([*SCENARIOS, None], dtype=object),
    }
    columns = {
        name: pd.Series(words[name][values], dtype="str") if name in _TEXTS else values
        for name, values in arrays.items()
    }
    return pd.DataFrame(columns)
