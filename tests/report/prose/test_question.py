from __future__ import annotations

import pytest

from engine.config import OutcomeConfig
from engine.report.prose.question import question
from engine.table.build import build_scenario
from tests.table.test_scenario import forecasts, reference_row


@pytest.mark.parametrize(
    ("outcome", "pieces"),
    [
        (
            OutcomeConfig(),
            (
                "a high reaches 2,560 before a close below 2,415",
                "neither within the horizon, even where price passes",
            ),
        ),
        (OutcomeConfig(floor_break="touch"), ("before a low below 2,415",)),
        (OutcomeConfig(rule="band"), ("first close outside 2,415 to 2,500",)),
        (OutcomeConfig(rule="terminal"), ("last close of the horizon alone: above 2,500",)),
    ],
)
def test_the_question_names_the_prices_that_decide_it(outcome, pieces):
    text = question(build_scenario(reference_row(), None, forecasts()), outcome)
    assert all(piece in text for piece in pieces)


def test_no_setup_no_question():
    row = {**reference_row(), "target_low": None}
    assert question(build_scenario(row, None, forecasts()), OutcomeConfig()) == ""
