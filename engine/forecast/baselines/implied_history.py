"""``implied_history``: filtered history whose forecast of volatility also knows what options say.

The context series that ``forecast.variance_inputs`` names are further non-negative inputs of the variance regression,
as they were known at each close; how much they may say is learnt by family from the past alone
(:mod:`engine.forecast.opponents.implied_weight`).  Where one of them is unknown, or says nothing, the forecast is that of
``filtered_history``, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.bars.series import BarSeries
from engine.errors import ConfigError
from engine.forecast.baselines.baseline import Baseline, BaselineInput
from engine.forecast.baselines.filtered_history import (
    FilteredHistory,
    MoreVariances,
    Simulation,
    simulated,
)

_PERCENT, _YEAR = 100.0, 252.0


def implied_variances(bars: BarSeries, names: Sequence[str]) -> np.ndarray:
    """Variance per session (n, len(names)) of context series that are volatilities in percent a year.

    As known at each close; NaN where unknown.

    Raises
    ------
    ConfigError
        ``config.no_such_context``.
    """
    context = bars.around.context
    series = {} if context is None else {one.name: one for one in context.series}
    missing = [name for name in names if name not in series]
    if missing or context is None:
        raise ConfigError(
            "config.no_such_context",
            f"forecast.variance_inputs names {', '.join(missing)}, which is none of the context series",
            f"choose among {', '.join(series) or 'the series that you put under context'}",
        )
    values = np.column_stack([context.join(series[name], bars.dates)[0] for name in names])
    values[~(values > 0.0)] = np.nan
    return (values / _PERCENT) ** 2 / _YEAR


def implied_history(
    plain: FilteredHistory,
    bars: BarSeries,
    setup: np.ndarray,
    known: np.ndarray,
    how: Simulation,
    more: MoreVariances,
) -> FilteredHistory:
    """``plain`` with the dates on which ``more`` is known and has a share forecast again.

    Parameters
    ----------
    plain : ``filtered_history`` of the same bars, (n, 5) setup, (n,) bars known to each fit, and simulation.
    """
    rows = np.isfinite(more.values).all(axis=1) & (more.share > 0.0) & ~np.isnan(plain.sigma)
    again = simulated(bars, setup, known, how, rows, more)
    done = ~np.isnan(again.sigma)

    def put(name: str) -> np.ndarray:
        values = getattr(plain, name).copy()
        values[done] = getattr(again, name)[done]
        return values

    return replace(
        plain, **{name: put(name) for name in ("probabilities", "target_touch", "retest_touch", "sigma")}
    )


def _forecast(seen: BaselineInput) -> np.ndarray | None:
    if seen.implied is None:
        return None
    return seen.implied.probabilities[:, np.array(seen.config.horizons) - 1]


BASELINE = Baseline(
    name="implied_history",
    label="Implied history",
    short="Implied",
    meaning="distance, volatility and what options say of it (implied history)",
    order=11,
    forecast=_forecast,
)
