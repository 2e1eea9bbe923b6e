"""Whether a series that is taken for an implied volatility in percent a year can be one."""

from __future__ import annotations

import numpy as np

from engine.errors import DataError

_YEAR = 252.0
_QUARTILE = 0.6744897501960817  # of a standard normal's absolute value
_RATIO = (
    0.1,
    10.0,
)  # of implied to realised; the one is 0.8 to 2 times the other, a wrong unit is off by 100
_FEWEST = 20


def check_volatility(symbol: str, name: str, values: np.ndarray, close: np.ndarray) -> None:
    """Refuse ``values`` (n,) known at closes (n,) that are a tenth or ten times what the closes themselves did.

    Raises
    ------
    DataError
        ``context.volatility_unit``, ``context.negative_volatility``.
    """
    if (values <= 0.0).any():
        raise DataError(
            "context.negative_volatility",
            f"context {name}: {np.nanmin(values):g} is no volatility",
            "leave it out of forecast.variance_inputs, or mend the file",
        )
    known = np.isfinite(values)
    moves = np.abs(np.diff(np.log(close)))
    if known.sum() < _FEWEST or not moves.any():
        return
    realised = 100.0 * np.sqrt(_YEAR) * float(np.median(moves)) / _QUARTILE
    typical = float(np.median(values[known]))
    if _RATIO[0] * realised <= typical <= _RATIO[1] * realised:
        return
    raise DataError(
        "context.volatility_unit",
        f"context {name}: its usual value is {typical:.3g} where {symbol} itself moves {realised:.3g} percent a year",
        "forecast.variance_inputs takes volatilities in percent a year; write unit: fraction where 0.2 means 20 percent",
    )
