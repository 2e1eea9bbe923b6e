"""The opponents of all instruments, which need folds, families or the walk-forward; each alone is in baselines/."""

from engine.forecast.opponents.all import (
    group_tables,
    made_together,
    opponents,
    with_group_tables,
    with_implied,
)
from engine.forecast.opponents.recalibrated import GroupInput

__all__ = ["GroupInput", "group_tables", "made_together", "opponents", "with_group_tables", "with_implied"]
