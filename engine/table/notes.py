"""The notes column: what moved a probability away from distance and volatility, in words.

A note starts from the baseline, which knows only how far the levels are and how volatile the market is, and
names the facts that moved the scenario most, up and down.  Facts are named in a fixed order of size and the
wording of each is fixed, so the same forecast always has the same note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.scenarios import SCENARIOS

_NOTICED = 0.015  # of the probability: about half a percentage point; smaller effects are not worth a word
_MOST_NAMED = 2
_MANY = "many small facts together"

# feature -> (words when it is above its usual value, words when below)
PHRASES: Mapping[str, tuple[str, str]] = {
    "floor_distance_sigma": ("a distant floor", "a near floor"),
    "ceiling_distance_sigma": ("a distant ceiling", "a near ceiling"),
    "target_distance_sigma": ("a distant target", "a near target"),
    "retest_distance_sigma": ("a distant retest level", "a near retest level"),
    "target_width_atr": ("a wide target zone", "a narrow target zone"),
    "room_ratio": ("more room below than above", "more room above than below"),
    "floor_strength": ("a strong floor", "a weak floor"),
    "floor_touches": ("a floor tested often", "a floor hardly tested"),
    "floor_age": ("an old floor", "a young floor"),
    "floor_kinds": ("a floor confirmed by several kinds of level", "a floor of a single kind"),
    "floor_reversed": ("a floor that used to be resistance", "a floor that was always support"),
    "floor_projected": ("the lack of a level to serve as floor", "a real level as floor"),
    "ceiling_strength": ("a strong ceiling", "a weak ceiling"),
    "target_strength": ("a strong target zone", "a weak target zone"),
    "target_touches": ("a target zone tested often", "a target zone hardly tested"),
    "target_age": ("an old target zone", "a young target zone"),
    "target_kinds": ("a target confirmed by several kinds of level", "a target of a single kind"),
    "target_reversed": ("a target that used to be support", "a target that was always resistance"),
    "target_projected": ("the lack of a level in reach as target", "a real level as target"),
    "levels_above": ("many levels overhead", "few levels overhead"),
    "levels_below": ("many levels underneath", "few levels underneath"),
    "strength_above": ("strong resistance overhead", "weak resistance overhead"),
    "strength_below": ("strong support underneath", "weak support underneath"),
    "recent_breaks_up": ("recent breaks upwards", "the lack of recent breaks upwards"),
    "recent_breaks_down": ("recent breaks downwards", "the lack of recent breaks downwards"),
    "recent_bounces": ("recent bounces off support", "the lack of recent bounces off support"),
    "recent_turn_backs": ("recent failures at resistance", "the lack of recent failures at resistance"),
    "rsi_14": ("a high RSI", "a low RSI"),
    "distance_sma_50_atr": (
        "a close well above the 50-day average",
        "a close low against the 50-day average",
    ),
    "distance_sma_200_atr": (
        "a close well above the 200-day average",
        "a close low against the 200-day average",
    ),
    "slope_sma_50_atr": ("a rising 50-day average", "a weak 50-day average"),
    "slope_sma_200_atr": ("a rising 200-day average", "a weak 200-day average"),
    "rebound_atr": ("a long rebound from the swing low", "little rebound from the swing low"),
    "drawdown_atr": ("a deep drawdown from the all-time high", "closeness to the all-time high"),
    "higher_lows": ("a run of higher lows", "lows that have stopped rising"),
    "higher_highs": ("a run of higher highs", "highs that have stopped rising"),
    "return_5_sigma": ("a strong week", "a weak week"),
    "return_20_sigma": ("a strong month", "a weak month"),
    "return_60_sigma": ("a strong quarter", "a weak quarter"),
    "volatility_ratio": ("volatility above its norm", "volatility below its norm"),
    "baseline_log_odds_continuation": (
        "levels and volatility that favour the target",
        "levels and volatility that favour a range over the target",
    ),
    "baseline_log_odds_breakdown": (
        "levels and volatility that threaten the floor",
        "levels and volatility that favour a range over a breakdown",
    ),
}


# counts within 1, 2 and 4 ATR are one fact: the model may weigh them against each other, a reader cannot
_ONE_FACT: Mapping[str, str] = {
    f"levels_{side}_{reach}_atr": f"levels_{side}" for side in ("above", "below") for reach in (1, 2, 4)
}

_OF_A_LEVEL = ("strength", "touches", "age", "kinds", "reversed")


def phrase(name: str, above: bool) -> str:
    """The words of a fact above or below its usual value; unknown names are spelt out."""
    name = _ONE_FACT.get(name, name)
    if name in PHRASES:
        return PHRASES[name][0 if above else 1]
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
    one_fact = dict(_ONE_FACT)
    for edge in ("floor", "target"):
        lack = f"{edge}_projected"
        if lack in names and standardised[names.index(lack)] > 0:
            one_fact |= {f"{edge}_{what}": lack for what in _OF_A_LEVEL}
    size: dict[str, float] = {}
    effect: dict[str, float] = {}
    for name, z, own in zip(names, standardised.tolist(), effects.tolist(), strict=True):
        fact = one_fact.get(name, name)
        size[fact] = size.get(fact, 0.0) + (z if fact == name or name in _ONE_FACT else 0.0)
        effect[fact] = effect.get(fact, 0.0) + own
    return [
        (phrase(fact, size[fact] > 0), effect[fact]) for fact in sorted(effect, key=lambda f: -abs(effect[f]))
    ]


_NAMES = {code: name for code, name in enumerate(SCENARIOS)}
