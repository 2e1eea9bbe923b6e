"""Which opens are prices somebody could have traded at."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.bars.movement import usual_movement
from engine.bars.stretches import great_sums

Opens = Literal["auto", "traded", "not_traded"]

# an open this near to the close before, in usual session movements, has hardly moved overnight
_NEAR, _EQUAL = 0.04, 0.01
# share of such opens: where they are traded overnight moves are a third or more of a session's, so 0.04 movements on each
# side hold about a tenth; 0.2 leaves room for markets that hardly close
_NEAR_TRADED, _NEAR_STALE = 0.2, 0.5
_FALSE_ALARM = 1e-3
_EQUAL_SHARE = 0.3  # of a stretch: more opens than that on the close before are no overnight move at all
_EXTREME_SHARE = 0.15  # opens that are the high or the low of their session
_CONTINUED = 3.0  # standard errors by which the session goes on in the direction of its gap


def traded_opens(
    open_: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray, opens: Opens = "auto"
) -> np.ndarray:
    """(n,) bool: True where the open counts as a traded price.

    Cash-index histories carry opens that are the close before, or are worked out from prices of which many are still those of the
    day before.  A stretch of sessions is *not traded* where

    1. opens lie within 0.04 usual session movements of the close before far more often than traded ones do (the greatest
       sum of log-likelihood ratios, half of the opens against a fifth; false-alarm rate 1 in 1,000 a history), and
    2. either 30 % of them lie within 0.01, which is the close before with noise on it, or the session goes on in the
       direction of its gap (three standard errors) and the open is the session's high or low in 15 % or more: an open
       that has taken in only a part of the night is followed by the rest.

    A market that never closes satisfies the first and not the second: its gaps are small because there is no night, they
    say nothing about the session, and its first price is rarely its extreme.  Where it repeats its closes exactly, only the
    config can know (``opens: traded``).  An open that is the close of its own session is not traded either.

    Parameters
    ----------
    open_, high, low, close : (n,) positive prices.
    opens : ``traded`` and ``not_traded`` decide for all bars.
    """
    n = len(close)
    if opens != "auto" or n < 3:
        return np.full(n, opens != "not_traded")
    o, h, l, c = np.log(open_), np.log(high), np.log(low), np.log(close)  # noqa: E741
    usual = usual_movement(o, h, l, c)
    traded = np.ones(n, dtype=bool)
    gap = np.zeros(n)
    gap[1:] = (o[1:] - c[:-1]) / usual[1:]
    body = (c - o) / usual
    extreme = (open_ == high) | (open_ == low)
    for distance in (gap, body):
        size = np.abs(distance)
        if distance is gap:
            size[0] = np.inf
        for start, stop in _near_stretches(size):
            here = slice(start, stop)
            equal = float(np.mean(size[here] < _EQUAL)) >= _EQUAL_SHARE
            partial = distance is gap and _goes_on(gap[here], body[here], extreme[here])
            if equal or partial:
                traded[here] = False
    if not traded[1]:
        traded[0] = False  # the first bar has no close before it: it is as the second
    return traded


def _near_stretches(size: np.ndarray) -> list[tuple[int, int]]:
    near = size < _NEAR
    scores = np.where(
        near, np.log(_NEAR_STALE / _NEAR_TRADED), np.log((1 - _NEAR_STALE) / (1 - _NEAR_TRADED))
    )
    return great_sums(np.asarray(scores), float(np.log(len(size) / _FALSE_ALARM)))


def _goes_on(gap: np.ndarray, body: np.ndarray, extreme: np.ndarray) -> bool:
    if float(np.mean(extreme)) < _EXTREME_SHARE:
        return False
    onward = np.sign(gap) * np.clip(body, -3.0, 3.0)
    error = float(np.std(onward)) / np.sqrt(len(onward))
    return error > 0 and float(np.mean(onward)) > _CONTINUED * error
