"""What each chart shows, as the sentence that stands above it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.forecast.baselines import in_reading_order
from engine.report.trust import HorizonTrust, SkillLine, Trust
from engine.table import words
from engine.table.scenario import Scenario


def price_title(scenario: Scenario) -> str:
    """How far the two prices that decide are from the close."""
    setup = scenario.setup
    if setup is None:
        return ""
    up, down = (100 * (edge.low / scenario.close - 1) for edge in (setup.target, setup.floor))
    return f"The target is {words.decimal(up, 1)}% above the close and the floor {words.decimal(-down, 1)}% below it."


def history_title(scenario: Scenario, rows: pd.DataFrame | None) -> str:
    """Where today's leading probability stands among those of the chart."""
    table = scenario.longest
    lead = None if table is None else table.most_likely
    percents = None if table is None else table.whole_percents
    if rows is None or lead is None or percents is None or len(rows) < 2:
        return ""
    values = rows[f"p_{lead.scenario}"].to_numpy(float)
    before, now = values[:-1], values[-1]
    above = float(np.mean(before < now))
    word, share = ("higher", above) if above >= 0.5 else ("lower", float(np.mean(before > now)))
    return (
        f"The {percents[lead.scenario]}% for {lead.scenario} is {word} than on {words.percent(share)} of the "
        f"{words.count(len(before))} sessions before it."
    )


def skill_title(trust: Trust) -> str:
    """Which baselines the table beats at every horizon, by the intervals alone."""
    names = [name for name in in_reading_order() if any(_verdicts(trust.horizons, name))]
    groups: dict[str, list[str]] = {"better": [], "worse": [], "undecided": [], "mixed": []}
    for name in names:
        found = set(_verdicts(trust.horizons, name))
        verdict = found.pop() if len(found) == 1 else "mixed"
        groups.setdefault(verdict, []).append(words.baseline_label(name).lower())
    parts = []
    if groups["better"]:
        parts.append(f"better than {words.join(groups['better'])}")
    if groups["undecided"]:
        parts.append(f"not told apart from {words.join(groups['undecided'])}")
    if groups["mixed"]:
        parts.append(f"not the same at every horizon against {words.join(groups['mixed'])}")
    if groups["worse"]:
        parts.append(f"worse than {words.join(groups['worse'])}")
    return words.sentence(f"The table is {'; '.join(parts)}") if parts else ""


def _verdicts(horizons: Sequence[HorizonTrust], name: str) -> list[str]:
    lines = [table.against(name) for table in horizons]
    return [line.verdict for line in lines if line is not None and line.verdict != "unknown"]


def year_title(trust: Trust, baseline: str = "filtered_history") -> str:
    """How many years stand out, beside how many would by chance."""
    table = trust.longest
    lines = [
        item.skill[baseline]
        for item in (() if table is None else table.regimes)
        if item.grouping == "year" and baseline in item.skill
    ]
    lines = [line for line in lines if line.verdict != "unknown"]
    if not lines:
        return ""
    above, below = (_count(lines, verdict) for verdict in ("better", "worse"))
    chance = (1.0 - trust.interval) * len(lines)
    return (
        f"In {above + below} of {len(lines)} years the interval leaves out 0 ({above} above, {below} below); about "
        f"{words.decimal(chance, 1)} would by chance, more as a year holds few windows."
    )


def _count(lines: Sequence[SkillLine], verdict: str) -> int:
    return sum(line.verdict == verdict for line in lines)


def equity_title(equity: pd.DataFrame | None) -> str:
    """What 100 became, beside the simpler things one could have done."""
    if equity is None or len(equity) < 2 or "strategy" not in equity:
        return ""
    base = float(equity["strategy"].iloc[0])
    names = {"strategy": "", "buy_and_hold": "buy and hold", "random_median": "the median of random entries"}
    ends = {
        name: words.decimal(100 * float(equity[name].iloc[-1]) / base, 0)
        for name in names
        if name in equity and words.number(equity[name].iloc[-1]) is not None
    }
    others = [f"{ends[name]} with {label}" for name, label in names.items() if label and name in ends]
    text = f"From {words.day(equity['date'].iloc[0])} to {words.day(equity['date'].iloc[-1])} 100 became {ends['strategy']}"
    return f"{text}, against {words.join(others)}." if others else f"{text}."
