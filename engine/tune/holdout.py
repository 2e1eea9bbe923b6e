"""The holdout: sessions that no trial has seen, and the record of every look at them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from engine.bars.series import BarSeries
from engine.errors import DataError, RunError
from engine.files import append_line, open_for_lines

LOOKS_FILE = "holdout_looks.jsonl"


@dataclass(frozen=True, slots=True)
class Holdout:
    """What the holdout said.

    Attributes
    ----------
    first_date : first session of the holdout.
    sessions : its length.
    best, default : score of the best config and of the config as it stands; None where scoring failed.
    look : 1 for the first look at this holdout of these data, 2 for the second, ...  A second look is no
        longer out of sample.
    interval, gain_interval : of ``best``, and of ``best`` minus ``default`` on the same dates, with ``coverage``; None
        where the holdout is too short for one.
    """

    first_date: str
    sessions: int
    best: float | None
    default: float | None
    look: int
    interval: tuple[float, float] | None = None
    gain_interval: tuple[float, float] | None = None
    coverage: float = 0.90


def holdout_start(bars: Mapping[str, BarSeries], holdout_sessions: int) -> np.datetime64:
    """Date of the first holdout session: the last ``holdout_sessions`` of all dates traded.

    Raises
    ------
    DataError
        ``tune.holdout_too_long`` where nothing is left before it.
    """
    dates = np.unique(np.concatenate([series.dates for series in bars.values()]))
    if holdout_sessions >= len(dates):
        raise DataError(
            "tune.holdout_too_long",
            f"tune.holdout_sessions is {holdout_sessions}, but there are only {len(dates)} sessions",
            "use a shorter holdout or a longer history",
        )
    return dates[len(dates) - holdout_sessions]


def before(bars: Mapping[str, BarSeries], start: np.datetime64) -> dict[str, BarSeries]:
    """Each history as it was known after the last session before ``start``; empty ones are dropped."""
    found = {symbol: series.cut(int(np.searchsorted(series.dates, start))) for symbol, series in bars.items()}
    return {symbol: series for symbol, series in found.items() if len(series)}


def data_sha256(bars: Mapping[str, BarSeries]) -> str:
    """Fingerprint of all bars."""
    digest = hashlib.sha256()
    for symbol, series in sorted(bars.items()):
        digest.update(f"{symbol}={series.fingerprint()}\n".encode())
    return digest.hexdigest()


def earlier_looks(path: Path, data: str, first_date: str) -> int:
    """How often this holdout of these data has been looked at.

    Raises
    ------
    RunError
        ``tune.broken_looks`` where the record cannot be read: a count from half a record would be wrong.
    """
    if not path.exists():
        return 0
    count = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            look = json.loads(line)
            count += look["data_sha256"] == data and look["holdout_first_date"] == first_date
        except (ValueError, KeyError, TypeError):
            raise RunError(
                "tune.broken_looks",
                f"{path}: line {number} is no record of a look",
                "repair the line; do not delete the file, it counts how often the holdout was used",
            ) from None
    return count


def record_look(path: Path, look: Mapping[str, Any]) -> None:
    """Append one line; earlier lines are never touched."""
    line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **look}
    with open_for_lines(path) as handle:
        append_line(handle, json.dumps(line, sort_keys=True, allow_nan=False))
