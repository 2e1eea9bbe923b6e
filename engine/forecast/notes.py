"""The notes column: what moved a probability away from distance and volatility, in words.

A note starts from the baseline, which knows only how far the levels are and how volatile the market is, and
names the facts that moved the scenario most, up and down.  Facts are named in a fixed order of size and the
wording of each is fixed, so the same forecast always has the same note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.scenarios import SCENARIOS

_NOTICED = 0.015  # log-odds: about a third of a percentage point; smaller effects are not worth a word
_MOST_NAMED = 2

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
    "levels_above_1_atr": ("several levels close overhead", "few levels close overhead"),
    "levels_above_2_atr": ("crowded levels overhead", "few levels overhead"),
    "levels_above_4_atr": ("many levels overhead", "open space overhead"),
    "levels_below_1_atr": ("several levels close underneath", "few levels close underneath"),
    "levels_below_2_atr": ("crowded levels underneath", "few levels underneath"),
    "levels_below_4_atr": ("many levels underneath", "open space underneath"),
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


def phrase(name: str, above: bool) -> str:
    """The words of a fact above or below its usual value; unknown names are spelt out."""
    if name in PHRASES:
        return PHRASES[name][0 if above else 1]
    return f"{'high' if above else 'low'} {name.replace('_', ' ')}"


def note(
    scenario: int,
    percent: int,
    baseline_percent: int,
    names: Sequence[str],
    standardised: np.ndarray,
    contributions: np.ndarray,
) -> str:
    """One sentence on one scenario.

    Parameters
    ----------
    scenario : code.
    percent, baseline_percent : published and ``filtered_history``, in whole percents as the table shows them.
    names : p features.
    standardised : (p,) values on the scale of the training window.
    contributions : (p,) what each feature adds to the scenario's log-odds.
    """
    start = f"distance and volatility alone give {baseline_percent}%"
    order = np.argsort(-np.abs(contributions), kind="stable")
    up = [j for j in order if contributions[j] >= _NOTICED][:_MOST_NAMED]
    down = [j for j in order if contributions[j] <= -_NOTICED][:_MOST_NAMED]
    parts = [start]
    if up:
        parts.append("raised by " + " and ".join(phrase(names[j], standardised[j] > 0) for j in up))
    if down:
        parts.append("lowered by " + " and ".join(phrase(names[j], standardised[j] > 0) for j in down))
    if not up and not down:
        moved = percent - baseline_percent
        if abs(moved) <= 1:
            parts.append(f"the rules add nothing to the {_NAMES[scenario]} here")
        else:
            parts.append(f"past forecasts suggest {'more' if moved > 0 else 'less'}")
    return "; ".join(parts)


_NAMES = {code: name for code, name in enumerate(SCENARIOS)}
