"""The loop behind outcome labels, in blocks of rows: scans for first touches, then what each horizon makes of them.

Everything is a pass over a block without a branch, so it runs on all vector lanes; a block's levels and first touches
stay in the first-level cache together.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.outcomes.first_touch import (
    AMBIGUOUS,
    RULE_TARGET,
    RULE_TERMINAL,
    UP,
    terminal_class,
    touch_bar,
)
from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE, UNRESOLVED

_BLOCK = 512  # rows
_LINE = 8  # float64 numbers in a cache line
_NEVER = 1 << 30  # "first session" of something that did not happen within the longest horizon


@numba.njit(cache=True, nogil=True)
def _first_at_or_above(values, levels, longest, first):
    """First j in 1 .. longest at which ``values[j + i] >= levels[i]``, for each row i of a block.

    ``values`` begins at the block's first row and may end within the longest horizon.  Walking j downwards lets each
    hit overwrite a later one without a branch, so the loop over rows runs on all vector lanes at once; five j in one
    pass, because reading and writing ``first`` costs as much as a comparison.
    """
    rows = len(levels)
    first[:] = _NEVER
    j = longest
    while j >= 5:
        a, b, c = values[j : j + rows], values[j - 1 : j - 1 + rows], values[j - 2 : j - 2 + rows]
        d, e = values[j - 3 : j - 3 + rows], values[j - 4 : j - 4 + rows]
        for i in range(len(a)):
            level, at = levels[i], first[i]
            at = j if a[i] >= level else at
            at = j - 1 if b[i] >= level else at
            at = j - 2 if c[i] >= level else at
            at = j - 3 if d[i] >= level else at
            first[i] = j - 4 if e[i] >= level else at
        for i in range(len(a), rows):  # near the last bar
            for k in range(j - 1, j - 5, -1):
                if k + i < len(values) and values[k + i] >= levels[i]:
                    first[i] = k
        j -= 5
    while j >= 1:
        window = values[j : j + rows]
        for i in range(len(window)):
            first[i] = j if window[i] >= levels[i] else first[i]
        j -= 1


@numba.njit(cache=True, nogil=True)
def _first_at_or_below(values, levels, longest, first):
    """The mirror of :func:`_first_at_or_above`."""
    rows = len(levels)
    first[:] = _NEVER
    j = longest
    while j >= 5:
        a, b, c = values[j : j + rows], values[j - 1 : j - 1 + rows], values[j - 2 : j - 2 + rows]
        d, e = values[j - 3 : j - 3 + rows], values[j - 4 : j - 4 + rows]
        for i in range(len(a)):
            level, at = levels[i], first[i]
            at = j if a[i] <= level else at
            at = j - 1 if b[i] <= level else at
            at = j - 2 if c[i] <= level else at
            at = j - 3 if d[i] <= level else at
            first[i] = j - 4 if e[i] <= level else at
        for i in range(len(a), rows):
            for k in range(j - 1, j - 5, -1):
                if k + i < len(values) and values[k + i] <= levels[i]:
                    first[i] = k
        j -= 5
    while j >= 1:
        window = values[j : j + rows]
        for i in range(len(window)):
            first[i] = j if window[i] <= levels[i] else first[i]
        j -= 1


@numba.njit(cache=True, nogil=True)
def _first_below(values, levels, longest, first):
    """Strictly below; otherwise as :func:`_first_at_or_below`."""
    rows = len(levels)
    first[:] = _NEVER
    j = longest
    while j >= 5:
        a, b, c = values[j : j + rows], values[j - 1 : j - 1 + rows], values[j - 2 : j - 2 + rows]
        d, e = values[j - 3 : j - 3 + rows], values[j - 4 : j - 4 + rows]
        for i in range(len(a)):
            level, at = levels[i], first[i]
            at = j if a[i] < level else at
            at = j - 1 if b[i] < level else at
            at = j - 2 if c[i] < level else at
            at = j - 3 if d[i] < level else at
            first[i] = j - 4 if e[i] < level else at
        for i in range(len(a), rows):
            for k in range(j - 1, j - 5, -1):
                if k + i < len(values) and values[k + i] < levels[i]:
                    first[i] = k
        j -= 5
    while j >= 1:
        window = values[j : j + rows]
        for i in range(len(window)):
            first[i] = j if window[i] < levels[i] else first[i]
        j -= 1


@numba.njit(cache=True, nogil=True)
def _put(block, begin, column, columns, out):
    """Rows ``begin`` on of one column of ``out``, a table with ``columns`` of them, flattened."""
    if columns == 1:
        mine = out[begin : begin + len(block)]
        for b in range(len(block)):
            mine[b] = block[b]
    else:
        mine = out[begin * columns + column :]
        for b in range(len(block)):
            mine[b * columns] = block[b]


@numba.njit(cache=True, nogil=True)
def _known_sessions(last, floor, ceiling, target, retest, known):
    """Sessions known after each row, 0 where it has no setup; returns how many setups are impossible."""
    wrong = np.int64(0)
    for b in range(len(floor)):
        sound = (retest[b] < floor[b]) & (floor[b] < ceiling[b]) & (ceiling[b] <= target[b])
        number = retest[b] + floor[b] + ceiling[b] + target[b]  # NaN if any is
        wrong += np.int64((number == number) & (~sound))
        known[b] = last - b if sound else 0
    return wrong


@numba.njit(cache=True, nogil=True)
def _first_event(up_at, down_at, at, code, unclear):
    """Session and class of the first event; returns how often both fall on one bar."""
    ties = np.int64(0)
    for b in range(len(up_at)):
        first = min(up_at[b], down_at[b])
        at[b] = first
        code[b] = CONTINUATION if up_at[b] < down_at[b] else BREAKDOWN
        unclear[b] = False
        ties += np.int64((up_at[b] == down_at[b]) & (first != _NEVER))
    return ties


@numba.njit(cache=True, nogil=True)
def _at_horizon(begin, horizon, known, at, code, unclear, codes, resolved_at, ambiguous):
    """What is known of a block's rows after ``horizon`` sessions; no branch, so it runs on all vector lanes."""
    for b in range(len(codes)):
        resolved = horizon <= known[b]
        hit = at[b] <= horizon
        codes[b] = (code[b] if hit else RANGE) if resolved else UNRESOLVED
        resolved_at[b] = begin + b + min(at[b], horizon) if resolved else -1
        ambiguous[b] = unclear[b] & hit & resolved


