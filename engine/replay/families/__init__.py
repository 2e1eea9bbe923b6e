"""Every feature family, one line each: what the classifier may know, and the words for it.

To add a family: one module beside these with its :class:`FeatureFamily`, and one line in ``FAMILIES``.  Lines may be
added at the end only: the order of the classifier's columns follows.
"""

from engine.registry import Registry
from engine.replay.families.crowd import CROWD
from engine.replay.families.family import FeatureFamily, Known
from engine.replay.families.geometry import GEOMETRY
from engine.replay.families.momentum import MOMENTUM
from engine.replay.families.recent import RECENT
from engine.replay.families.standing import STANDING

FAMILIES = Registry[FeatureFamily]("feature family", (GEOMETRY, STANDING, CROWD, RECENT, MOMENTUM))


def model_features() -> tuple[str, ...]:
    """The columns of the replay that the classifier is given, in the order of the families."""
    return tuple(name for family in FAMILIES for name in family.seen)


__all__ = ["FAMILIES", "FeatureFamily", "Known", "model_features"]
