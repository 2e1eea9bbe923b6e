"""Recorded, dated corrections of a source: applied after reading, before anything is judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.config import Correction
from engine.errors import DataError


def apply_corrections(
    frame: pd.DataFrame,
    days: np.ndarray,
    columns: dict[str, str],
    corrections: Sequence[Correction],
    place: str,
) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows and their days after every correction; the source itself is not touched.

    Parameters
    ----------
    days : (n,) days of the rows.
    columns : lower-case name -> the frame's own.

    Raises
    ------
    DataError
        ``data.correction_unused`` where a correction finds no such session or column: the source has changed, and what was
        true of it may not be any more.
    """
    if not corrections:
        return frame, days
    keep = np.ones(len(frame), dtype=bool)
    for item in corrections:
        rows = np.flatnonzero((days == np.datetime64(item.date, "D")) & keep)
        if not len(rows):
            raise _unused(place, item, f"there is no row of {item.date}")
        if item.skip:
            keep[rows] = False
        elif item.keep is not None:
            if len(rows) < 2:
                raise _unused(place, item, f"{item.date} is there once")
            keep[rows] = False
            keep[rows[0 if item.keep == "first" else -1]] = True
        else:
            own = columns.get(str(item.column))
            if own is None:
                raise _unused(place, item, f"there is no column {item.column}")
            cells = frame[own].astype(object).copy()
            cells.iloc[rows] = (
                repr(float(item.value or 0.0)) if frame[own].dtype.kind not in "iuf" else item.value
            )
            frame = frame.assign(**{own: cells})
    return frame[keep], days[keep]


def _unused(place: str, item: Correction, why: str) -> DataError:
    return DataError(
        "data.correction_unused",
        f"{place}: the correction of {item.date} ({item.what()}) changes nothing: {why}",
        "take it out of `corrections`, or correct its date",
    )
