"""The prices that a question consists of: their order in every array and file, and the levels they come from.

Wherever a setup is defined, ``retest < floor < close < ceiling <= target_low <= target_high`` holds strictly.
"""

from __future__ import annotations

# columns of a setup array (n, 5) float64, in the unit of the bars; NaN where a close has no setup
SETUP = ("floor", "ceiling", "target_low", "target_high", "retest")
FLOOR, CEILING, TARGET_LOW, TARGET_HIGH, RETEST = range(len(SETUP))

EDGES = ("floor", "ceiling", "target", "retest")
# columns of an array (n, 4) int64: the id of the level each edge is taken from, or one of the two codes below
SETUP_LEVELS = tuple(f"{edge}_level_id" for edge in EDGES)
FLOOR_LEVEL, CEILING_LEVEL, TARGET_LEVEL, RETEST_LEVEL = range(len(SETUP_LEVELS))
PROJECTED, UNDEFINED = -1, -2

# why an edge is not yesterday's; columns floor_change and target_change of the replay hold the position
CHANGES = (
    "kept",
    "first",  # yesterday had no question
    "reached",  # a high came to the target: the question is decided, and asked anew
    "broken",  # a close under the floor: likewise
    "aged",  # the question has stood for keep_sessions
    "merged",  # the level became part of another
    "retired",  # the level is gone
    "faded",  # the level is not strong any more
    "out_of_reach",  # price has moved too far from it
    "replaced",  # a nearer or stronger level has taken its place
    "crossed",  # the other edges leave no room for it
)
KEPT, FIRST, REACHED, BROKEN, AGED, MERGED, RETIRED, FADED, OUT_OF_REACH, REPLACED, CROSSED = range(
    len(CHANGES)
)
SETUP_CHANGES = ("floor_change", "target_change")
