"""What happened at levels lately: breaks and rejections, each an exponentially weighted count."""

from __future__ import annotations

from engine.replay.families.family import FeatureFamily

_COLUMNS = ("recent_breaks_up", "recent_breaks_down", "recent_bounces", "recent_turn_backs")

RECENT = FeatureFamily(
    name="recent",
    columns=_COLUMNS,
    seen=_COLUMNS,
    phrases={
        "recent_breaks_up": ("recent breaks upwards", "the lack of recent breaks upwards"),
        "recent_breaks_down": ("recent breaks downwards", "the lack of recent breaks downwards"),
        "recent_bounces": ("recent bounces off support", "the lack of recent bounces off support"),
        "recent_turn_backs": ("recent failures at resistance", "the lack of recent failures at resistance"),
    },
)
