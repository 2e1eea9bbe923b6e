"""Every feature family, one line each: what the classifier may know, and the words for it.

To add a family: one module beside these with its :class:`FeatureFamily`, and one line in ``FAMILIES``.  Lines may be
added at the end only: the order of the classifier's columns follows.
"""

from collections.abc import Sequence

from engine.bars.series import BarSeries
from engine.registry import Registry
from engine.replay.families.context import CONTEXT
from engine.replay.families.crowd import CROWD
from engine.replay.families.family import FeatureFamily, Known
from engine.replay.families.geometry import GEOMETRY
from engine.replay.families.momentum import MOMENTUM
from engine.replay.families.recent import RECENT
from engine.replay.families.standing import STANDING

FAMILIES = Registry[FeatureFamily]("feature family", (GEOMETRY, STANDING, CROWD, RECENT, MOMENTUM, CONTEXT))


def model_features(bars: Sequence[BarSeries] = ()) -> tuple[str, ...]:
    """The columns of the replay that the classifier is given, in the order of the families.

    Families that only some series have are in where every one of ``bars`` has them.
    """
    return tuple(name for family in FAMILIES if _in_all(family, bars) for name in family.seen)


def _in_all(family: FeatureFamily, bars: Sequence[BarSeries]) -> bool:
    return family.wants is None or (len(bars) > 0 and all(family.wants(one) for one in bars))


__all__ = ["FAMILIES", "FeatureFamily", "Known", "model_features"]
