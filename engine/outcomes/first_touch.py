"""Which level is reached first: the one rule that outcomes and simulated paths both obey.

The functions only compare numbers, so they work alike on prices, on log prices and on ratios to the close of
the as-of date, as long as bar and levels are in the same unit.
"""

from __future__ import annotations

import numba

from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE

RULE_TARGET, RULE_BAND, RULE_TERMINAL = 0, 1, 2
RULES = {"target": RULE_TARGET, "band": RULE_BAND, "terminal": RULE_TERMINAL}  # names as in the config

NOTHING, DOWN, UP = 0, 1, 2
AMBIGUOUS = 10  # added where one bar reaches both levels and its open does not say which came first


@numba.njit(cache=True, nogil=True, inline="always")
def touch_bar(
    rule,
    floor_break_touch,
    tie_continuation,
    open_is_real,
    bar_open,
    bar_high,
    bar_low,
    bar_close,
    floor,
    ceiling,
    target_low,
):
    """What one bar does to a setup that no earlier bar has decided.

    Parameters
    ----------
    rule : ``RULE_TARGET`` (high at or above ``target_low``, or the floor broken), ``RULE_BAND`` (close
        outside [floor, ceiling]) or ``RULE_TERMINAL`` (never decided inside the horizon, see
        :func:`terminal_class`).
    floor_break_touch : with ``RULE_TARGET``, True where a low at or below the floor breaks it, False where
        it takes a close below.
    tie_continuation : who wins a bar that reaches both levels in an unknown order (True: continuation).
    open_is_real : False where the open is not a traded price and cannot tell which level came first.

    Returns
    -------
    0 nothing, 1 breakdown, 2 continuation; 11 or 12 where the order was unknown and the tie policy decided.
    Comparisons with NaN are False, so a NaN bar or level decides nothing.

    With ``floor_break_touch`` False there is no tie: a high comes before the close of its own bar.
    """
    event = NOTHING
    if rule == RULE_TARGET:
        up = bar_high >= target_low
        if floor_break_touch:
            down = bar_low <= floor
            if up and down:
                if open_is_real and bar_open <= floor:
                    event = DOWN
                elif open_is_real and bar_open >= target_low:
                    event = UP
                elif tie_continuation:
                    event = UP + AMBIGUOUS
                else:
                    event = DOWN + AMBIGUOUS
            elif up:
                event = UP
            elif down:
                event = DOWN
        elif up:
            event = UP
        elif bar_close < floor:
            event = DOWN
    elif rule == RULE_BAND:
        if bar_close < floor:
            event = DOWN
        elif bar_close > ceiling:
            event = UP
    return event


@numba.njit(cache=True, nogil=True, inline="always")
def terminal_class(last_close, floor, ceiling):
    """Scenario code of a close: below the floor, inside [floor, ceiling] or above the ceiling."""
    scenario = RANGE
    if last_close < floor:
        scenario = BREAKDOWN
    elif last_close > ceiling:
        scenario = CONTINUATION
    return scenario
