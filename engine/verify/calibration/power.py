"""What the calibration test would have noticed: "passes" is worth as much as the errors it can see.

Three wrong forecasts are tried, each on the very probabilities and overlap of the real ones:

    overconfidence_25   log-odds 1.25 times too large: the truth is proportional to p ** (1 / 1.25)
    overconfidence_50   log-odds 1.5 times too large
    bias_5_points       continuation said 5 points more often than it happens
"""

from __future__ import annotations

import numpy as np

from engine.scenarios import SCENARIOS
from engine.verify.calibration.null import NullDraws, null_draws_of_classes
from engine.verify.overlap import Windows
from engine.verify.sound import sound_probabilities

ALTERNATIVES = ("overconfidence_25", "overconfidence_50", "bias_5_points")
LEVEL = 0.05
_WORDS = (
    (0.05, "almost never"), (0.10, "one time in ten"), (0.20, "one time in five"), (0.25, "one time in four"),
    (1 / 3, "one time in three"), (0.50, "every second time"), (2 / 3, "two times in three"),
    (0.75, "three times in four"), (0.90, "nine times in ten"), (1.0, "almost always"),
)  # fmt: skip


def draws_needed(tests: int) -> int:
    """Null draws without which a test can never reject: the smallest p-value is 1 / (draws + 1), times ``tests``.

    Holm's correction multiplies the smallest p-value by the number of tests; the result must be able to fall below 5 %.
    """
    return round(tests / LEVEL)


def truth_behind(probabilities: object, alternative: str) -> np.ndarray:
    """The exact probabilities (n, K) under which ``probabilities`` would be wrong in the named way.

    The bias is that of the last class: continuation, or "yes".

    Raises
    ------
    KeyError
        where the alternative is none of :data:`ALTERNATIVES`.
    """
    p = sound_probabilities(probabilities)
    if alternative == "bias_5_points":
        q = p.copy()
        q[:, -1] = np.maximum(p[:, -1] - 0.05, 0.001)
        others = 1.0 - p[:, -1]
        share = np.where(others > 0, (1.0 - q[:, -1]) / np.where(others > 0, others, 1.0), 0.0)
        q[:, :-1] = p[:, :-1] * share[:, None]
        return q / q.sum(axis=1, keepdims=True)
    factor = {"overconfidence_25": 1.25, "overconfidence_50": 1.5}[alternative]
    q = np.maximum(p, 1e-12) ** (1.0 / factor)
    return q / q.sum(axis=1, keepdims=True)


def power(
    probabilities: object,
    windows: Windows,
    horizon: int,
    nulls: list[NullDraws],
    *,
    family: int,
    draws: int,
    seed: int,
) -> dict[str, dict[str, float]]:
    """Share of wrong forecasts that the MCB test notices, per alternative.

    Parameters
    ----------
    nulls : the null draws of the three classes (the critical values come from them).
    family : how many tests Holm's correction spans.

    Returns
    -------
    alternative -> {class: power of that class alone at 5 %, ``any``: power of at least one rejection after the
    correction}.  Monte Carlo standard error at most 0.5 / sqrt(draws) given the critical values; these come from
    the null draws and double it for ``any``, which looks at their farthest tail (measured with 999 null draws: 0.03
    to 0.06).
    """
    p = sound_probabilities(probabilities)
    forecasts = [np.ascontiguousarray(p[:, k]) for k in range(p.shape[1])]
    critical = [np.sort(null.values["mcb_brier"]) for null in nulls]
    truths = [truth_behind(p, alternative)[:, k] for alternative in ALTERNATIVES for k in range(p.shape[1])]
    found = null_draws_of_classes(
        forecasts * len(ALTERNATIVES), windows, horizon, draws=draws, seed=seed, truths=truths, figures="mcb"
    )
    out: dict[str, dict[str, float]] = {}
    for number, alternative in enumerate(ALTERNATIVES):
        mine = found[number * len(critical) : (number + 1) * len(critical)]
        p_values = np.column_stack(
            [
                (1 + len(c) - np.searchsorted(c, f.values["mcb_brier"] - 1e-12)) / (1 + len(c))
                for c, f in zip(critical, mine, strict=True)
            ]
        )
        alone = (p_values <= LEVEL).mean(axis=0)
        out[alternative] = {scenario: float(alone[k]) for k, scenario in enumerate(SCENARIOS)}
        out[alternative]["any"] = float((p_values.min(axis=1) * family <= LEVEL).mean())
    return out


def in_words(share: float) -> str:
    """A share as a frequency a reader can picture: 0.34 is "one time in three"."""
    return min(_WORDS, key=lambda item: abs(item[0] - share))[1]


def verdict(p_holm: dict[str, float], powers: dict[str, dict[str, float]]) -> str:
    """One sentence on calibration at one horizon, worded with the power of the test."""
    found = {scenario: p for scenario, p in p_holm.items() if p <= LEVEL}
    noticed = in_words(powers["overconfidence_25"]["any"])
    if found:
        named = ", ".join(f"{scenario} (p = {p:.3f})" for scenario, p in found.items())
        return f"distinguishable from calibrated: {named}"
    return f"not distinguishable from calibrated; an overconfidence of 25% would be noticed {noticed}"
