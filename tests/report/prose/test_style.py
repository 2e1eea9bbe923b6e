"""Every sentence that generated states produce: no grammar scars, no contradictions, and no number that is not in the state.

Three hundred states give more than 5,000 distinct sentences.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from engine.config import OutcomeConfig
from engine.question import CHANGES
from engine.report.prose import overview, question, since
from engine.report.prose.attribution_words import attribution_sentence
from engine.report.prose.brief.brief import BriefSettings, build_brief
from engine.report.prose.brief.related import why_they_differ
from engine.table import words
from engine.table.build import build_scenario
from engine.table.explain.explanation import Explanation
from engine.table.outlook import outlook
from engine.table.story.attribution import Attribution, Share
from engine.table.story.background import Background
from engine.table.story.change import EdgeMove, share_of
from engine.table.story.past import Past
from engine.table.story.reasons import _REASONS
from tests.report import factory

STATES, LEAST = 300, 5000
_SCARS = {
    "a doubled word": re.compile(r"\b(\w+) \1\b", re.I),
    "two spaces": re.compile(r"  "),
    "a space before a sign": re.compile(r" [,.;:%)]"),
    "two signs": re.compile(r"[,;:.]{2}|\(\)|\( "),
    "a hyphen for a minus": re.compile(r"(?<![\w–])-\d"),
    "a word for nothing": re.compile(r"\b(nan|none|inf|null|True|False)\b"),
    "one of many": re.compile(r"(?<![\d.,])\b1 (sessions|weeks|windows|times)\b"),
    "an article": re.compile(r"\ba [aeiou](?!ne)|\ban [^aeiou\W]", re.I),
    "a zero with a sign": re.compile(r"[+−]0(\.0+)?(?![\d.])"),
    "an ISO date": re.compile(r"\d{4}-\d\d-\d\d"),
}


def _state(seed: int):
    rng = np.random.default_rng([17, seed])
    close = float(np.exp(rng.uniform(0, 10)))
    atr = close * float(rng.uniform(0.004, 0.04))
    bearish = rng.random() < 0.4
    row = {
        "instrument": "SIM", "date": pd.Timestamp("2020-01-02") + pd.Timedelta(days=int(rng.integers(0, 900))),
        "close": close, "atr_14": atr, "sigma": atr / close / 1.2, "rsi_14": float(rng.uniform(15, 85)),
        "sma_50": close + atr * rng.uniform(-5, 5), "sma_200": close + atr * rng.uniform(-12, 12),
        "slope_sma_50_atr": rng.uniform(-3, 3), "slope_sma_200_atr": rng.uniform(-2, 2),
        "all_time_high": close * float(1 + rng.uniform(0, 0.4)), "rebound_percent": float(rng.uniform(-3, 20)),
        "higher_lows": float(rng.integers(-4, 5)), "higher_highs": float(rng.integers(-4, 5)),
        "return_5_sigma": rng.normal(), "return_20_sigma": rng.normal(), "return_60_sigma": rng.normal(),
        "volatility_ratio": float(rng.uniform(0.5, 2.0)), "bias": float(rng.integers(-1, 2)),
        "sessions_since_sma_50_reclaimed": float(rng.integers(0, 90)),
        "sessions_since_sma_50_lost": float(rng.integers(0, 90)),
        "sessions_since_overbought": float(rng.integers(0, 60)), "sessions_since_oversold": float(rng.integers(0, 60)),
        "floor": close - atr * rng.uniform(1.4, 5), "target_low": close + atr * rng.uniform(1.4, 5),
    }  # fmt: skip
    row["rsi_regime"] = float(
        np.select([row["rsi_14"] <= 30, row["rsi_14"] >= 70, row["rsi_14"] > 50], [-2, 2, 1], -1)
    )
    row["drawdown_percent"] = 100 * (1 - close / row["all_time_high"])
    row["distance_sma_50_atr"] = (close - row["sma_50"]) / atr
    row["target_high"] = row["target_low"] + atr * rng.uniform(0, 0.6)
    row["ceiling"] = min(close + atr * rng.uniform(0.25, 1.4), row["target_low"])
    row["retest"] = row["floor"] - atr * rng.uniform(0.5, 2)
    for edge, level in (("floor", 11), ("ceiling", 3), ("target", 5), ("retest", 12)):
        row[f"{edge}_level_id"] = -1 if rng.random() < 0.2 else level
    row["flip_price"] = float(rng.choice([row["sma_50"], row["sma_200"], row["floor"], row["ceiling"]]))
    row["position"] = float(rng.integers(0, 7))
    if rng.random() < 0.1:
        row["sma_200"] = row["slope_sma_200_atr"] = np.nan
    forecasts, intervals, attributions, shares = [], {}, {}, []
    for horizon in (10, 15):
        p, before, alone, old = (rng.dirichlet([3, 2, 2]) for _ in range(4))
        names = ("continuation", "range", "breakdown")
        line = {"instrument": "SIM", "date": row["date"], "horizon_sessions": horizon}
        for k, name in enumerate(names):
            line |= {f"p_{name}": p[k], f"filtered_history_{name}": alone[k]}
            width = rng.uniform(0.01, 0.12)
            intervals[horizon, name] = (max(p[k] - width, 0.0), min(p[k] + width, 1.0))
            facts = rng.permutation([*_REASONS, "levels_above", "floor_age"])[:9]
            moved = tuple(Share(str(f), bool(rng.random() < 0.5), float(rng.normal(0, 0.01))) for f in facts)
            moved = tuple(sorted(moved, key=lambda share: -abs(share.points)))
            attributions[horizon, name] = Attribution(
                float(alone[k]), moved, float(p[k] - alone[k] - sum(share.points for share in moved))
            )
            shares.append(
                share_of(horizon, name, (before[k], p[k]), (old[k], alone[k]), float(rng.uniform(0, 1)))
            )
        forecasts.append(line)
    days = [str(d) for d in pd.bdate_range(end=row["date"], periods=40).date]
    past = Past(
        low=close / (1 + row["rebound_percent"] / 100), low_on=days[-9], low_sessions=int(rng.integers(5, 60)),
        lows_since=days[2] if rng.random() < 0.8 else None, highs_since=days[4],
        turned_back_on=tuple(days[: int(rng.integers(0, 4))]), held_on=tuple(days[5 : 5 + int(rng.integers(0, 4))]),
        oversold_on=days[1], oversold_rsi=float(rng.uniform(10, 30)), crossed_on=days[-5],
    )  # fmt: skip
    moves = []
    for edge in ("target", "floor"):
        if rng.random() < 0.4:
            was = close + (2 if edge == "target" else -2) * atr
            high = was + (0.3 * atr if edge == "target" else 0.0)
            low, now = ("target_low", "target_high") if edge == "target" else ("floor", "floor")
            why = str(rng.choice([c for c in CHANGES if c != "kept"]))
            moves.append(EdgeMove(edge, was, high, row[low], row[now], why))
    background = Background(past=past, since=days[-2], moves=tuple(moves))
    series = pd.Series(row)
    explained = Explanation(intervals=intervals, attributions=attributions, shares=shares)
    name = str(rng.choice(["Russell 2000 futures", "Nasdaq Composite", "EURUSD"]))
    book = factory.make_book(series)
    scenario = build_scenario(
        row, book, pd.DataFrame(forecasts), name=name, explained=explained, background=background
    )
    return scenario, bearish


def _sentences(scenario) -> list[str]:
    said = [
        outlook(scenario),
        overview.opening(scenario),
        overview.structure(scenario),
        since.since_yesterday(scenario),
    ]
    said += [paragraph.text for paragraph in overview.technical_overview(scenario, 0.25)]
    said += [f"{paragraph.title}." for paragraph in overview.technical_overview(scenario, 0.25)]
    said += [
        scenario.bias.sentence,
        scenario.bias.flip_sentence,
        question.question(scenario, OutcomeConfig()),
    ]
    for table in scenario.horizons:
        said += [row.note for row in table.rows] + [attribution_sentence(row) for row in table.rows]
    brief = build_brief([scenario], None, BriefSettings())
    said.append(brief.split("## Summary")[1].split("\n\n")[1])
    return [text for text in said if text]


@pytest.fixture(scope="module")
def states():
    return [_state(seed)[0] for seed in range(STATES)]


def test_sentences_have_no_scars(states):
    distinct: set[str] = set()
    for number, scenario in enumerate(states):
        said = _sentences(scenario)
        if number % 7 == 0:
            said.append(why_they_differ([scenario, states[number - 1]]))
        for text in said:
            distinct.add(text)
            for name, scar in _SCARS.items():
                assert not scar.search(text), (name, scar.search(text), text)
            assert text[-1] in ".", text
            assert text[0].isupper() or text[0].isdigit() or text[0] in "“", text
            assert text.count("(") == text.count(")"), text
    assert len(distinct) >= LEAST


def test_numbers_are_those_of_the_state(states):
    """A price in a sentence is a price of the state as its decimals show it."""
    for scenario in states[::5]:
        known = {scenario.close, *(x for x in scenario.facts.values() if x is not None), scenario.past.low}
        known |= {scenario.bias.flip_price}
        for edge in (
            scenario.setup.floor,
            scenario.setup.ceiling,
            scenario.setup.target,
            scenario.setup.retest,
        ):
            known |= {edge.low, edge.high}
        known |= {x for line in scenario.levels for x in (line.low, line.high)}
        for move in scenario.change.moves:
            known |= {move.before_low, move.before_high, move.low, move.high}
        shown = {scenario.price(x) for x in known if x is not None}
        if scenario.close < 1200:  # below, a price cannot be told from a count or a year by its looks
            continue
        for text in _sentences(scenario):
            for found in re.findall(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
                assert found in shown, (found, text)


def test_verbs_follow_intervals_and_phrases_do_not_contradict(states):
    for scenario in states:
        table, text = scenario.longest, outlook(scenario)
        first = max(table.rows, key=lambda row: row.probability)
        if "more likely than not" in text:
            assert first.low > 0.5
        if "is likely over" in text:
            assert first.low >= 0.6
        for paragraph in overview.technical_overview(scenario, 0.25):
            assert not ("overbought:" in paragraph.text and "oversold zone" in paragraph.text)
            if paragraph.title == "Price is below both averages":
                assert "above the 50-day" not in paragraph.text
        for row in table.rows:
            assert row.note.count(";") <= 1
            assert "against it, against" not in row.note
            if row.scenario == "breakdown" and "tested" in row.note:
                assert "gainst it" in row.note  # a floor that holds is never a reason for a break


def test_no_phrase_is_said_twice_in_one_text(states):
    for scenario in states[::3]:
        for paragraph in overview.technical_overview(scenario, 0.25):
            pieces = [
                piece.strip() for piece in re.split(r"[.;:](?!\d)", paragraph.text) if len(piece.split()) > 5
            ]
            assert not [piece for piece, n in Counter(pieces).items() if n > 1]


def test_one_name_for_one_thing(states):
    """The scenarios are up, between and down on every screen."""
    brief = build_brief([states[0]], factory.make_metrics())
    for old in ("Continuation", "Breakdown", "Consolidation", "continuation", "breakdown"):
        assert old not in brief
    assert [words.SCENARIO_LABELS[name] for name in words.DISPLAY_ORDER] == ["Up", "Between", "Down"]
