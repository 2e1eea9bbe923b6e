"""Made-up histories of sound but wild markets: what a finding may not take for a defect."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

PRICES = ["open", "high", "low", "close"]
_STEPS = 26  # in a session


def market(
    seed: int,
    *,
    sessions: int = 2000,
    sigma: float = 0.018,
    freedom: float = 3.5,
    night: float = 0.35,
    price: float = 60.0,
    tick: float = 0.01,
    days: str = "B",
    volume: bool = True,
    change: Callable[[np.random.Generator, np.ndarray, np.ndarray], None] | None = None,
) -> pd.DataFrame:
    """Clustered volatility, fat tails, ``night`` of the variance between close and open; volume and range grow with the shock.

    ``change`` may alter the (n, 4) log prices beside the close before, and the volumes, in place.
    """
    rng = np.random.default_rng(seed)
    shocks, nights = (rng.standard_t(freedom, sessions) / np.sqrt(freedom / (freedom - 2)) for _ in range(2))
    level, scale = 1.0, np.empty(sessions)
    for i, shock in enumerate(shocks):
        scale[i] = sigma * np.sqrt(level)
        level = min(25.0, 0.02 + (0.9 + 0.08 * min(shock**2, 36.0)) * level)
    noise = rng.standard_normal((sessions, _STEPS)) / np.sqrt(_STEPS)
    noise -= noise.mean(axis=1, keepdims=True)
    size = np.sqrt(0.5 + 0.5 * np.clip(np.abs(shocks) + (night > 0.01) * np.abs(nights), 0.3, 8.0))
    walk = np.cumsum(noise * size[:, None] + shocks[:, None] / _STEPS, axis=1)
    walk *= (np.sqrt(1 - night) * scale)[:, None]
    gap = np.sqrt(night) * scale * nights
    high, low = np.maximum(walk.max(axis=1), 0.0), np.minimum(walk.min(axis=1), 0.0)
    beside = gap[:, None] + np.column_stack([np.zeros(sessions), high, low, walk[:, -1]])
    traded = 1e6 * np.exp(0.35 * rng.standard_normal(sessions))
    traded *= 1 + 0.5 * ((np.abs(gap) + np.abs(walk[:, -1])) / sigma) ** 1.3
    if change is not None:
        change(rng, beside, traded)
    before = np.log(price) + np.concatenate(([0.0], np.cumsum(beside[:-1, 3])))
    prices = np.maximum((np.exp(before[:, None] + beside) / tick).round() * tick, tick).round(8)
    frame = pd.DataFrame(prices, columns=PRICES)
    frame["high"], frame["low"] = frame[PRICES].max(axis=1), frame[PRICES].min(axis=1)
    frame.insert(0, "date", pd.date_range("2012-01-03", periods=sessions, freq=days))
    return frame.assign(volume=traded.round() if volume else 0.0)


def news(
    every: int, least: float, most: float
) -> Callable[[np.random.Generator, np.ndarray, np.ndarray], None]:
    """Nights of ``least`` to ``most`` (log) with range, volume and a wild week, as after a result."""

    def change(rng: np.random.Generator, beside: np.ndarray, traded: np.ndarray) -> None:
        for i in range(300, len(beside) - 20, every):
            size = rng.uniform(least, most)
            wild = 1.5 + min(size / 0.1, 2.5) * rng.uniform(0.6, 1.2)
            beside[i] = (beside[i] - beside[i, 0]) * wild + beside[i, 0] + size * rng.choice([-1.0, 1.0])
            traded[i] *= 2.0 + min(size / 0.05, 15.0) * rng.uniform(0.6, 1.0)
            for later in range(1, 8):
                beside[i + later] *= 1.0 + (wild - 1.0) * 0.75**later
                traded[i + later] *= 1.0 + 3.0 * 0.6**later

    return change


def first_weeks(rng: np.random.Generator, beside: np.ndarray, traded: np.ndarray) -> None:
    """A share in its first weeks: five times as wild, twenty times the volume."""
    since = np.arange(len(beside))
    beside *= (1.0 + 4.0 * np.exp(-since / 10.0))[:, None]
    traded *= 1.0 + 20.0 * np.exp(-since / 3.0)


def crash(rng: np.random.Generator, beside: np.ndarray, traded: np.ndarray) -> None:
    """October 1987 and March 2020 as an index lived them."""
    days = [(-0.004, -0.002, -0.02, -0.02), (-0.006, -0.003, -0.035, -0.03), (-0.01, -0.01, -0.055, -0.05)]
    days += [(-0.03, -0.03, -0.24, -0.225), (0.02, 0.09, -0.07, 0.05), (0.02, 0.095, 0.01, 0.087)]
    days += [(-0.02, 0.0, -0.06, -0.04), (0.0, 0.01, -0.02, 0.0), (-0.02, 0.0, -0.09, -0.086)]
    beside[800:809] = days
    later = np.arange(60)
    beside[809:869] *= (1.0 + 3.0 * np.exp(-later / 15.0))[:, None]
    beside[1500:1560] *= (1.0 + 5.0 * np.exp(-(((later - 18.0) / 12.0) ** 2)))[:, None]
    traded[800:815] *= 2.0


def halted(seed: int) -> pd.DataFrame:
    """A share that is not traded for weeks and comes back elsewhere."""
    frame = market(seed, sigma=0.025, change=news(400, 0.1, 0.6))
    away = [i for start in range(300, len(frame) - 20, 400) for i in range(start - 5 - seed % 10, start)]
    return frame.drop(index=away).reset_index(drop=True)


def thinly_traded(seed: int) -> pd.DataFrame:
    """Every other day without a trade: the close before in all four prices, no volume."""
    frame = market(seed, sigma=0.02, price=12.0, tick=0.05)
    dead = np.random.default_rng(seed + 7).random(len(frame)) < 0.5
    dead[0] = False
    last = frame["close"].where(~dead).ffill()
    for name in PRICES:
        frame.loc[dead, name] = last[dead]
    frame.loc[dead, "volume"] = 0.0
    return frame


def limited(seed: int, limit: float = 0.1) -> pd.DataFrame:
    """A market whose prices may move by a tenth a day, and sometimes stand at that limit all day long."""
    frame = market(seed, sigma=0.03, freedom=3.0, price=20.0)
    moves = np.log(frame[PRICES].div(frame["close"].shift(1), axis=0)).fillna(0.0).to_numpy()
    locked = np.random.default_rng(seed + 9).random(len(frame)) < 0.005
    last, rows = 20.0, np.empty((len(frame), 4))
    for i, move in enumerate(moves):
        row = np.clip(np.exp(move), 1 - limit, 1 + limit) * last
        if locked[i]:
            row[:] = last * (1 + limit * (1 if move[3] > 0 else -1))
        rows[i] = row.round(2)
        last = max(float(rows[i, 3]), 0.5)
    frame[PRICES] = rows
    return frame.assign(high=frame[PRICES].max(axis=1), low=frame[PRICES].min(axis=1))


def closes_only(seed: int) -> pd.DataFrame:
    """An index of which one price a day is known."""
    frame = market(seed, sigma=0.011, freedom=4.0, price=900.0, volume=False)
    return frame.assign(open=frame["close"], high=frame["close"], low=frame["close"])


def without_opens(seed: int) -> pd.DataFrame:
    """An index whose opens are the close before, with both crashes."""
    frame = market(seed, sigma=0.009, freedom=5.0, night=0.001, price=1000.0, change=crash)
    frame["open"] = frame["close"].shift(1).fillna(frame["open"])
    return frame.assign(high=frame[PRICES].max(axis=1), low=frame[PRICES].min(axis=1))


MARKETS: dict[str, Callable[[int], pd.DataFrame]] = {
    "share": market,
    "share at 4 % a day": lambda seed: market(seed, sigma=0.04),
    "coin": lambda seed: market(seed, sigma=0.04, night=2e-5, price=400.0, days="D"),
    "currency": lambda seed: market(
        seed, sigma=0.006, freedom=5.0, night=0.01, price=1.2, tick=1e-4, volume=False
    ),
    "bond fund": lambda seed: market(seed, sigma=0.003, freedom=4.0, price=100.0),
    "penny share": lambda seed: market(seed, sigma=0.06, price=0.35),
    "share of 0.02": lambda seed: market(seed, sigma=0.07, price=0.02, tick=1e-4),
    "coarse ticks": lambda seed: market(seed, sigma=0.012, night=0.5, price=8.0, tick=0.1),
    "thinly traded": thinly_traded,
    "daily limits": limited,
    "first weeks": lambda seed: market(seed, sigma=0.025, change=first_weeks),
    "results": lambda seed: market(seed, sigma=0.02, change=news(63, 0.02, 0.4)),
    "halved on news": lambda seed: market(seed, sigma=0.035, change=news(500, 0.5, 1.4)),
    "halted": halted,
    "two crashes": lambda seed: market(
        seed, sigma=0.009, freedom=5.0, night=0.25, price=1000.0, change=crash
    ),
    "two crashes without opens": without_opens,
    "closes only": closes_only,
}
