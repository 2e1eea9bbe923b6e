"""Touch probabilities of levels that agree with the table beside them.

The table says how likely its target and its retest price are touched; the level book has touch probabilities of
its own, from another model.  Where both speak of one event the table's is shown, and a level nearer than that
price is never less likely to be touched, a farther one never more likely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.table.pieces import HorizonTable, LevelLine, SetupEdges

TouchByHorizon = dict[str, "float | None"]


def agreeing_touch(
    line: LevelLine, close: float, setup: SetupEdges | None, tables: Sequence[HorizonTable]
) -> TouchByHorizon:
    """The touch probabilities of ``line`` by horizon (sessions, as text), in agreement with ``tables``."""
    if setup is None or line.low <= close <= line.high:
        return line.touch_probability
    above = line.low > close
    edge = line.low if above else line.high
    price = setup.target.low if above else setup.retest.high
    beyond = (edge - price) * (1.0 if above else -1.0)
    known = _by_horizon(tables, above)
    return {
        horizon: p if p is None or known.get(horizon) is None else _agree(p, known[horizon], beyond)
        for horizon, p in line.touch_probability.items()
    }


def _by_horizon(tables: Sequence[HorizonTable], above: bool) -> Mapping[str, float | None]:
    return {
        str(table.horizon_sessions): table.p_target_touch if above else table.p_retest_touch
        for table in tables
    }


def _agree(p: float, anchor: float | None, beyond: float) -> float:
    if anchor is None:
        return p
    if beyond == 0.0:
        return anchor
    return min(p, anchor) if beyond > 0.0 else max(p, anchor)
