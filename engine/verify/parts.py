"""The tests of this folder as functions of plain arrays: one market, one row a session, in the order of time.

Row t is a forecast made at the close of session t about the next ``horizon`` sessions; sessions without a forecast are
told by ``sessions``, the number of each row's session.  Everything else (several instruments, regimes, tables) is in
the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from engine.bars.series import BarSeries
from engine.config import Config
from engine.errors import InputError
from engine.verify.audit.audit import AuditResult, audit
from engine.verify.calibration.joint import JointTest, joint_test
from engine.verify.calibration.null import null_draws_of_classes
from engine.verify.calibration.race import questions
from engine.verify.calibration.reliability import decompose
from engine.verify.overlap import Windows, latent_normals
from engine.verify.skill.block_length import optimal_block_length
from engine.verify.skill.bootstrap import BLOCKS_PER_HORIZON
from engine.verify.skill.diebold_mariano import diebold_mariano
from engine.verify.skill.ratio_interval import skill_interval as interval_of_dates

_NO_LEVELS = pd.DataFrame(
    {"level_id": pd.Series(dtype="int64"), "confirmed": pd.Series(dtype="datetime64[us]")}
)
_NO_EVENTS = pd.DataFrame({"date": pd.Series(dtype="datetime64[us]")})


def overlap_null(
    probabilities: object, horizon: int, *, draws: int = 999, seed: int = 0, sessions: object | None = None
) -> np.ndarray:
    """Outcomes that an exact yes/no forecast would have had, with the dependence of overlapping horizons.

    Parameters
    ----------
    probabilities : (n,) in [0, 1].
    horizon : sessions each row looks ahead.
    sessions : (n,) ascending whole numbers, the session of each row; None: one row a session.

    Returns
    -------
    (draws, n) bool.  Each row is True with its own probability; rows k sessions apart hang together like two normals
    of correlation 1 - k / horizon.

    Raises
    ------
    InputError
        ``verify.shape``, ``verify.bad_horizon``, ``verify.too_few_draws``.

    Source: docs/method.md, section 6.

    Examples
    --------
    >>> happened = overlap_null(np.full(400, 0.3), 10, draws=200)
    >>> happened.shape, bool(abs(happened.mean() - 0.3) < 0.02)
    ((200, 400), True)
    >>> bool(np.mean(happened[:, 1:] == happened[:, :-1]) > 0.8)
    True
    """
    p = np.asarray(probabilities, dtype=np.float64)
    windows = _windows(len(p), sessions)
    latent = np.concatenate(list(latent_normals(windows, horizon, draws, seed)))
    return np.asarray(ndtr(latent) < p)


def temperature_test(
    probabilities: object,
    outcomes: object,
    horizon: int,
    *,
    draws: int = 999,
    seed: int = 0,
    sessions: object | None = None,
    power_draws: int = 0,
) -> JointTest:
    """Are K-way forecasts too bold, too timid or off on average?  T, intercept, and both together.

    Parameters
    ----------
    probabilities : (n, K), rows that sum to 1. outcomes : (n,) integers 0 .. K - 1.
    power_draws : histories drawn under each wrong truth, so that ``.power`` says what would have been noticed; 0: none.

    Raises
    ------
    InputError
        as :func:`engine.verify.calibration.race.questions`.

    Source: docs/method.md, section 7.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.dirichlet([4, 5, 4], 600)
    >>> y = (rng.random(600)[:, None] > np.cumsum(p, axis=1)[:, :2]).sum(axis=1)
    >>> temperature_test(p, y, 1, draws=199).found
    False
    >>> bold = p**3 / (p**3).sum(axis=1, keepdims=True)
    >>> told = temperature_test(bold, y, 1, draws=199)
    >>> told.found, told.lean
    (True, 'overconfident')
    """
    p = np.asarray(probabilities, dtype=np.float64)
    asked = questions({horizon: (p, np.asarray(outcomes), _windows(len(p), sessions))})
    return joint_test(asked, draws=draws, seed=seed, power_draws=power_draws)


def noticed(
    probabilities: object,
    horizon: int,
    *,
    draws: int = 499,
    seed: int = 0,
    sessions: object | None = None,
) -> dict[str, dict[str, float]]:
    """How often wrong forecasts like these would be noticed at 5 %: the power of :func:`temperature_test`.

    Returns
    -------
    alternative -> ``temperature``, ``intercept``, ``any`` -> share of histories.  No outcomes are needed.

    Examples
    --------
    >>> p = np.random.default_rng(0).dirichlet([4, 5, 4], 800)
    >>> found = noticed(p, 5, draws=199)
    >>> found["overconfidence_50"]["any"] > found["overconfidence_25"]["any"]
    True
    """
    p = np.asarray(probabilities, dtype=np.float64)
    anything = np.zeros(len(p), dtype=np.int64)
    return temperature_test(
        p, anything, horizon, draws=draws, seed=seed, sessions=sessions, power_draws=draws
    ).power


@dataclass(frozen=True, slots=True)
class Miscalibration:
    """MCB of a yes/no forecast (Brier), and what a perfect forecast with the same overlap would show.

    Attributes
    ----------
    mcb : what recalibrating would have gained; 0 is perfect.
    floor_mean, floor_q95 : mean, and the value that 95 % of perfect forecasts stay below.
    p_value : share of perfect forecasts with as much.
    """

    mcb: float
    floor_mean: float
    floor_q95: float
    p_value: float


def miscalibration(
    forecast: object,
    happened: object,
    horizon: int,
    *,
    draws: int = 999,
    seed: int = 0,
    sessions: object | None = None,
) -> Miscalibration:
    """MCB of one class's forecasts (n,) against 0/1 outcomes (n,), beside its noise floor.

    Raises
    ------
    InputError
        as :func:`engine.verify.calibration.reliability.decompose`.

    Source: docs/method.md, sections 5 and 6.

    Examples
    --------
    >>> p = np.linspace(0.05, 0.95, 500)
    >>> happened = overlap_null(p, 10, draws=1)[0]
    >>> found = miscalibration(p, happened, 10, draws=199)
    >>> found.floor_mean > 0, found.mcb < 3 * found.floor_q95
    (True, True)
    """
    p, y = np.asarray(forecast, dtype=np.float64), np.asarray(happened).astype(np.int64)
    mcb = decompose(p, y).mcb
    (null,) = null_draws_of_classes([p], _windows(len(p), sessions), horizon, draws=draws, seed=seed)
    values = null.values["mcb_brier"]
    return Miscalibration(
        mcb, float(values.mean()), float(np.quantile(values, 0.95)), null.p_value("mcb_brier", mcb)
    )


@dataclass(frozen=True, slots=True)
class Skill:
    """1 - mean loss / mean loss of the reference, its interval, and the Diebold-Mariano p-value."""

    skill: float
    low: float
    high: float
    p_value: float


def skill_over(loss: object, reference: object, horizon: int, *, coverage: float = 0.90) -> Skill:
    """Skill of a forecast over another with an interval that knows about overlap.

    Parameters
    ----------
    loss, reference : (n,) losses of both on the same rows, in the order of time; smaller is better.
    horizon : sessions each row looks ahead; dependence is allowed for over 5 of them at least.

    Raises
    ------
    InputError
        ``verify.shape``.

    Source: docs/method.md, section 4.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> reference = 1.0 + 0.3 * rng.standard_normal(1000)
    >>> found = skill_over(reference - 0.05, reference, 1)
    >>> bool(found.low < found.skill < found.high), bool(found.p_value < 0.01)
    (True, True)
    """
    a, b = np.asarray(loss, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise InputError("verify.shape", f"losses of shapes {a.shape} and {b.shape}", "pass (n,) each")
    block = float(BLOCKS_PER_HORIZON * horizon)
    if len(a) >= 10:
        block = max(block, optimal_block_length(a - b))
    low, high = interval_of_dates(a, b, block, coverage=coverage)
    return Skill(float(1.0 - a.mean() / b.mean()), low, high, diebold_mariano(a - b, block).p_value)


@dataclass(frozen=True, slots=True)
class _Stated:
    frame: pd.DataFrame
    levels: pd.DataFrame
    events: pd.DataFrame


def look_ahead(
    function: Callable[[BarSeries], object], bars: BarSeries, *, dates: int | None = 50, seed: int = 7
) -> AuditResult:
    """Does a function of bars know the future?  Its values are recomputed without it, in three ways, and compared.

    Parameters
    ----------
    function : bars -> one row per bar: an array (n,) or (n, k), a mapping of names to arrays, or a frame.
    dates : how many dates are recomputed; None: all.

    Returns
    -------
    The result; ``.passed``, ``.text`` and ``.differences`` say what was found, ``.require()`` raises.

    Raises
    ------
    InputError
        ``verify.shape`` where the function does not give one row per bar.

    Examples
    --------
    >>> from engine.bars.simulate import simulate_bars
    >>> bars = simulate_bars(300, seed=1)
    >>> look_ahead(lambda b: np.cumsum(b.close) / np.arange(1, len(b) + 1), bars, dates=10).text
    '10 dates, 0 rewritten'
    >>> look_ahead(lambda b: {"rank": b.close / b.close.max()}, bars, dates=10).passed
    False
    """

    def stated(series: BarSeries, _: Config) -> _Stated:
        said = function(series)
        if not isinstance(said, pd.DataFrame):
            columns = said if isinstance(said, dict) else _columns(said)
            said = pd.DataFrame({str(name): np.asarray(values) for name, values in columns.items()})
        if len(said) != len(series):
            raise InputError(
                "verify.shape",
                f"{len(said)} rows for {len(series)} bars",
                "the function must give one row per bar",
            )
        frame = said.reset_index(drop=True).drop(columns="date", errors="ignore")
        frame.insert(0, "date", series.dates.astype("datetime64[us]"))
        return _Stated(frame, _NO_LEVELS, _NO_EVENTS)

    return audit(bars, None, dates, seed, replay=stated)  # type: ignore[arg-type]  # only handed on


def _columns(said: object) -> dict[str, np.ndarray]:
    values = np.asarray(said)
    if values.ndim == 1:
        return {"value": values}
    return {f"value_{k}": values[:, k] for k in range(values.shape[1])}


def _windows(rows: int, sessions: object | None) -> Windows:
    if sessions is None:
        return Windows.consecutive(rows)
    start = np.asarray(sessions)
    if start.shape != (rows,) or start.dtype.kind not in "iu" or (np.diff(start) <= 0).any():
        raise InputError(
            "verify.shape", f"sessions {start.shape} for {rows} rows", "pass ascending whole numbers"
        )
    start = start.astype(np.int64) - int(start[0])
    return Windows(start, np.zeros(rows, np.int64), (np.arange(int(start[-1]) + 1),), np.ones((1, 1)))
