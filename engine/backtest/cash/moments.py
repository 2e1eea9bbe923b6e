"""Figures of many accounts of one instrument with one position at a time, from what each possible trade does by itself.

There a trade's size in shares of the account hangs on its own date alone, so everything it does to the account is a factor:
its growth, the sums of its session returns and of their squares, its lowest value and its deepest fall.  An account is then a
walk from trade to trade, not from session to session.  Tests hold it against the walk over sessions.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.backtest.cash.walk import SPENT_SHARE


@numba.njit(cache=True, nogil=True)
def trade_moments(market, trades, limits, out):
    """Fill ``out`` (c, 8) with what each trade does to an account worth 1 at its signal; zeros where it is not made.

    The columns: the account's value after it; sum of session returns, and of their squares; lowest and highest value at a close;
    deepest fall from a peak of its own (a negative fraction); sum over closes of the share in the position; net return.

    ``market`` and ``trades`` are the arrays of :class:`Market` (one instrument) and :class:`Candidates`.
    """
    close, _, dividends, rates, _ = market
    when, side, void, price, weight = trades
    fee, slip = rates[0, 0], rates[0, 1]
    most = min(limits[1], min(limits[2], limits[3]))
    for i in range(len(when)):
        out[i] = 0.0
        share = min(weight[i], most)
        if void[i] or not share > SPENT_SHARE:
            continue
        entry, leave = when[i, 1], when[i, 2]
        direction = float(side[i])
        paid = price[i, 0] * (1.0 + direction * slip)
        got = price[i, 1] * (1.0 - direction * slip)
        units = share / (paid * (1.0 + fee))
        cash = 1.0 - units * paid * (direction + fee)
        rate = rates[0, 2] if side[i] > 0 else rates[0, 3]
        worth, peak, carry = 1.0, 1.0, 0.0
        lowest, highest, deepest = np.inf, -np.inf, 0.0
        for d in range(entry, leave + 1):
            if d > entry:
                carry += units * (direction * dividends[d, 0] - rate * close[d - 1, 0])
            if d < leave:
                value = units * close[d, 0]
                now = cash + carry + direction * value
                if now > 0.0:
                    out[i, 6] += value / now
            else:
                now = cash + carry + units * got * (direction - fee)
            if worth > 0.0:
                change = now / worth - 1.0
                out[i, 1] += change
                out[i, 2] += change * change
            worth = now
            peak = max(peak, worth)
            lowest, highest = min(lowest, worth), max(highest, worth)
            deepest = min(deepest, worth / peak - 1.0)
        out[i, 0], out[i, 3], out[i, 4], out[i, 5] = worth, lowest, highest, deepest
        out[i, 7] = direction * (got / paid - 1.0) - fee * (1.0 + got / paid) + carry / (units * paid)


@numba.njit(cache=True, nogil=True)
def account_figures(when, void, moments, keys, levels, dates, counts, curves, spent):
    """An account for each of ``levels`` (k,): a candidate is asked for where its key, of (c,), reaches the level.

    Filled: ``counts`` (k, 5) and ``curves`` (k, 5) of :class:`engine.backtest.cash.many.Accounts`, and ``spent`` (k,) bool: True
    where the account was spent on the way, so that its figures are not those of a walk over sessions.
    """
    n = max(dates - 1, 1)
    for k in range(len(levels)):
        level, worth, peak, busy = levels[k], 1.0, 1.0, -1
        total, squares, deepest, invested = 0.0, 0.0, 0.0, 0.0
        free, asked, made, hits, earned = 0, 0, 0, 0, 0.0
        for i in range(len(when)):
            if when[i, 0] < busy:
                continue
            free += 1
            if keys[i] < level:
                continue
            asked += 1
            if moments[i, 4] == 0.0:
                if void[i]:
                    busy = when[i, 1]  # the order is under way until it is cancelled
                continue
            if worth * moments[i, 3] <= SPENT_SHARE:
                spent[k] = True
                break
            busy = when[i, 2]
            deepest = min(deepest, min(worth / peak * moments[i, 3] - 1.0, moments[i, 5]))
            peak = max(peak, worth * moments[i, 4])
            worth *= moments[i, 0]
            total += moments[i, 1]
            squares += moments[i, 2]
            invested += moments[i, 6]
            made += 1
            hits += moments[i, 7] > 0.0
            earned += moments[i, 7]
        counts[k, 0], counts[k, 1], counts[k, 2] = made, hits, earned
        counts[k, 3], counts[k, 4] = asked, free
        curves[k, 0] = worth
        curves[k, 1] = total / n
        curves[k, 2] = np.sqrt(max(squares - total * total / n, 0.0) / max(n - 1, 1))
        curves[k, 3], curves[k, 4] = deepest, invested / dates
