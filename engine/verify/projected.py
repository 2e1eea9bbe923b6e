"""How often an edge of the setup is no level but a multiple of ATR."""

from __future__ import annotations

from typing import Any

import pandas as pd

from engine.question import SETUP_LEVELS
from engine.replay.setup import share_projected


def projected_share(replay: pd.DataFrame) -> dict[str, Any]:
    """Share of the dates with a setup on which floor, ceiling, target and retest are projected.

    Parameters
    ----------
    replay : the replay frame; columns instrument and those of :data:`engine.question.SETUP_LEVELS`.

    Returns
    -------
    ``all``: edge -> share in [0, 1] over all dates; ``by_instrument``: instrument -> the same.  None where no date
    has a setup.
    """
    levels = replay[list(SETUP_LEVELS)]
    by_instrument = levels.groupby(replay["instrument"], sort=False)
    return {
        "all": share_projected(levels.to_numpy()),
        "by_instrument": {str(symbol): share_projected(rows.to_numpy()) for symbol, rows in by_instrument},
    }
