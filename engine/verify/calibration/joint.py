"""Are the forecasts too bold, too timid, or off on average?  Two sharp tests and their joint verdict.

*Temperature.*  If p is exact, so is every statement about how surprised it should be.  With y the outcome,

    T = sum over rows and horizons of  ln p_y - sum_k p_k ln p_k

is the score of the exponent s in p^s / sum p^s at s = 1: below 0 where the forecasts were surprised more often
than they said (overconfident), above 0 where less often (timid).  One step of Newton's method from s = 1 gives
the exponent that the outcomes ask for, 1 + T / sum of Var(ln p).

*Intercept.*  For one horizon, d_k = how often class k happened minus how often it was said to, and

    Q = d' S^-1 d     over all classes but one, S the covariance of d under the null

so Q is large where a class happens more or less often than said, in any direction.

Both are held against the race (:mod:`engine.verify.calibration.race`): T under the nested one, every Q under the
plain one of its horizon.  (Under the nested race a direction is less persistent than in a market: a row still open
close to its target is not told from one close to its floor.  Sums that hold a direction therefore use the plain
one.)  The verdict is the smallest p-value of all these tests, held against the smallest of the same tests in the
same draws, so that correlation between them costs no power (Westfall and Young 1993, Resampling-Based Multiple
Testing).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.verify.calibration.power import ALTERNATIVES, LEVEL, draws_needed, truth_behind
from engine.verify.calibration.race import Questions, RaceDraws, race

_FLOOR = 1e-6  # a probability of 0 has no logarithm
TEMPERATURE = "temperature"
INTERCEPT = "intercept"


@dataclass(frozen=True, slots=True)
class JointTest:
    """Temperature and intercept tests of one forecaster at all horizons.

    Attributes
    ----------
    statistic : T, summed over rows and horizons, nats.
    exponent, exponent_low, exponent_high : the one-step estimate of s, and the range that holds it for an exact
        forecast, moved to lie round the estimate; above 1 is timid.  NaN where every forecast is equal in all
        classes.
    p_temperature : two-sided.
    p_temperature_at : horizon -> the same for one horizon alone; description, no part of the verdict.
    p_intercept : horizon -> p-value.
    differences : horizon -> (K,) frequency minus mean forecast.
    p_joint : of the verdict.
    p_of_instruments : (I,) temperature test of each instrument's rows alone; NaN without rows.
    power : alternative -> ``temperature``, ``intercept`` (at the shortest horizon) and ``any`` -> share of such
        forecasts that the test alone, or the verdict, notices at 5 %; empty where not asked for.
    """

    statistic: float
    exponent: float
    exponent_low: float
    exponent_high: float
    p_temperature: float
    p_temperature_at: dict[int, float]
    p_intercept: dict[int, float]
    differences: dict[int, np.ndarray]
    p_joint: float
    p_of_instruments: np.ndarray
    power: dict[str, dict[str, float]]

    @property
    def lean(self) -> str:
        """``timid``, ``overconfident`` or, where T is 0, ``neither``: the side to which T points, however weakly."""
        return "timid" if self.statistic > 0 else "overconfident" if self.statistic < 0 else "neither"

    @property
    def found(self) -> bool:
        """Distinguishable from calibrated at 5 %."""
        return self.p_joint <= LEVEL


def temperature_weights(asked: Questions) -> np.ndarray:
    """(h, n, K) what each class adds to T: ln p_k minus its mean under p; 0 where not asked."""
    log_p = np.log(np.maximum(asked.probabilities, _FLOOR))
    expected = (asked.probabilities * log_p).sum(axis=2, keepdims=True)
    return np.where(asked.present[..., None], log_p - expected, 0.0)


def joint_test(
    asked: Questions, *, draws: int = 999, seed: int = 0, coverage: float = 0.90, power_draws: int = 0
) -> JointTest:
    """Test forecasts against their outcomes at all their horizons together.

    Parameters
    ----------
    asked : from :func:`engine.verify.calibration.race.questions`.
    coverage : of the exponent's interval.
    power_draws : histories drawn under each wrong truth of
        :data:`engine.verify.calibration.power.ALTERNATIVES`; 0 leaves power out.

    Raises
    ------
    InputError
        ``verify.too_few_draws`` where no outcome could be told from chance at 5 %.

    Examples
    --------
    >>> import numpy as np
    >>> from engine.verify.calibration.race import questions
    >>> from engine.verify.overlap import Windows
    >>> said = np.tile([[0.05, 0.9, 0.05], [0.7, 0.2, 0.1]], (300, 1))
    >>> came = np.tile([1, 0, 1, 0, 1, 1, 0, 0, 1, 2, 2, 0], 50)
    >>> test = joint_test(questions({5: (said, came, Windows.consecutive(600))}), draws=199)
    >>> test.lean, test.exponent < 1
    ('overconfident', True)
    """
    if draws < draws_needed(1):
        raise InputError(
            "verify.too_few_draws",
            f"{draws} draws: the smallest p-value there is, 1 / {draws + 1}, is above {LEVEL}, so nothing could ever be rejected",
            f"draw at least {draws_needed(1)} times",
        )
    weight = temperature_weights(asked)
    null = race(asked, weight, draws=draws, seed=seed)
    scale = _Scale.of(asked, null)
    observed = _observed(asked, weight)
    p_values = scale.p_values(observed)[0]
    draw_p = scale.p_values(null)
    smallest = np.sort(draw_p.min(axis=1))
    joint = _rank(smallest, np.array([p_values.min()]))[0]
    power: dict[str, dict[str, float]] = {}
    for number, alternative in enumerate(ALTERNATIVES if power_draws else ()):
        truth = asked.probabilities.copy()
        for h in range(len(asked.horizons)):
            mine = asked.present[h]
            truth[h, mine] = truth_behind(asked.probabilities[h, mine], alternative)
        drawn = race(asked, weight, draws=power_draws, seed=seed + 1 + number, truth=truth)
        found = scale.p_values(drawn)
        power[alternative] = {
            TEMPERATURE: float(np.mean(found[:, 0] <= LEVEL)),
            INTERCEPT: float(np.mean(found[:, 1] <= LEVEL)),
            "any": float(np.mean(_rank(smallest, found.min(axis=1)) <= LEVEL)),
        }
    statistic = float(observed.total.sum())
    if abs(statistic) < 1e-9 * asked.rows:  # rounding of a sum that is 0
        statistic = 0.0
    information = _information(asked)
    by_draw = null.total.sum(axis=(1, 2))
    exponent = low = high = float("nan")
    if information > 1e-12 * asked.rows:
        tail = (1.0 - coverage) / 2
        exponent = 1.0 + statistic / information
        low, high = exponent - np.quantile(by_draw / information, [1.0 - tail, tail])
    own, theirs = observed.total.sum(axis=1)[0], null.total.sum(axis=1)
    counted = np.bincount(asked.windows.instrument, minlength=len(own)) > 0
    horizons = asked.horizons.tolist()
    rows = asked.present.sum(axis=1)
    return JointTest(
        statistic=statistic,
        exponent=float(exponent), exponent_low=float(low), exponent_high=float(high),
        p_temperature=float(p_values[0]),
        p_temperature_at={
            h: float(_two_sided(null.total[:, k].sum(axis=1), observed.total[0, k].sum()))
            for k, h in enumerate(horizons)
        },
        p_intercept={h: float(p) for h, p in zip(horizons, p_values[1:], strict=True)},
        differences={h: scale.apart(observed)[0, k] / rows[k] for k, h in enumerate(horizons)},
        p_joint=float(joint),
        p_of_instruments=np.array(
            [_two_sided(theirs[:, i], own[i]) if counted[i] else np.nan for i in range(len(own))]
        ),
        power=power,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Scale:
    """What the statistics of a history are held against."""

    expected: np.ndarray  # (h, K) sum of the forecasts
    inverse: np.ndarray  # (h, K - 1, K - 1) of the covariance of the differences
    temperature: np.ndarray  # |T| of the null draws, ascending
    intercept: np.ndarray  # (h, draws) Q of the null draws, ascending

    @classmethod
    def of(cls, asked: Questions, null: RaceDraws) -> _Scale:
        expected = np.nansum(np.where(asked.present[..., None], asked.probabilities, 0.0), axis=1)
        apart = (null.plain - expected)[:, :, 1:]
        inverse = np.stack(
            [np.linalg.pinv(np.atleast_2d(apart[:, h].T @ apart[:, h]) / len(apart)) for h in range(apart.shape[1])]
        )  # fmt: skip
        out = cls(expected, inverse, np.sort(np.abs(null.total.sum(axis=(1, 2)))), np.empty(0))
        return cls(expected, inverse, out.temperature, np.sort(out.quadratic(null), axis=0).T)

    def apart(self, history: RaceDraws) -> np.ndarray:
        """(draws, h, K) how often each class happened minus how often it was said to."""
        return history.plain - self.expected

    def quadratic(self, history: RaceDraws) -> np.ndarray:
        """(draws, h) Q."""
        d = self.apart(history)[:, :, 1:]
        return np.einsum("dhi,hij,dhj->dh", d, self.inverse, d)

    def p_values(self, history: RaceDraws) -> np.ndarray:
        """(draws, 1 + h): temperature, then the intercept at each horizon."""
        q = self.quadratic(history)
        temperature = np.abs(history.total.sum(axis=(1, 2)))
        columns = [_tail(self.temperature, temperature)]
        columns += [_tail(self.intercept[h], q[:, h]) for h in range(q.shape[1])]
        return np.column_stack(columns)


def _observed(asked: Questions, weight: np.ndarray) -> RaceDraws:
    """The history that happened, in the form of a draw."""
    horizons, instruments = len(asked.horizons), len(asked.windows.sessions)
    total = np.zeros((1, horizons, instruments))
    plain = np.zeros((1, horizons, asked.classes))
    for h in range(horizons):
        mine = np.flatnonzero(asked.present[h])
        codes = asked.codes[h, mine]
        np.add.at(total[0, h], asked.windows.instrument[mine], weight[h, mine, codes])
        plain[0, h] = np.bincount(codes, minlength=asked.classes)
    return RaceDraws(total, plain)


def _information(asked: Questions) -> float:
    p = np.where(asked.present[..., None], asked.probabilities, 0.0)
    log_p = np.log(np.maximum(p, _FLOOR))
    mean = (p * log_p).sum(axis=2)
    return float(((p * log_p**2).sum(axis=2) - mean**2)[asked.present].sum())


def _tail(ascending: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Share of the null at least as large, counting the value itself: never 0."""
    slack = 1e-9 * max(1.0, float(np.abs(ascending).max(initial=0.0)))
    below = np.searchsorted(ascending, values - slack)
    return (1 + len(ascending) - below) / (1 + len(ascending))


def _rank(ascending: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Share of the null at most as large, counting the value itself."""
    return (1 + np.searchsorted(ascending, values + 1e-12, side="right")) / (1 + len(ascending))


def _two_sided(draws: np.ndarray, observed: float) -> float:
    return float(_tail(np.sort(np.abs(draws)), np.array([abs(observed)]))[0])
