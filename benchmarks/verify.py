"""Verification: null draws, bootstrap, pool-adjacent-violators beside scikit-learn, and the whole of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from sklearn.isotonic import isotonic_regression

from engine.kernels.pool import non_decreasing, pool
from engine.verify.calibration.null import null_draws_of_classes
from engine.verify.overlap import Windows
from engine.verify.rows import common_rows
from engine.verify.skill.regimes import regimes
from engine.verify.skill.skill import skill
from engine.verify.verify import verify
from tests.verify.factory import make_config, make_frames

_ROWS = 4000


def measure() -> list[dict[str, Any]]:
    """Medians of several runs after one that compiles."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet([4, 6, 5], _ROWS)
    classes = [np.ascontiguousarray(p[:, k]) for k in range(3)]
    windows = Windows.consecutive(_ROWS)
    at: list[object | None] = [np.quantile(c, np.linspace(0, 1, 41)) for c in classes]

    def nulls() -> None:
        for horizon in (10, 15):
            null_draws_of_classes(classes, windows, horizon, draws=999, seed=1, at=at)

    forecasts, replay = make_frames(5031, first_forecast=1031)
    rows = [common_rows(forecasts, horizon, replay) for horizon in (10, 15)]
    grouped = regimes(replay)
    groups = [r.frame[["instrument", "date"]].merge(grouped, on=["instrument", "date"]) for r in rows]

    def skills() -> None:
        for r, g in zip(rows, groups, strict=True):
            skill(r, g, coverage=0.9)

    config = make_config(bootstrap_draws=1000, null_draws=999)
    happened = (rng.random(_ROWS) < np.sort(classes[0])).astype(np.float64)
    ones, counts = np.ones(_ROWS), np.ones(_ROWS, np.int64)
    hits = happened.astype(np.int64)
    block_hits, block_rows = np.empty(_ROWS, np.int64), np.empty(_ROWS, np.int64)
    theirs = _seconds(lambda: isotonic_regression(happened), 200)
    ours = _seconds(lambda: non_decreasing(happened, ones), 200)
    pooled = _seconds(lambda: pool(hits, counts, block_hits, block_rows), 200)
    return [
        _row("999 null draws, 3 classes, 2 horizons, 4,000 rows", _seconds(nulls, 3), "s", "<= 3"),
        _row("skills of all regimes with intervals, 2 horizons", _seconds(skills, 3), "s", "<= 2"),
        _row(
            "verify(), 4,000 rows, 2 horizons",
            _seconds(lambda: verify(forecasts, replay, config), 3),
            "s",
            "<= 4",
        ),
        _row("PAV, 4,000 rows: times scikit-learn's isotonic_regression", theirs / ours, "x", ">= 1"),
        _row("PAV of counts inside the null: times scikit-learn", theirs / pooled, "x", ">= 1"),
        _row("PAV, 4,000 rows", ours * 1e6, "us", None),
    ]


def _seconds(call: Callable[[], object], repetitions: int) -> float:
    call()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return median(times)


def _row(name: str, value: float, unit: str, budget: str | None) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "budget": budget}
