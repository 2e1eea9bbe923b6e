"""The scoreboard pairs models on the same rows and counts what it compares."""

from __future__ import annotations

import numpy as np
import pytest

from engine.report.prose.scoreboard_words import scoreboard_sentence
from engine.scenarios import SCENARIOS
from engine.verify.skill.scoreboard import scoreboard
from engine.verify.skill.skill import skill
from engine.verify.verify import common_rows
from tests.verify.factory import make_frames


@pytest.fixture(scope="module")
def board():
    """The model is exact; ``same`` repeats it, ``bold`` doubles its log-odds."""
    forecasts, replay = make_frames(2500, horizons=(5,))
    p = forecasts[[f"p_{s}" for s in SCENARIOS]].to_numpy()
    bold = p**2 / (p**2).sum(axis=1, keepdims=True)
    for k, s in enumerate(SCENARIOS):
        forecasts[f"same_{s}"], forecasts[f"bold_{s}"] = p[:, k], bold[:, k]
    found = scoreboard(forecasts, replay, ("same", "bold"), (5,), default="exact", coverage=0.9)
    return forecasts, replay, found


def test_who_is_told_apart(board):
    forecasts, replay, found = board
    lines = {line["model"]: line for line in found["horizons"]["5"]}
    assert found["compared"] == 2
    assert [line["model"] for line in found["horizons"]["5"]][-1] == "bold"
    assert "over_default" not in lines["exact"]
    # twice the log-odds costs several per cent of log loss here: one run, seed fixed
    assert lines["bold"]["over_default"]["high"] < 0
    assert lines["bold"]["over_default"]["dm_p_holm"] == pytest.approx(
        2 * lines["bold"]["over_default"]["dm_p_value"]
    )
    assert lines["same"]["over_default"]["skill"] == 0.0
    rows = common_rows(forecasts, 5, replay, others=("filtered_history",))
    alone = skill(rows, coverage=0.9).table.set_index("baseline").loc["filtered_history"]
    assert lines["exact"]["over_filtered_history"]["skill"] == pytest.approx(
        alone["log_loss_skill"], rel=1e-12
    )
    assert lines["exact"]["rows"] == len(rows)


def test_the_sentence_follows_the_corrected_p(board):
    found = board[2]
    assert (
        scoreboard_sentence(found)
        == "Worse than Exact: Bold at 5 sessions (2 comparisons, corrected for their number)."
    )
    assert scoreboard_sentence({}) is None
    none = {
        "default": "exact",
        "compared": 1,
        "horizons": {"5": [{"model": "b", "over_default": {"dm_p_holm": 0.2, "skill": 0.1}}]},
    }
    assert (
        scoreboard_sentence(none)
        == "No challenger is told apart from Exact (1 comparison, corrected for their number)."
    )


def test_a_missing_challenger_is_left_out(board):
    forecasts, replay, _ = board
    frame = forecasts.copy()
    for s in SCENARIOS:
        frame[f"same_{s}"] = np.nan
    found = scoreboard(frame, replay, ("same", "bold"), (5,), default="exact", coverage=0.9)
    assert [line["model"] for line in found["horizons"]["5"]] == ["exact", "bold"]
