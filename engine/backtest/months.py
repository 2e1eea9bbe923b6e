"""Returns by year and month."""

from __future__ import annotations

from typing import Any

import numpy as np


def month_table(dates: np.ndarray, equity: np.ndarray) -> list[dict[str, Any]]:
    """One row for each year: ``year``, ``months`` (twelve returns in percent, None where there is no session), ``whole``.

    A month is measured from the last close before it, the first one from the first close of the account; the returns of a
    year's months compound to ``whole``.  ``equity`` (n,) is positive on ``dates`` (n,) ``datetime64[D]``; from a value of 0 or
    less on, nothing is measured.
    """
    month = dates.astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.diff(month, append=month[-1] + 1))
    before = np.concatenate([[0], last[:-1]])
    rows: dict[int, dict[str, Any]] = {}
    first: dict[int, int] = {}
    for start, stop in zip(before, last, strict=True):
        year, position = 1970 + int(month[stop]) // 12, int(month[stop]) % 12
        row = rows.setdefault(year, {"year": year, "months": [None] * 12, "whole": None})
        opened = first.setdefault(year, int(start))
        row["months"][position] = _percent(equity[start], equity[stop])
        row["whole"] = _percent(equity[opened], equity[stop])
    return [rows[year] for year in sorted(rows)]


def _percent(start: float, stop: float) -> float | None:
    return 100.0 * float(stop / start - 1.0) if start > 0 else None
