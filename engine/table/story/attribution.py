"""What each fact adds to a probability, in points that add up to the whole way from distance and volatility to the table.

The model adds to the log-odds of the baseline.  Its path from there, ``softmax(offset + s * contributions)`` with s from
0 to 1, is cut into what each feature does along it: with p(s) the probabilities on the way,

    points of feature j for class k = integral over s of  p_k(s) * (c_kj - sum over m of p_m(s) c_mj)

These add up to the difference of the two ends exactly (Aumann and Shapley 1974; Sundararajan, Taly and Yan 2017 call it
integrated gradients).  What the table has beyond the end (calibration, the model's mean) is the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.replay.families import FAMILIES
from engine.replay.families.standing import OF_A_LEVEL

_SHOWN = 0.0005  # of the probability: facts that move it less are part of the rest
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)

# what the baseline itself says, as one more fact of the model
_OF_THE_BASELINE: Mapping[str, tuple[str, str]] = {
    "baseline_log_odds_continuation": (
        "levels and volatility that favour the target",
        "levels and volatility that favour staying between over reaching the target",
    ),
    "baseline_log_odds_breakdown": (
        "levels and volatility that threaten the floor",
        "levels and volatility that favour staying between over falling through the floor",
    ),
}


@dataclass(frozen=True, slots=True)
class Share:
    """One fact: its name, whether it stands above its usual value, and what it adds to the probability."""

    fact: str
    above: bool
    points: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """One probability taken apart: ``alone + sum of the shares + rest`` is what the table says.

    Attributes
    ----------
    alone : the probability by distance and volatility alone (filtered_history).
    shares : largest first; differences of probabilities.
    rest : calibration, the mean of the model, and facts too small to list.
    """

    alone: float
    shares: tuple[Share, ...]
    rest: float

    @classmethod
    def of(cls, data: Mapping) -> Attribution:
        """From plain data."""
        return cls(data["alone"], tuple(Share(**share) for share in data["shares"]), data["rest"])


def points(offset: np.ndarray, contributions: np.ndarray) -> np.ndarray:
    """(3, p) what each feature adds to each probability.

    Parameters
    ----------
    offset : (3,) log-odds of the baseline.
    contributions : (3, p) what each feature adds to them.
    """
    s = 0.5 * (_NODES + 1.0)
    logits = offset + s[:, None] * contributions.sum(axis=1)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    slope = p[:, :, None] * (contributions[None] - (p @ contributions)[:, None, :])
    return np.einsum("s,skj->kj", 0.5 * _WEIGHTS, slope)


def attributions(
    offset: np.ndarray,
    contributions: np.ndarray,
    published: np.ndarray,
    names: Sequence[str],
    standardised: np.ndarray,
) -> tuple[Attribution, ...]:
    """Of each class, by code.

    Parameters
    ----------
    published : (3,) what the table says.
    names, standardised : (p,) the features, and their values on the scale of the training window.
    """
    alone = np.exp(offset - offset.max())
    alone /= alone.sum()
    found = []
    for code, own in enumerate(points(offset, contributions)):
        facts = facts_of(names, standardised, own)
        shares = tuple(share for share in facts if abs(share.points) >= _SHOWN)
        told = float(alone[code]) + sum(share.points for share in shares)
        found.append(Attribution(float(alone[code]), shares, float(published[code]) - told))
    return tuple(found)


def facts_of(names: Sequence[str], standardised: np.ndarray, effects: np.ndarray) -> list[Share]:
    """Every fact, the largest effect first, in the order of the features if equal.

    An edge that is projected has no level whose age or strength could be told: all that is the lack of a level.
    """
    shared, _ = _words()
    one_fact = dict(shared)
    for edge in ("floor", "target"):
        lack = f"{edge}_projected"
        if lack in names and standardised[names.index(lack)] > 0:
            one_fact |= {f"{edge}_{what}": lack for what in OF_A_LEVEL}
    size: dict[str, float] = {}
    effect: dict[str, float] = {}
    for name, z, own in zip(names, standardised.tolist(), effects.tolist(), strict=True):
        fact = one_fact.get(name, name)
        size[fact] = size.get(fact, 0.0) + (z if fact == name or name in shared else 0.0)
        effect[fact] = effect.get(fact, 0.0) + own
    return [
        Share(fact, size[fact] > 0, effect[fact]) for fact in sorted(effect, key=lambda f: -abs(effect[f]))
    ]


def phrase(name: str, above: bool) -> str:
    """The words of a fact above or below its usual value; unknown names are spelt out."""
    facts, phrases = _words()
    name = facts.get(name, name)
    if name in phrases:
        return phrases[name][0 if above else 1]
    return f"{'high' if above else 'low'} {name.replace('_', ' ')}"


def _words() -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """(column -> fact it is part of, fact -> its words) of every feature family."""
    facts: dict[str, str] = {}
    phrases = dict(_OF_THE_BASELINE)
    for family in FAMILIES:
        facts |= family.facts
        phrases |= family.phrases
    return facts, phrases
