"""The files of a run read one instrument at a time: a row group each, where the run wrote them so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

_BY_INSTRUMENT = ("replay", "levels", "level_events", "outcomes", "forecasts", "trades")


def each_instrument(path: Path, symbols: Sequence[str]) -> Iterator[tuple[str, dict[str, pd.DataFrame]]]:
    """Symbol and its rows of each file of the run in ``path``, in the order of ``symbols``; one is held at a time.

    A file in which it has no rows gives an empty frame.  Row groups of several instruments (trades, or files that
    something else wrote) are taken apart.
    """
    files = {name: _File(path / f"{name}.parquet") for name in _BY_INSTRUMENT}
    for symbol in symbols:
        yield symbol, {name: file.rows(symbol) for name, file in files.items()}


class _File:
    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self._groups: dict[str, list[int]] = {}
        for number in range(self._file.num_row_groups):
            names = self._file.read_row_group(number, ["instrument"]).column("instrument").unique()
            for name in names.to_pylist():
                self._groups.setdefault(name, []).append(number)

    def rows(self, symbol: str) -> pd.DataFrame:
        groups = self._groups.get(symbol)
        if not groups:
            return self._file.schema_arrow.empty_table().to_pandas()
        frame = self._file.read_row_groups(groups).to_pandas()
        mine = (frame["instrument"] == symbol).to_numpy()
        return frame if np.all(mine) else frame[mine].reset_index(drop=True)
