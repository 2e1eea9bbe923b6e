"""What the classifier may know about the levels at a close: dimensionless columns, one row per bar.

Distances carry both yardsticks, ATR(14) and sigma (log distance over daily volatility).  A level that is projected
has strength, touches, age and the like of 0 and its ``*_projected`` column is 1.  Every column is NaN where the setup
is undefined, and only there.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from engine.replay.families.crowd import CROWD
from engine.replay.families.geometry import GEOMETRY
from engine.replay.families.recent import RECENT
from engine.replay.families.standing import OF_A_LEVEL, STANDING
from engine.rules.book.levels import BREAK, REJECTION, freshness
from engine.rules.book.ranks import LAST_EVENT, RANK_HIGH, RANK_LOW, RANK_ROW, RANK_TOP, WORTH

# the columns of one row, in order; their families say what each is called and which of them the classifier sees
LEVEL_FEATURES: tuple[str, ...] = (
    *GEOMETRY.columns,
    *STANDING.columns,
    *CROWD.columns,
    *RECENT.columns,
)

N_RECENT = len(RECENT.columns)
_FIRST_STANDING = len(GEOMETRY.columns)
_PER_LEVEL = len(OF_A_LEVEL)
_FIRST_CROWD = _FIRST_STANDING + len(STANDING.columns)
_FIRST_RECENT = _FIRST_CROWD + len(CROWD.columns)
N_FEATURES = len(LEVEL_FEATURES)

_RECENT_DECAY = 0.5 ** (1.0 / 10.0)  # a break counts half after ten sessions
_YEAR = 252.0
CROWD_ATR = 4.0


@numba.njit(cache=True, error_model="numpy", inline="always")
def move_recent(events, first, last, recent):
    """Decay the four recent counts by one session and add the events ``first .. last - 1`` of this bar.

    Breaks up and down, rejections upwards off support (bounces) and downwards off resistance (turn-backs), each an
    exponentially weighted count with a half-life of ten sessions.
    """
    for j in range(4):
        recent[j] *= _RECENT_DECAY
    for e in range(first, last):
        up = events[e].value > 0.0
        if events[e].code == BREAK:
            recent[0 if up else 1] += 1.0
        elif events[e].code == REJECTION:
            recent[2 if up else 3] += 1.0


@numba.njit(cache=True, error_model="numpy", inline="always")
def fill_features(bar, sigma, setup, count, above, rows, hot, recent, out):
    """Fill the bar's row of ``out`` (n, len(LEVEL_FEATURES)).

    Columns
    -------
    ``*_distance_atr``, ``*_distance_sigma`` : always positive; of the target, to its lower edge.
    ``target_width_atr`` : height of the target zone.
    ``room_ratio`` : distance of the floor over floor plus target, in log price; 0.5 where both are equally far.
    ``*_strength`` : :func:`engine.rules.book.levels.strength`.
    ``*_touches``, ``*_age``, ``*_reaction`` : x / (x + c) with c = 3 touches, 252 sessions since the oldest part
    formed, 4 ATR: between 0 and 1, so that no outlier dominates a linear model.
    ``*_kinds`` : number of kinds agreeing.  ``*_reversed`` : 1 after a role reversal.
    ``levels_above_1_atr`` ... : number of zones wholly above (below) the close and within that distance.
    ``strength_above``, ``strength_below`` : summed strength within 4 ATR, each divided by 1 + distance in ATR.
    ``recent_*`` : :func:`move_recent`.
    """
    i = bar.at
    if math.isnan(setup.floor):
        for j in range(out.shape[1]):
            out[i, j] = np.nan
        return
    price = bar.close
    out[i, 0] = (price - setup.floor) / bar.atr
    out[i, 1] = math.log(price / setup.floor) / sigma
    out[i, 2] = (setup.ceiling - price) / bar.atr
    out[i, 3] = math.log(setup.ceiling / price) / sigma
    out[i, 4] = (setup.target_low - price) / bar.atr
    out[i, 5] = math.log(setup.target_low / price) / sigma
    out[i, 6] = (price - setup.retest) / bar.atr
    out[i, 7] = math.log(price / setup.retest) / sigma
    out[i, 8] = (setup.target_high - setup.target_low) / bar.atr
    out[i, 9] = out[i, 1] / (out[i, 1] + out[i, 5])
    for edge in range(4):
        r = setup.floor_row
        if edge == 1:
            r = setup.ceiling_row
        elif edge == 2:
            r = setup.target_row
        elif edge == 3:
            r = setup.retest_row
        column = _FIRST_STANDING + edge * _PER_LEVEL
        if r < 0:
            for j in range(6):
                out[i, column + j] = 0.0
            out[i, column + 6] = 1.0
        else:
            row = rows[r]
            out[i, column] = hot[WORTH, r] * freshness(i - row.last_event)
            out[i, column + 1] = row.touches / (row.touches + 3.0)
            out[i, column + 2] = (i - row.origin) / (i - row.origin + _YEAR)
            out[i, column + 3] = float(row.agreeing)
            out[i, column + 4] = row.reaction_atr / (row.reaction_atr + 4.0)
            out[i, column + 5] = 1.0 if row.reversals > 0 else 0.0
            out[i, column + 6] = 0.0

    per_atr = 1.0 / bar.atr
    crowd_1, crowd_2, crowd_4, power = 0.0, 0.0, 0.0, 0.0
    for k in range(above, count):
        distance = (hot[RANK_LOW, k] - price) * per_atr
        if distance > CROWD_ATR:
            break
        crowd_1 += distance <= 1.0
        crowd_2 += distance <= 2.0
        crowd_4 += 1.0
        r = int(hot[RANK_ROW, k])
        power += hot[WORTH, r] * freshness(i - hot[LAST_EVENT, r]) / (1.0 + distance)
    out[i, _FIRST_CROWD] = crowd_1
    out[i, _FIRST_CROWD + 1] = crowd_2
    out[i, _FIRST_CROWD + 2] = crowd_4
    out[i, _FIRST_CROWD + 6] = power
    crowd_1, crowd_2, crowd_4, power = 0.0, 0.0, 0.0, 0.0
    for k in range(above - 1, -1, -1):
        if (price - hot[RANK_TOP, k]) * per_atr > CROWD_ATR:
            break
        distance = (price - hot[RANK_HIGH, k]) * per_atr
        if distance <= 0.0 or distance > CROWD_ATR:  # at 0 and below the zone holds the close
            continue
        crowd_1 += distance <= 1.0
        crowd_2 += distance <= 2.0
        crowd_4 += 1.0
        r = int(hot[RANK_ROW, k])
        power += hot[WORTH, r] * freshness(i - hot[LAST_EVENT, r]) / (1.0 + distance)
    out[i, _FIRST_CROWD + 3] = crowd_1
    out[i, _FIRST_CROWD + 4] = crowd_2
    out[i, _FIRST_CROWD + 5] = crowd_4
    out[i, _FIRST_CROWD + 7] = power
    for j in range(4):
        out[i, _FIRST_RECENT + j] = recent[j]
