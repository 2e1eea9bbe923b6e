"""Bars with gaps, and a plain Python twin of fills and accounting, written from the definitions alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.config import Config, parse_config


def gappy_bars(n: int, seed: int, *, symbol: str = "SIM", opens_real_from: int = 0) -> BarSeries:
    """Coarse prices (steps of 0.5) with opening gaps, so that equalities and gaps through levels happen."""
    rng = np.random.default_rng(seed)
    close = np.maximum(20.0, 100.0 + np.cumsum(np.round(rng.normal(0, 3, n)) * 0.5))
    previous = np.concatenate(([100.0], close[:-1]))
    open_ = np.maximum(10.0, previous + np.round(rng.normal(0, 2, n)) * 0.5)
    open_[:opens_real_from] = previous[:opens_real_from]
    high = np.maximum(open_, close) + np.round(rng.exponential(2, n)) * 0.5
    low = np.maximum(5.0, np.minimum(open_, close) - np.round(rng.exponential(2, n)) * 0.5)
    days = np.busday_offset(np.datetime64("2001-01-01", "D"), np.arange(n), roll="forward")
    return BarSeries(
        symbol, "test", days, open_, high, low, close, np.zeros(n), np.arange(n) >= opens_real_from
    )


def frames(bars: BarSeries, floor, target, probability, *, horizon: int = 10):
    """Replay and forecast frames as the backtest reads them."""
    dates = bars.dates.astype("datetime64[us]")
    replay = pd.DataFrame({"instrument": bars.symbol, "date": dates, "floor": floor, "target_low": target})
    forecasts = pd.DataFrame(
        {
            "instrument": bars.symbol,
            "date": dates,
            "horizon_sessions": horizon,
            "fold": 0,
            "p_continuation": probability,
        }
    )
    return replay, forecasts


def small_config(**sections) -> Config:
    data = {
        "name": "t",
        "instruments": [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}}],
        "horizons": [10],
        "backtest": {"random_entries": 0},
    }
    for name, value in sections.items():
        data[name] = data[name] | value if isinstance(data.get(name), dict) else value
    return parse_config(data)


def twin_trades(bars, floor, target, signals, horizon, floor_break, tie):
    """List of (signal, entry, exit, entry price, exit price, reason), and the number of cancelled entries."""
    n = len(bars)
    o, h, low, c = bars.open, bars.high, bars.low, bars.close
    trades, cancelled, busy_until = [], 0, -1
    for t in range(n - 1):
        if not signals[t] or t < busy_until:
            continue
        goal, ground = target[t], floor[t]
        day = t + 1
        real = bars.opens_traded.tolist()
        if real[day]:
            price = o[day]
            if price >= goal or (floor_break == "touch" and price <= ground):
                cancelled += 1
                continue
            watch = day
        else:
            price = c[day]
            broken = low[day] <= ground if floor_break == "touch" else c[day] < ground
            if h[day] >= goal or broken or day == min(t + horizon, n - 1):
                cancelled += 1
                continue
            watch = day + 1
        result = None
        for j in range(watch, n):
            if j > t + horizon:
                break
            if floor_break == "touch":
                if real[j] and o[j] >= goal:
                    result = (j, o[j], "target")
                elif real[j] and o[j] <= ground:
                    result = (j, o[j], "floor")
                elif h[j] >= goal and low[j] <= ground:
                    result = (j, goal, "target") if tie == "continuation" else (j, ground, "floor")
                elif h[j] >= goal:
                    result = (j, goal, "target")
                elif low[j] <= ground:
                    result = (j, ground if h[j] >= ground else low[j], "floor")
            elif h[j] >= goal:
                result = (j, max(o[j], goal) if real[j] else goal, "target")
            elif c[j] < ground and j < t + horizon and j + 1 < n:
                result = (j + 1, o[j + 1] if real[j + 1] else c[j + 1], "floor")
            if result:
                break
        if result is None:
            last = min(t + horizon, n - 1)
            result = (last, c[last], "horizon" if last == t + horizon else "end")
        trades.append((t, day, result[0], price, result[1], result[2]))
        busy_until = result[0]
    return trades, cancelled


def twin_equity(bars, trades, start, cash, fee, slip):
    """Account value at each close from ``start`` on, holding all cash in every trade."""
    equity = []
    units = 0.0
    waiting = list(trades)
    for t in range(start, len(bars)):
        for _, entry, exit_, entry_price, exit_price, _ in waiting:
            if entry == t:
                units = cash / (entry_price * (1 + slip) * (1 + fee))
                cash = 0.0
            if exit_ == t:
                cash = units * exit_price * (1 - slip) * (1 - fee)
                units = 0.0
        equity.append(cash + units * bars.close[t])
    return np.array(equity)