@numba.njit(cache=True, nogil=True)
def _touched(horizon, known, first, out):
    for b in range(len(out)):
        out[b] = (1 if first[b] <= horizon else 0) if horizon <= known[b] else -1


@numba.njit(cache=True, nogil=True)
def _events(longest, known, at, code, session, event):
    for b in range(len(session)):
        finished = longest <= known[b]
        happened = at[b] != _NEVER
        session[b] = (at[b] if happened else 0) if finished else -1
        event[b] = code[b] if finished & happened else -1


@numba.njit(cache=True, nogil=True)
def label_bars(
    start,
    stop,
    bar_open,
    bar_high,
    bar_low,
    bar_close,
    opens_traded,
    setup,
    horizons,
    rule,
    floor_break_touch,
    tie_continuation,
    codes,
    resolved_at,
    ambiguous,
    target_touched,
    retest_touched,
    event_session,
    event_code,
):
    """Fill rows ``start`` to ``stop - 1`` of the seven arrays of :class:`Outcomes`, those of two dimensions flattened.

    Returns the first row with an impossible setup, or -1.

    The first touch of each side is found separately; only where both fall on one bar does their order
    matter, and there :func:`touch_bar` decides.
    """
    n = len(bar_close)
    count = len(horizons)
    longest = horizons[count - 1]
    # rows of a table are no contiguous arrays to the compiler, and only those run on vector lanes
    all_floor, all_ceiling, all_target, all_retest, all_beyond = (
        np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    )  # fmt: skip
    all_target_at, all_retest_at, all_up_at, all_down_at = (
        np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    )  # fmt: skip
    all_known, all_at, all_moment = (
        np.empty(_BLOCK, np.int32), np.empty(_BLOCK, np.int32), np.empty(_BLOCK, np.int32)
    )  # fmt: skip
    all_code, all_codes, all_small, all_unclear, all_flags = (
        np.empty(_BLOCK, np.int8), np.empty(_BLOCK, np.int8), np.empty(_BLOCK, np.int8), np.empty(_BLOCK, np.bool_),
        np.empty(_BLOCK, np.bool_),
    )  # fmt: skip
    numbers = setup.ravel()
    bad = -1
    fetched = 0.0
    for begin in range(start, stop, _BLOCK):
        rows = min(_BLOCK, stop - begin)
        asked = setup[begin : begin + rows]
        floor, ceiling, target, retest = (
            all_floor[:rows],
            all_ceiling[:rows],
            all_target[:rows],
            all_retest[:rows],
        )
        for b in range(rows):
            floor[b] = asked[b, 0]
            ceiling[b] = asked[b, 1]
            target[b] = asked[b, 2]
            retest[b] = asked[b, 4]
        high, low, close = bar_high[begin:], bar_low[begin:], bar_close[begin:]
        target_at, retest_at = all_target_at[:rows], all_retest_at[:rows]
        up_at, down_at = all_up_at[:rows], all_down_at[:rows]
        known, at, code, unclear = all_known[:rows], all_at[:rows], all_code[:rows], all_unclear[:rows]
        moment, codes_here, small, flags = (
            all_moment[:rows],
            all_codes[:rows],
            all_small[:rows],
            all_flags[:rows],
        )
        _first_at_or_above(high, target, longest, target_at)
        _first_at_or_below(low, retest, longest, retest_at)
        if rule == RULE_TERMINAL:
            up_at[:] = _NEVER
            down_at[:] = _NEVER
        else:
            if rule == RULE_TARGET:
                up_at[:] = target_at
            else:
                beyond = all_beyond[:rows]
                for b in range(rows):  # strictly above is at or above the next number
                    beyond[b] = np.nextafter(ceiling[b], np.inf)
                _first_at_or_above(close, beyond, longest, up_at)
            if rule == RULE_TARGET and floor_break_touch:
                _first_at_or_below(low, floor, longest, down_at)
            else:
                _first_below(close, floor, longest, down_at)

        wrong = _known_sessions(n - 1 - begin, floor, ceiling, target, retest, known)
        ties = _first_event(up_at, down_at, at, code, unclear)
        if wrong > 0 and bad < 0:
            for b in range(rows):
                sound = retest[b] < floor[b] and floor[b] < ceiling[b] and ceiling[b] <= target[b]
                if not sound and not np.isnan(retest[b] + floor[b] + ceiling[b] + target[b]):
                    bad = begin + b
                    break
        if ties > 0:
            for b in range(rows):
                if up_at[b] != down_at[b] or up_at[b] == _NEVER:
                    continue
                i = begin + b + up_at[b]
                event = touch_bar(
                    rule,
                    floor_break_touch,
                    tie_continuation,
                    opens_traded[i],
                    bar_open[i],
                    bar_high[i],
                    bar_low[i],
                    bar_close[i],
                    floor[b],
                    ceiling[b],
                    target[b],
                )
                unclear[b] = event > AMBIGUOUS
                code[b] = CONTINUATION if event % AMBIGUOUS == UP else BREAKDOWN
        # a million bars come from memory, which is slower than what is decided here: meanwhile a number of each cache
        # line of the next block is read, so that it is there in time; the sum keeps the compiler from dropping that
        for t in range(begin + _BLOCK, min(begin + 2 * _BLOCK, n), _LINE):
            fetched += bar_high[t] + bar_low[t] + bar_close[t]
            for line in range(5 * t, min(5 * (t + _LINE), 5 * n), _LINE):
                fetched += numbers[line]
        for k in range(count):
            horizon = horizons[k]
            _at_horizon(begin, horizon, known, at, code, unclear, codes_here, moment, flags)
            if rule == RULE_TERMINAL:
                for b in range(rows):
                    if horizon <= known[b]:
                        codes_here[b] = terminal_class(bar_close[begin + b + horizon], floor[b], ceiling[b])
            _put(codes_here, begin, k, count, codes)
            _put(moment, begin, k, count, resolved_at)
            _put(flags, begin, k, count, ambiguous)
            _touched(horizon, known, target_at, small)
            _put(small, begin, k, count, target_touched)
            _touched(horizon, known, retest_at, small)
            _put(small, begin, k, count, retest_touched)
        _events(
            longest, known, at, code, event_session[begin : begin + rows], event_code[begin : begin + rows]
        )
    all_beyond[0] = fetched
    return bad
