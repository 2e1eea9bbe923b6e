"""What a pure function of this folder accepts: probabilities and class codes that are sound.

Every score and test calls these first, so a bad array is named once, in one wording, before any number is
computed from it.
"""

from __future__ import annotations

import numpy as np

from engine.errors import InputError

SUM_TOLERANCE = 1e-6  # a table read back from text keeps at least six digits


def sound_probabilities(probabilities: object, name: str = "probabilities") -> np.ndarray:
    """``probabilities`` as a C-ordered (n, K) float64 array, K >= 2, rows summing to 1.

    Raises
    ------
    InputError
        ``verify.not_probabilities``: wrong shape, NaN or infinite, outside [0, 1], or a row that does not sum
        to 1 within 1e-6; the message names the first offending row.
    """
    array = np.ascontiguousarray(probabilities, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] < 2:
        raise InputError("verify.not_probabilities", f"{name} has shape {array.shape}, expected (n, classes)")
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise InputError(
            "verify.not_probabilities",
            f"{name}: row {int(bad.argmax())} holds NaN or infinity ({int(bad.sum())} such rows)",
            "leave rows without a forecast out before scoring",
        )
    bad = ((array < 0) | (array > 1)).any(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            "verify.not_probabilities",
            f"{name}: row {row} contains values outside of the range [0, 1]: {array[row].tolist()}",
        )
    total = array.sum(axis=1)
    bad = np.abs(total - 1.0) > SUM_TOLERANCE
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            "verify.not_probabilities",
            f"{name}: row {row} sums to {total[row]:.9g}, not 1",
            "normalise the rows",
        )
    return array


def sound_forecast(forecast: object, name: str = "forecast") -> np.ndarray:
    """``forecast`` as an (n,) float64 array of probabilities of one class.

    Raises
    ------
    InputError
        ``verify.not_probabilities``: wrong shape, NaN, or outside [0, 1].
    """
    array = np.ascontiguousarray(forecast, dtype=np.float64)
    if array.ndim != 1:
        raise InputError("verify.not_probabilities", f"{name} has shape {array.shape}, expected (n,)")
    bad = ~((array >= 0) & (array <= 1))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            "verify.not_probabilities", f"{name}: row {row} is {array[row]}, outside of the range [0, 1]"
        )
    return array


def sound_codes(codes: object, rows: int, classes: int) -> np.ndarray:
    """``codes`` as an (n,) int64 array of class indices 0 .. classes - 1.

    Raises
    ------
    InputError
        ``verify.not_outcomes``: wrong length, not whole numbers, or outside the classes (an unresolved
        outcome, -1, must be left out by the caller: what it will become is not known).
    """
    array = np.asarray(codes)
    if array.shape != (rows,):
        raise InputError("verify.not_outcomes", f"outcomes have shape {array.shape}, expected ({rows},)")
    if array.dtype.kind == "f" and np.isfinite(array).all() and (array == np.floor(array)).all():
        array = array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise InputError("verify.not_outcomes", "outcomes are not whole numbers", "pass class codes 0, 1, 2")
    array = array.astype(np.int64)
    bad = (array < 0) | (array >= classes)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            "verify.not_outcomes",
            f"outcome of row {row} is {array[row]}, outside 0 .. {classes - 1}",
            "leave unresolved rows out before scoring",
        )
    return array


def need_rows(rows: int, least: int = 1) -> None:
    """Refuse fewer than ``least`` rows (``verify.too_few_rows``)."""
    if rows < least:
        raise InputError("verify.too_few_rows", f"{rows} rows, at least {least} are needed")
