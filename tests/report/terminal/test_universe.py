"""Many instruments take a few lines, whatever their number."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from engine.report.prose.apart import disagreement
from engine.report.terminal import terminal
from engine.report.terminal.universe import LINES
from tests.report import factory


@pytest.fixture(scope="module")
def material():
    return factory.make_material()


@pytest.fixture
def printed():
    def as_text(renderable):
        console = Console(file=io.StringIO(), width=100, no_color=True)
        console.print(renderable)
        return console.file.getvalue()

    return as_text


def test_five_hundred_instruments_fit_into_forty_lines(material, printed):
    one = material.scenarios[0]
    scenarios = [replace(one, instrument=f"S{k:03d}") for k in range(500)]
    text = printed(terminal.run_view(scenarios, material.metrics))
    assert len(text.splitlines()) <= 40
    assert f"{500 - LINES} more instruments" in " ".join(text.split())
    assert "engine show RUN --symbol S" in " ".join(text.split())


def test_the_instrument_that_differs_most_from_filtered_history_comes_first(material, printed):
    one = material.scenarios[0]
    row = one.longest.rows[0]
    apart = replace(row, baselines=row.baselines | {"filtered_history": abs(row.probability - 0.9)})
    table = replace(one.longest, rows=(apart, *one.longest.rows[1:]))
    bold = replace(one, instrument="BOLD", horizons=(*one.horizons[:-1], table))
    assert disagreement(bold) > disagreement(one)
    text = printed(terminal.run_view([one, one, one, bold], None))
    first = next(line for line in text.splitlines() if "%" in line)
    assert first.startswith("BOLD")
