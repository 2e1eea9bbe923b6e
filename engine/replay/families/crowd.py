"""How many levels stand around the close, and how strong they are together."""

from __future__ import annotations

from engine.replay.families.family import FeatureFamily

_COUNTS = tuple(f"levels_{side}_{reach}_atr" for side in ("above", "below") for reach in (1, 2, 4))
_COLUMNS = (*_COUNTS, "strength_above", "strength_below")

CROWD = FeatureFamily(
    name="crowd",
    columns=_COLUMNS,
    seen=_COLUMNS,
    phrases={
        "levels_above": ("many levels overhead", "few levels overhead"),
        "levels_below": ("many levels underneath", "few levels underneath"),
        "strength_above": ("strong resistance overhead", "weak resistance overhead"),
        "strength_below": ("strong support underneath", "weak support underneath"),
    },
    # the model may weigh counts within 1, 2 and 4 ATR against each other, a reader cannot
    facts={name: "_".join(name.split("_")[:2]) for name in _COUNTS},
)
