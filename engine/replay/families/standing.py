"""What the levels behind the edges have been through; a projected edge has 0 throughout and ``*_projected`` 1."""

from __future__ import annotations

from engine.question import EDGES
from engine.replay.families.family import FeatureFamily

OF_A_LEVEL = ("strength", "touches", "age", "kinds", "reaction", "reversed", "projected")

STANDING = FeatureFamily(
    name="standing",
    columns=tuple(f"{edge}_{what}" for edge in EDGES for what in OF_A_LEVEL),
    seen=(
        "floor_strength",
        "floor_touches",
        "floor_age",
        "floor_kinds",
        "floor_reversed",
        "floor_projected",
        "ceiling_strength",
        "target_strength",
        "target_touches",
        "target_age",
        "target_kinds",
        "target_reversed",
        "target_projected",
    ),
    phrases={
        "floor_strength": ("a strong floor", "a weak floor"),
        "floor_touches": ("a floor tested often", "a floor hardly tested"),
        "floor_age": ("an old floor", "a young floor"),
        "floor_kinds": ("a floor confirmed by several kinds of level", "a floor of a single kind"),
        "floor_reversed": ("a floor that used to be resistance", "a floor that was always support"),
        "floor_projected": ("the lack of a level to serve as floor", "a real level as floor"),
        "ceiling_strength": ("a strong ceiling", "a weak ceiling"),
        "target_strength": ("a strong target zone", "a weak target zone"),
        "target_touches": ("a target zone tested often", "a target zone hardly tested"),
        "target_age": ("an old target zone", "a young target zone"),
        "target_kinds": ("a target confirmed by several kinds of level", "a target of a single kind"),
        "target_reversed": ("a target that used to be support", "a target that was always resistance"),
        "target_projected": ("the lack of a level in reach as target", "a real level as target"),
    },
)
