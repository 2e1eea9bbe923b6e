"""What was published elsewhere: yields, credit, the dollar and implied volatility, as known at each close."""

from __future__ import annotations

import numpy as np

from engine.bars.context.family import CONTEXT_FEATURES, context_features
from engine.replay.families.family import FeatureFamily, Known
from engine.rules.indicators import SIGMA


def _fill(known: Known, start: int, stop: int, out: np.ndarray) -> None:
    out[start:stop] = np.nan
    context = known.bars.around.context
    if context is None:
        return
    values = {one.role: context.join(one, known.bars.dates)[0] for one in context.series}
    features = context_features(values, known.indicators[: len(known.bars), SIGMA])
    for column, name in enumerate(CONTEXT_FEATURES):
        if name in features:
            out[start:stop, column] = features[name][start:stop]


CONTEXT = FeatureFamily(
    name="context",
    columns=CONTEXT_FEATURES,
    seen=CONTEXT_FEATURES,
    phrases={
        "yield_change_20": ("the rise in yields", "the fall in yields"),
        "credit_change_20": ("wider credit spreads", "narrower credit spreads"),
        "dollar_change_20": ("the stronger dollar", "the softer dollar"),
        "implied_over_forecast": (
            "implied volatility above realised",
            "implied volatility near or below realised",
        ),
        "volatility_slope": ("the steep volatility curve", "the flat or inverted volatility curve"),
    },
    fill=_fill,
    wants=lambda bars: bars.around.context is not None,
)
