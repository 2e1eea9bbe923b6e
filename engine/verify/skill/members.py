"""In how many of N instruments do the rules add something, and in how many would they by chance?

Each instrument is asked by itself whether the model's log loss is below the baseline's (Diebold-Mariano, one-sided),
and the answers are counted twice: at 5 % each, beside the number that chance alone would give, and after controlling
the false discovery rate over all of them.

Source: Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.  It holds for independent
and for positively dependent statistics (Benjamini and Yekutieli 2001, Annals of Statistics 29, 1165-1188), as those of
instruments that move together are; for other dependence it is not proven.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.verify.multiple import benjamini_hochberg
from engine.verify.rows import Rows
from engine.verify.skill.diebold_mariano import diebold_mariano
from engine.verify.skill.scores import log_loss

LEVEL = 0.05  # of each instrument's own test
FALSE_DISCOVERIES = 0.10  # accepted share of false ones among the discoveries


def member_skill(rows: Rows, baseline: str = "filtered_history") -> dict[str, Any]:
    """Does the model beat ``baseline`` instrument by instrument?  One pass, linear in the rows.

    Returns
    -------
    JSON-able: tested, better_at_5_percent, expected_by_chance, discoveries, false_discovery_rate, a sentence, and
    instrument -> log_loss_skill, p_value (one-sided), q_value.  An instrument with fewer than two blocks of ten horizons
    is not tested: its p-value is null.
    """
    names = rows.frame["instrument"].to_numpy()
    losses = {name: log_loss(rows.probabilities[name], rows.codes) for name in ("model", baseline)}
    order = np.argsort(names, kind="stable")  # rows stand by date within each instrument
    symbols, first = np.unique(names[order], return_index=True)
    skills, p_values = np.empty(len(symbols)), np.full(len(symbols), np.nan)
    for k, at in enumerate(np.split(order, first[1:])):
        own, theirs = losses["model"][at], losses[baseline][at]
        skills[k] = 1.0 - own.mean() / theirs.mean() if theirs.mean() > 0 else np.nan
        test = diebold_mariano(own - theirs, 5.0 * rows.horizon)
        if np.isfinite(test.p_value):
            p_values[k] = test.p_value / 2 if test.statistic < 0 else 1.0 - test.p_value / 2
    q_values = benjamini_hochberg(p_values)
    tested = int(np.isfinite(p_values).sum())
    better = int(np.sum(p_values <= LEVEL))
    found = int(np.sum(q_values <= FALSE_DISCOVERIES))
    return {
        "baseline": baseline,
        "tested": tested,
        "better_at_5_percent": better,
        "expected_by_chance": LEVEL * tested,
        "discoveries": found,
        "false_discovery_rate": FALSE_DISCOVERIES,
        "sentence": _sentence(tested, better, found),
        "instruments": {
            str(symbol): {
                "log_loss_skill": float(skills[k]),
                "p_value": float(p_values[k]),
                "q_value": float(q_values[k]),
            }
            for k, symbol in enumerate(symbols)
        },
    }


def _sentence(tested: int, better: int, found: int) -> str:
    chance = LEVEL * tested
    return (
        f"In {better} of {tested} instruments the rules add something at 5%; by chance they would in {chance:.1f}. "
        f"With at most {FALSE_DISCOVERIES:.0%} false ones among them, {found or 'none'} can be named."
    )
