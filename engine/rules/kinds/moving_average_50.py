"""50-day moving average: a level whose price is read anew at each close.

Rule: the simple mean of the last 50 closes (:mod:`engine.rules.indicators`).  It is one level for the whole history:
it has an id, and its touches, breaks and role reversals are dated events like any other level's, but its price is
that of the date.  It never merges with a zone and never retires.

Source: Brock, Lakonishok and LeBaron, "Simple technical trading rules and the stochastic properties of stock
returns", Journal of Finance 47 (1992); the 50-day mean is the customary line of the intermediate trend.
Parameters: none.
Confirmation lag: none; the level exists from the first session with 50 closes.  Look-back: 50 bars.
"""

from __future__ import annotations

from engine.rules.indicators import SMA_50
from engine.rules.kinds.kind import LevelKind
from engine.rules.naming import the_noun

KIND = LevelKind(
    "moving_average_50", "50-day moving average", weight=0.45, major=False, named=the_noun, column=SMA_50
)
