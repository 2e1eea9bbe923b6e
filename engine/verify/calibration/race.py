"""A null in which the classes exclude each other and the horizons follow one another: an exponential race.

A null that draws each class from a latent normal of its own (:mod:`engine.verify.calibration.null`) is right for
one class at a time; two classes may then happen together, so that sums over classes have the wrong spread.
Here the classes race.  Each session gets one standard normal a class, z_k is their sum over the H sessions of a
row divided by sqrt(H), and

    outcome = argmin_k  -ln Phi(z_k) / p_k

-ln Phi(z_k) is exponential with rate 1, so class k comes first with probability exactly p_k; rows that share
sessions have outcomes that move together.

Horizons are nested: at the second horizon a row that was "range" at the first races on over the sessions in
between, with the probabilities that carry the first forecast into the second.  They are those of the coupling
that moves as little probability as possible,

    P(k stays k) = min(1, q_k / p_k),   what leaves goes to the classes that gain, in proportion to their gain

which for forecasts that can only leave "range" is the conditional probability, and keeps both forecasts exact
even where the two contradict each other.

Instruments are correlated by the factors of :class:`engine.verify.overlap.Windows`, so the work is linear in
their number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.errors import InputError
from engine.kernels.streams import race_normals
from engine.kernels.threads import in_threads
from engine.verify.calibration.race_kernel import TIMES, race_history
from engine.verify.overlap import Windows, eased, eased_length
from engine.verify.sound import need_rows, sound_codes, sound_probabilities
from engine.verify.standing import ease_of


@dataclass(frozen=True, slots=True)
class Questions:
    """What was asked at each row, at one or several horizons, in the order in which the kernel wants it.

    Attributes
    ----------
    horizons : (h,) int64 sessions, ascending.
    probabilities : (h, n, K); NaN where the row is not asked at that horizon.
    codes : (h, n) int64 outcomes; -1 where not asked.
    present : (h, n) bool.
    windows : which sessions each row looks at; rows ordered by instrument.
    """

    horizons: np.ndarray
    probabilities: np.ndarray
    codes: np.ndarray
    present: np.ndarray
    windows: Windows

    @property
    def rows(self) -> int:
        """Rows asked at any horizon."""
        return self.probabilities.shape[1]

    @property
    def classes(self) -> int:
        """K."""
        return self.probabilities.shape[2]


@dataclass(frozen=True, slots=True)
class RaceDraws:
    """Sums over the rows of each drawn history.

    Attributes
    ----------
    total : (draws, h, I) the weight of what happened, per horizon and instrument, horizons nested.
    plain : (draws, h, K) how often each class happened, each horizon in a race of its own.
    """

    total: np.ndarray
    plain: np.ndarray


def questions(asked: dict[int, tuple[object, object, Windows]]) -> Questions:
    """Bring the rows of several horizons together.

    Parameters
    ----------
    asked : horizon in sessions -> probabilities (n, K), outcome codes (n,), windows.  The windows of all
        horizons must know the same sessions of the same instruments; rows may differ.

    Raises
    ------
    InputError
        ``verify.not_probabilities``, ``verify.not_outcomes``, ``verify.too_few_rows``, ``verify.bad_horizon``,
        ``verify.shape`` (windows of another length, another number of classes, a session asked twice).
    """
    horizons = np.array(sorted(asked), dtype=np.int64)
    if not len(horizons) or horizons[0] < 1:
        raise InputError(
            "verify.bad_horizon", f"horizons {horizons.tolist()} are not at least 1 session each"
        )
    keys, sound = [], {}
    for horizon in horizons.tolist():
        probabilities, codes, windows = asked[horizon]
        p = sound_probabilities(probabilities)
        need_rows(len(p))
        y = sound_codes(codes, len(p), p.shape[1])
        if windows.start.shape != (len(p),):
            raise InputError("verify.shape", f"{len(p)} forecasts for {len(windows.start)} windows")
        key = windows.instrument.astype(np.int64) * (1 << 40) + windows.start
        if len(np.unique(key)) != len(key):
            raise InputError("verify.shape", f"a session is asked twice at horizon {horizon}")
        keys.append(key)
        sound[horizon] = (p, y)
    classes = {p.shape[1] for p, _ in sound.values()}
    if len(classes) > 1:
        raise InputError("verify.shape", f"forecasts of {sorted(classes)} classes cannot be tested together")
    every = np.unique(np.concatenate(keys))
    shape = (len(horizons), len(every))
    probabilities = np.full((*shape, classes.pop()), np.nan)
    codes = np.full(shape, -1, np.int64)
    for h, horizon in enumerate(horizons.tolist()):
        place = np.searchsorted(every, keys[h])
        probabilities[h, place], codes[h, place] = sound[horizon]
    first = asked[int(horizons[0])][2]
    windows = Windows(every & ((1 << 40) - 1), every >> 40, first.sessions, first.factor, first.own)
    windows = replace(windows, ease=ease_of(windows, horizons, probabilities, codes))
    return Questions(horizons, probabilities, codes, codes >= 0, windows)


def race(
    asked: Questions,
    weight: np.ndarray,
    *,
    draws: int,
    seed: int,
    truth: np.ndarray | None = None,
) -> RaceDraws:
    """Draw ``draws`` histories in which every probability is exact, overlap and coherence kept.

    Parameters
    ----------
    weight : (h, n, K) what each class adds to the total.
    seed : the normals of a draw depend on the seed, the draw and the sessions before only.
    truth : (h, n, K) exact probabilities to draw from in place of the forecasts (for power).

    Raises
    ------
    InputError
        ``verify.too_few_draws``.
    """
    if draws < 1:
        raise InputError("verify.too_few_draws", f"{draws} draws, at least 1 is needed")
    exact = asked.probabilities if truth is None else truth
    windows, longest = asked.windows, int(asked.horizons[-1])
    own = np.zeros(len(windows.sessions)) if windows.own is None else windows.own
    extended = [
        np.concatenate([s, np.arange(s[-1] + 1, s[-1] + 1 + longest)]) if len(s) else s
        for s in windows.sessions
    ]
    calendar = max(int(s[-1]) + 1 for s in extended if len(s))
    columns = windows.factor.shape[1] + (len(own) if own.any() else 0)
    before, onward = _onward(exact, asked.present)
    steps = np.diff(asked.horizons)
    onward_ease = min(windows.ease, int(steps.min())) if len(steps) else 1
    more = windows.ease - 1  # normals before the first session
    with np.errstate(divide="ignore"):
        inverse = np.where(asked.present[..., None], 1.0 / exact, np.inf)
    total = np.zeros((draws, len(asked.horizons), len(extended)))
    plain = np.zeros((draws, len(asked.horizons), asked.classes))
    fixed = (
        np.ascontiguousarray(windows.factor), own, np.concatenate(extended).astype(np.int64),
        np.cumsum([len(s) for s in extended]),
        np.searchsorted(windows.instrument, np.arange(len(extended)), side="right"),
        windows.start, asked.horizons, asked.present, before, inverse, onward,
        np.ascontiguousarray(np.where(asked.present[..., None], weight, 0.0)), _scale(asked.horizons, windows.ease, onward_ease),
        np.full(len(asked.horizons), onward_ease - 1), TIMES,
    )  # fmt: skip

    def draw(number: int) -> None:
        normals = race_normals(seed, number).standard_normal((calendar + more, columns, asked.classes))
        shocks = eased(normals, windows.ease) if more else normals
        alike = onward_ease == windows.ease
        later = shocks if alike else eased(normals[more - onward_ease + 1 :], onward_ease)
        race_history(shocks, later, alike, *fixed, total[number], plain[number])

    in_threads(draw, range(draws))  # each draw has its own normals
    return RaceDraws(total, plain)


def _scale(horizons: np.ndarray, ease: int, onward: int) -> np.ndarray:
    """(h, h) 1 / standard deviation of the sums that decide: from the start on the diagonal, onward above it."""
    out = np.zeros((len(horizons), len(horizons)))
    for h, end in enumerate(horizons.tolist()):
        out[h, h] = 1.0 / eased_length(end, ease)
        for before, begin in enumerate(horizons[:h].tolist()):
            out[before, h] = 1.0 / eased_length(end - begin - onward + 1, onward)
    return out


def _onward(exact: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per horizon the previous one at which a row is asked, and 1 / the probability of each step onward."""
    horizons, rows, classes = exact.shape
    before = np.full((horizons, rows), -1, np.int64)
    onward = np.full((horizons, rows, classes, classes), np.inf)
    last = np.full(rows, -1, np.int64)
    for h in range(horizons):
        before[h] = np.where(present[h], last, -1)
        mine = np.flatnonzero(before[h] >= 0)
        p, q = exact[before[h, mine], mine], exact[h, mine]
        gain = np.maximum(q - p, 0.0)
        gained = gain.sum(axis=1, keepdims=True)
        share = np.divide(gain, gained, out=np.zeros_like(gain), where=gained > 0)
        stay = np.minimum(1.0, np.divide(q, p, out=np.ones_like(q), where=p > 0))
        step = (1.0 - stay)[:, :, None] * share[:, None, :]
        step[:, np.arange(classes), np.arange(classes)] += stay
        with np.errstate(divide="ignore"):
            onward[h, mine] = 1.0 / step
        last = np.where(present[h], h, last)
    return before, onward
