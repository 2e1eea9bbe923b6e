from __future__ import annotations

import dataclasses
import re

import pytest

from engine.config import OutcomeConfig
from engine.report.prose.brief.brief import BriefSettings, build_brief
from engine.table.around import Fact
from tests.report import factory


@pytest.fixture(scope="module")
def material():
    return factory.make_material()


def test_sections_are_those_of_an_analysts_note(material):
    text = build_brief(material.scenarios, material.metrics)
    assert re.findall(r"^## (.*)$", text, flags=re.M) == [
        "Technical overview",
        "Levels to watch",
        "Probability table",
        "How far to trust it",
        "Summary",
        "Disclaimer",
    ]
    assert text.index("**Resistance**") < text.index("**Support**")
    assert text.endswith("\n")


def test_every_probability_column_sums_to_100(material):
    text = build_brief(material.scenarios, material.metrics)
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("| Scenario")]
    assert len(tables) == 2
    for lines in tables:
        cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]
        assert len(cells) == 3
        for column in range(1, len(cells[0]) - 1):
            shares = [re.search(r"(\d+)%", row[column]) for row in cells]
            assert sum(int(m[1]) for m in shares if m) == 100


def test_it_says_whether_the_rules_added_anything(material):
    nothing = build_brief(material.scenarios, factory.make_metrics(0.004, -0.002, 0.010))
    something = build_brief(material.scenarios, factory.make_metrics(0.006, 0.001, 0.011))
    # in its section and the summary
    assert nothing.count("added nothing over distance and volatility alone") == 2
    assert "added something over distance and volatility alone" in something
    assert "not been verified" in build_brief(material.scenarios, None)


def test_several_instruments_share_one_trust_section():
    material = factory.make_material(("AAA", "BBB"))
    text = build_brief(material.scenarios, material.metrics)
    assert text.count("How far to trust it") == 1
    assert text.count("### Probability table") == 2
    assert text.startswith("# Scenario analysis, ")


def test_short_history_gives_a_brief_without_guesses():
    replay = factory.make_replay(n=12)
    row = replay.iloc[-1]
    from engine.table.build import build_scenario

    text = build_brief([build_scenario(row, None, None)])
    assert "too short" in text
    assert "nan" not in text.lower()
    assert "None" not in text


def test_it_says_what_settles_the_table(material):
    told = build_brief(material.scenarios, settings=BriefSettings(outcome=OutcomeConfig(floor_break="touch")))
    assert told.index("## Probability table") < told.index("Up: a high reaches") < told.index("| Scenario")
    assert "before a low below" in told
    assert "before a close below" in build_brief(material.scenarios)


def test_the_chart_stands_where_the_note_has_them(material):
    (scenario,) = material.scenarios
    settings = BriefSettings(
        charts={scenario.instrument: "brief.svg"},
    )
    text = build_brief(material.scenarios, material.metrics, settings)
    places = [
        "![",
        "## Technical overview",
        "| Scenario",
        "## Summary",
        "## Disclaimer",
    ]
    assert [text.index(place) for place in places] == sorted(text.index(place) for place in places)
    summary = text.split("## Summary")[1]
    for piece in ("The bias of", "The real test is", "times in 100", "structure is intact"):
        assert piece in summary


def test_related_instruments_are_one_note_that_says_why_they_differ():
    material = factory.make_material(("AAA", "BBB"))
    text = build_brief(material.scenarios, material.metrics, BriefSettings(related=True))
    assert text.startswith("# AAA and BBB, ")
    why = text.split("## Why their tables differ")[1].split("##")[0]
    one, two = (s.longest.whole_percents["continuation"] for s in material.scenarios)
    assert f"Up has {one}% for AAA and {two}% for BBB" in why
    assert "come from distance and volatility" in why


def test_what_is_known_of_every_instrument_is_said_once():
    def fact(role, value):
        return Fact(role, role, value, "%", None, "", "2025-12-01", "2025-12-02")

    one, two = factory.make_material(("AAA", "BBB")).scenarios
    shared, own = fact("policy_rate", 3.9), fact("yield_10y", 4.1)
    one = dataclasses.replace(one, fundamentals=[shared, own])
    two = dataclasses.replace(two, fundamentals=[shared])
    text = build_brief([one, two])
    assert text.count("Policy rate: 3.90%") == 1
    assert (
        text.index("### Fundamentals") < text.index("10-year yield: 4.10%") < text.index("\n## Fundamentals")
    )
    assert build_brief([one]).count("Fundamentals") == 1
