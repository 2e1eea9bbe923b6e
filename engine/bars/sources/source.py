"""What a source hands on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from engine.bars.around import NOTHING, Around


@dataclass(frozen=True, slots=True)
class Table:
    """Bars as they were read; whether they are sound is not judged yet.

    Attributes
    ----------
    frame : columns date, open, high, low, close and, optionally, volume and adj close, text or numbers; the index is
        what the source calls each row.
    place : file or vendor, for messages.
    around : what came with them.
    """

    frame: pd.DataFrame
    place: str
    around: Around = NOTHING
