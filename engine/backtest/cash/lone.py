"""The walk of :mod:`engine.backtest.cash.walk` for one instrument and one position at a time, trade by trade.

There a trade's size in shares of the account does not depend on anything but its own date, so whole stretches without a
position are passed over.  Tests hold it against the walk.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.backtest.cash.walk import SPENT_SHARE


@numba.njit(cache=True, nogil=True)
def lone_kernel(market, trades, keys, levels, limits, found, curves):
    """An account for each of ``levels`` (k,): a candidate is asked for where its key, of (c,), reaches the level.

    ``market`` and ``trades`` are the arrays of :class:`Market` (one instrument) and :class:`Candidates`.  Filled: the
    arrays of :class:`engine.backtest.cash.many.Accounts` and
    ``curves`` (k, 5) as in :func:`engine.backtest.cash.many.curve_figures`.
    """
    close, _, dividends, rates, _ = market
    when, side, void, price, weight = trades
    counts, equity, gross, earned = found
    fee, slip = rates[0, 0], rates[0, 1]
    dates, c = len(close), len(when)
    most = min(limits[1], min(limits[2], limits[3]))
    start, spent_below = limits[0], limits[0] * SPENT_SHARE
    for k in range(len(levels)):
        level, worth, day = levels[k], start, 0  # ``day``: dates before it are valued
        total, squares, peak, deepest, invested = 0.0, 0.0, start, 0.0, 0.0
        busy, alive = -1, True
        for i in range(c):
            signal = when[i, 0]
            if signal < busy or not alive:
                continue
            counts[k, 4] += 1.0
            if keys[i] < level:
                continue
            counts[k, 3] += 1.0
            share = min(weight[i], most)
            if not share > SPENT_SHARE:
                continue
            if void[i]:
                busy = when[i, 1]  # the order is under way until it is cancelled
                continue
            entry, leave = when[i, 1], when[i, 2]
            busy = leave
            direction = float(side[i])
            paid = price[i, 0] * (1.0 + direction * slip)
            units = share * worth / (paid * (1.0 + fee))
            cash = worth - units * paid * (direction + fee)
            rate = rates[0, 2] if side[i] > 0 else rates[0, 3]
            equity[k, day:entry], gross[k, day:entry] = worth, 0.0
            out, carry = price[i, 1], 0.0
            for d in range(entry, leave + 1):
                if d > entry and (rate != 0.0 or dividends[d, 0] != 0.0):
                    received = units * (direction * dividends[d, 0] - rate * close[d - 1, 0])
                    cash += received
                    carry += received
                value = units * close[d, 0]
                now = cash + direction * value
                if d == leave:
                    now = cash + units * out * (1.0 - direction * slip) * (direction - fee)
                    value = 0.0
                if now <= spent_below:
                    alive = False
                    if d < leave:
                        leave, out, value = d, close[d, 0], 0.0
                        now = cash + units * out * (1.0 - direction * slip) * (direction - fee)
                change = now / worth - 1.0
                total += change
                squares += change * change
                worth = now
                if worth > peak:
                    peak = worth
                elif worth < (1.0 + deepest) * peak:
                    deepest = worth / peak - 1.0
                if value > 0.0:
                    invested += value / worth
                equity[k, d], gross[k, d] = worth, value
                if not alive:
                    break
            day = leave + 1
            got = out * (1.0 - direction * slip)
            net = direction * (got / paid - 1.0) - fee * (1.0 + got / paid) + carry / (units * paid)
            counts[k, 0] += 1.0
            counts[k, 1] += net > 0.0
            counts[k, 2] += net
            earned[k, i] = net
        equity[k, day:], gross[k, day:] = worth, 0.0
        n = max(dates - 1, 1)
        curves[k, 0] = max(worth / start, 0.0)
        curves[k, 1] = total / n
        curves[k, 2] = np.sqrt(max(squares - total * total / n, 0.0) / max(n - 1, 1))
        curves[k, 3], curves[k, 4] = deepest, invested / dates


@numba.njit(cache=True, nogil=True)
def lone_sums(market, trades, keys, levels, limits, counts, equity, gross):
    """The accounts of :func:`lone_kernel`, of which only ``counts`` (k, 5) are filled; the values of each are added to
    ``equity`` and ``gross`` (k, dates), to the bit as if they had been filled and added afterwards."""
    dates, c = len(market[0]), len(trades[0])
    worth, held, earned, curves = (
        np.empty((1, dates)),
        np.empty((1, dates)),
        np.empty((1, c)),
        np.empty((1, 5)),
    )
    for k in range(len(levels)):
        one = slice(k, k + 1)
        lone_kernel(market, trades, keys, levels[one], limits, (counts[one], worth, held, earned), curves)
        for d in range(dates):
            equity[k, d] += worth[0, d]
            gross[k, d] += held[0, d]
