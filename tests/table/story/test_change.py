"""What changed since the session before: the parts add up, and an answered question is not split."""

from __future__ import annotations

import numpy as np
import pytest

from engine.question import CEILING, FLOOR, TARGET_HIGH, TARGET_LOW
from engine.report.prose.since import since_yesterday, tenths
from engine.table.build import build_scenario
from engine.table.explain.explain import explain
from engine.table.explain.explanation import Explanation
from engine.table.story.background import Background
from engine.table.story.change import EdgeMove, share_of
from tests.table.explain.test_explain import small
from tests.table.test_scenario import forecasts, reference_row


def test_the_parts_are_the_change_and_the_same_question_changes_nothing():
    config, entries, made = small()
    frame = made.frame.set_index(["date", "horizon_sessions"])
    setup, dates = entries[0].setup, entries[0].bars.dates
    split = kept = 0
    for bar in range(len(dates) - 40, len(dates)):
        told = explain(made, entries, config, [("A", dates[bar])])["A", dates[bar]]
        answered = (
            entries[0].bars.high[bar] >= setup[bar - 1, TARGET_LOW]
            or entries[0].bars.close[bar] < setup[bar - 1, FLOOR]
        )
        assert bool(told.shares) == (not answered and np.isfinite(setup[bar - 1 : bar + 1]).all())
        for share in told.shares:
            split += 1
            assert share.now - share.before == pytest.approx(share.question + share.market + share.rules)
            row = frame.loc[(dates[bar], share.horizon_sessions)]
            assert share.now == pytest.approx(float(row[f"p_{share.scenario}"]), abs=1e-12)
            deciding = [FLOOR, TARGET_LOW]
            if (setup[bar, deciding] == setup[bar - 1, deciding]).all():
                kept += 1
                assert share.question == pytest.approx(
                    0.0, abs=2e-3
                )  # the floor of a probability, renormalised
    assert split > 30
    assert kept or (setup[1:, [CEILING, TARGET_HIGH]] == setup[:-1, [CEILING, TARGET_HIGH]]).mean() < 0.5


def told(moves=(), shares=()) -> str:
    background = Background(since="2025-12-01", moves=moves)
    rows = forecasts()
    explained = Explanation(shares=list(shares))
    return since_yesterday(
        build_scenario(reference_row(), None, rows, explained=explained, background=background)
    )


def test_one_line_says_what_moved_why_and_where_the_change_comes_from():
    share = share_of(15, "continuation", (0.25, 0.505), (0.24, 0.48), 0.26)
    move = EdgeMove("target", 2607.0, 2607.0, 2560.0, 2570.0, "replaced")
    assert told((move,), (share,)) == (
        "Since 1 Dec 2025 the target moved from 2,607 to 2,560–2,570 (a projected price has taken its place). Up went from "
        "25.0% to 50.5%: +22.0 points from the question, +2.0 from price and volatility and +1.5 from the rules."
    )
    assert told((), (share,)).startswith("Since 1 Dec 2025 the question stands. Up went from")
    still = share_of(15, "continuation", (0.25, 0.25), (0.24, 0.24), 0.24)
    assert told((), (still,)) == "Since 1 Dec 2025 the question stands. Up stayed at 25.0%."
    reached = EdgeMove("target", 2480.0, 2490.0, 2560.0, 2570.0, "reached")
    assert told((reached,)) == (
        "Since 1 Dec 2025: the target of 2,480–2,490 was reached, so a new question is asked."
    )
    assert since_yesterday(build_scenario(reference_row(), None, forecasts())) == ""


def test_tenths_add_up_as_they_are_shown():
    rng = np.random.default_rng(3)
    for _ in range(300):
        parts = rng.normal(0, 0.05, 3).tolist()
        shown = tenths(parts, sum(parts))
        assert round(sum(shown), 1) == round(100 * sum(parts), 1)
        assert max(abs(a - 100 * b) for a, b in zip(shown, parts, strict=True)) < 0.21
