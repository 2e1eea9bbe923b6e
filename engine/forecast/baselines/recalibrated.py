"""``recalibrated``: the strongest opponent, corrected for being too bold or leaning to one side.

The walk-forward of the classifier with the same folds, penalties and pooling, and with nothing to look at but the
opponent's own log-odds.  What a classifier gains over the opponent and not over this is calibration that anybody could
have had; what the rules add has to be added over this.
"""

from __future__ import annotations

from engine.forecast.baselines.baseline import Baseline

BASELINE = Baseline(
    name="recalibrated",
    label="Recalibrated",
    short="Recal.",
    meaning="the strongest opponent, recalibrated on its own past",
    order=12,
    forecast=lambda seen: None,
    together="engine.forecast.opponents.recalibrated:recalibrated",
    in_table=False,  # it differs from the opponent by less than a percent: what it is for is the skill over it
)
