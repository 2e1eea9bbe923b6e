"""The notes column: what moved a probability away from distance and volatility, in words.

A note starts from the baseline, which knows only how far the levels are and how volatile the market is, and
names the facts that moved the scenario most, up and down.  Facts are named in a fixed order of size and the
wording of each is fixed, so the same forecast always has the same note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.replay.families import FAMILIES
from engine.replay.families.standing import OF_A_LEVEL
from engine.scenarios import SCENARIOS

_NOTICED = 0.015  # of the probability: about half a percentage point; smaller effects are not worth a word
_MOST_NAMED = 2
_MANY = "many small facts together"

# what the baseline itself says, as one more fact of the model
_OF_THE_BASELINE: Mapping[str, tuple[str, str]] = {
    "baseline_log_odds_continuation": (
        "levels and volatility that favour the target",
        "levels and volatility that favour a range over the target",
    ),
    "baseline_log_odds_breakdown": (
        "levels and volatility that threaten the floor",
        "levels and volatility that favour a range over a breakdown",
    ),
}


def _words() -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """(column -> fact it is part of, fact -> its words) of every feature family."""
    facts: dict[str, str] = {}
    phrases = dict(_OF_THE_BASELINE)
    for family in FAMILIES:
        facts |= family.facts
        phrases |= family.phrases
    return facts, phrases


def phrase(name: str, above: bool) -> str:
    """The words of a fact above or below its usual value; unknown names are spelt out."""
    facts, phrases = _words()
    name = facts.get(name, name)
    if name in phrases:
        return phrases[name][0 if above else 1]
    return f"{'high' if above else 'low'} {name.replace('_', ' ')}"


def note(
    scenario: int,
    percent: int,
    baseline_percent: int,
    names: Sequence[str],
    standardised: np.ndarray,
    effects: np.ndarray,
) -> str:
    """One sentence on one scenario.

    Parameters
    ----------
    scenario : code.
    percent, baseline_percent : published and ``filtered_history``, in whole percents as the table shows them.
    names : p features.
    standardised : (p,) values on the scale of the training window.
    effects : (p,) what each feature adds to the logarithm of the scenario's probability.
    """
    parts = [f"distance and volatility alone give {baseline_percent}%"]
    facts = _facts(names, standardised, effects)
    up = [words for words, effect in facts if effect >= _NOTICED][:_MOST_NAMED]
    down = [words for words, effect in facts if effect <= -_NOTICED][:_MOST_NAMED]
    # a reader must not be left without a reason, nor with reasons that all point the other way
    rest = sum(effect for words, effect in facts if words not in up and words not in down)
    if rest >= _NOTICED and not up:
        up = [_MANY]
    elif rest <= -_NOTICED and not down:
        down = [_MANY]
    if up:
        parts.append(f"raised by {' and '.join(up)}")
    if down:
        parts.append(f"lowered by {' and '.join(down)}")
    if not up and not down:
        moved = percent - baseline_percent
        if abs(moved) <= 1:
            parts.append(f"the rules add nothing to the {_NAMES[scenario]} here")
        else:
            parts.append(f"past forecasts suggest {'more' if moved > 0 else 'less'}")
    return "; ".join(parts)


def _facts(names: Sequence[str], standardised: np.ndarray, effects: np.ndarray) -> list[tuple[str, float]]:
    """(words, effect) of every fact, the largest effect first, in the order of the features if equal.

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
        (phrase(fact, size[fact] > 0), effect[fact]) for fact in sorted(effect, key=lambda f: -abs(effect[f]))
    ]


_NAMES = {code: name for code, name in enumerate(SCENARIOS)}
