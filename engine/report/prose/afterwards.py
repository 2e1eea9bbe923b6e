"""What came after a close that lies in the past."""

from __future__ import annotations

import pandas as pd

from engine.table import words
from engine.table.scenario import Scenario

_CAME = {
    "continuation": "up: a high reached {target}",
    "range": "between: neither price was reached",
    "breakdown": "down: the floor at {floor} gave way",
}


def what_came(scenario: Scenario, outcomes: pd.DataFrame) -> list[str]:
    """A sentence for each horizon, longest first.

    Parameters
    ----------
    outcomes : rows of outcomes.parquet; those of this instrument and date are used.
    """
    mine = outcomes[
        (outcomes["instrument"] == scenario.instrument) & (outcomes["date"] == pd.Timestamp(scenario.as_of))
    ]
    found = []
    for row in mine.sort_values("horizon_sessions", ascending=False).to_dict("records"):
        horizon = words.plural(row["horizon_sessions"], "session")
        outcome = row["outcome"]
        if not isinstance(outcome, str) or scenario.setup is None:
            found.append(f"What came within {horizon} is not known yet.")
            continue
        target, floor = (scenario.price(edge.low) for edge in (scenario.setup.target, scenario.setup.floor))
        came = _CAME[outcome].format(target=target, floor=floor)
        on = f" on {words.day(row['resolved_on'])}" if outcome != "range" else ""
        found.append(f"What came within {horizon}: {came}{on}.")
    return found
