"""How far the edges of the question are: the yardsticks are ATR(14) and sigma (log distance over daily volatility)."""

from __future__ import annotations

from engine.question import EDGES
from engine.replay.families.family import FeatureFamily

DISTANCES = tuple(f"{edge}_distance_{unit}" for edge in EDGES for unit in ("atr", "sigma"))

GEOMETRY = FeatureFamily(
    name="geometry",
    columns=(*DISTANCES, "target_width_atr", "room_ratio"),
    # the ATR twin of each sigma distance says the same again
    seen=(*(f"{edge}_distance_sigma" for edge in EDGES), "target_width_atr", "room_ratio"),
    phrases={
        "floor_distance_sigma": ("a distant floor", "a near floor"),
        "ceiling_distance_sigma": ("a distant ceiling", "a near ceiling"),
        "target_distance_sigma": ("a distant target", "a near target"),
        "retest_distance_sigma": ("a distant retest level", "a near retest level"),
        "target_width_atr": ("a wide target zone", "a narrow target zone"),
        "room_ratio": ("more room below than above", "more room above than below"),
    },
)
