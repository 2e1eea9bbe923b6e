from __future__ import annotations

import io

import pytest
from rich.console import Console

from engine.report.terminal import terminal
from engine.report.terminal.trust_view import skill_view
from engine.report.trust import read_metrics
from tests.report import factory


@pytest.fixture(scope="module")
def material():
    return factory.make_material()


def printed(renderable, width: int = 80) -> str:
    buffer = io.StringIO()
    Console(file=buffer, width=width, no_color=True, highlight=False).print(renderable)
    return buffer.getvalue()


def test_the_table_fits_80_columns_without_colour(material):
    text = printed(terminal.scenario_view(material.scenarios[0]))
    assert "\x1b" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    for piece in ("Up to ", "Between ", "Down through ", "FHS", "Resistance", "Support"):
        assert piece in text


def test_whole_percents_in_a_column_sum_to_100(material):
    table = material.scenarios[0].longest
    text = printed(terminal.scenario_view(material.scenarios[0]), width=120)
    block = text.split("Next 15 sessions")[1]
    shares = []
    for row in table.rows:
        line = next(line for line in block.splitlines() if line.startswith(row.title))
        shares.append(int(line.removeprefix(row.title).split("%")[0]))
    assert sum(shares) == 100


def test_output_that_is_no_terminal_is_plain(material):
    buffer = io.StringIO()
    console = terminal.make_console(buffer)
    console.print(terminal.scenario_view(material.scenarios[0]))
    assert "\x1b" not in buffer.getvalue()


def test_the_book_shows_every_level_and_its_history(material):
    text = printed(terminal.book_view(material.scenarios[0]), width=100)
    for name in ("Multi-week support shelf", "Prior all-time-high region", "200-day moving average"):
        assert name in text
    assert "resistance until 2 May, support since" in text
    header = next(line for line in text.splitlines() if line.startswith("Level "))
    assert header.split()[:7] == ["Level", "Name", "Away", "ATR", "Sigma", "Tests", "Age"]


def test_skill_and_findings_views(material):
    text = printed(skill_view(read_metrics(material.metrics)))
    assert "Filtered history" in text
    assert "+0.4%" in text
    text = printed(terminal.run_view(material.scenarios, material.metrics, full=True))
    assert "failure: Not better than filtered history" in text
    assert "1 check passed, 1 not applicable." in text


def test_a_date_without_forecast_says_so():
    replay = factory.make_replay(n=300)
    scenario = factory.make_scenario(replay, None, attributions={})
    assert "No forecast exists for this date" in printed(terminal.scenario_view(scenario))


def test_the_first_screen_is_thirty_lines_and_the_longest_horizon(material):
    for view in (
        terminal.scenario_view(material.scenarios[0]),
        terminal.run_view(material.scenarios, material.metrics),
    ):
        text = printed(view, width=100)
        assert len(text.splitlines()) <= 29
        assert "Next 15 sessions" in text
        assert "Next 10 sessions" not in text
    other = printed(terminal.scenario_view(material.scenarios[0], terminal.Shown(horizon=10)), width=100)
    assert "Next 10 sessions" in other


def test_the_averages_are_in_every_list_of_levels(material):
    text = printed(terminal.levels_view(material.scenarios[0], limit=1), width=100)
    assert "200-day moving average" in text
    assert "50-day moving average" in text
