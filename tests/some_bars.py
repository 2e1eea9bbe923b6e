"""Bars for tests: the real ones that ship with a dependency, and prices that break naive code."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from engine.bars.series import BarSeries


def bundled(module):
    """Real bars of ``arch.data.nasdaq`` or ``arch.data.sp500`` (1999-01-04 to 2018-12-31)."""
    frame = module.load()
    columns = [frame[c].to_numpy(float).copy() for c in ("Open", "High", "Low", "Close", "Volume")]
    return BarSeries("BUNDLED", "test", frame.index.to_numpy().astype("datetime64[D]"), *columns, 0)


def series_of(close, spread=0.0, volume=0.0, symbol="NASTY"):
    """Bars round the given closes; ``spread`` is half the height of a bar as a fraction of its price."""
    close = np.asarray(close, dtype=float)
    n = len(close)
    opening = np.concatenate((close[:1], close[:-1]))
    return BarSeries(
        symbol,
        "test",
        np.datetime64("2000-01-03", "D") + np.arange(n),
        opening,
        np.maximum(opening, close) * (1 + spread),
        np.minimum(opening, close) * (1 - spread),
        close,
        np.full(n, float(volume)),
    )


@st.composite
def nasty_bars(draw, max_size=300):
    """Pieces of flat, rising, falling, noisy and gapping prices between 1e-6 and 1e9."""
    price = draw(st.sampled_from([1e-6, 0.01, 100.0, 1e9]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pieces = []
    for _ in range(draw(st.integers(1, 5))):
        length = draw(st.integers(1, max_size // 5))
        kind = draw(st.sampled_from(["flat", "up", "down", "noise", "gap"]))
        if kind == "flat":
            steps = np.zeros(length)
        elif kind == "gap":
            steps = np.zeros(length)
            steps[0] = draw(st.sampled_from([-3.0, -0.2, 0.2, 3.0]))
        else:
            steps = rng.normal(0.0, 0.01, length)
            if kind != "noise":
                steps = np.abs(steps) * (1 if kind == "up" else -1)
        pieces.append(steps)
    close = np.clip(price * np.exp(np.cumsum(np.concatenate(pieces))), 1e-6, 1e9)
    return series_of(close, draw(st.sampled_from([0.0, 0.002])), draw(st.sampled_from([0.0, 1e12])))
