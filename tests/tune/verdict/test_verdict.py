"""What a search may claim, against answers known from outside."""

import numpy as np
import pytest

from engine.tune.null import drawn_outcomes
from engine.tune.space import Parameter
from engine.tune.tune import tune
from engine.tune.verdict.luck import effective_trials, luck_of_blocks
from engine.tune.verdict.neighbourhood import best_neighbourhood, share_of_gain, steps_away
from tests.tune.fakes import bowl, config_of

SPACE = (Parameter("a", 0.0, 1.0), Parameter("b", 1, 11), Parameter("c", choices=("x", "y")))


def blocks_of(saved):
    """(k, b, 2) with a reference that loses 1 in every block."""
    return np.stack([saved, np.ones_like(saved)], axis=-1)


def test_the_best_of_independent_trials_without_skill_is_luck_and_a_real_gain_is_not():
    """False alarms: nominal 5 %; of 60 searches 3 reach it on average, more than 10 once in about 5,000."""
    rng = np.random.default_rng(0)
    low = 0
    for search in range(60):
        blocks = blocks_of(rng.normal(0.0, 0.1, (20, 40)))
        best = float(blocks[:, :, 0].mean(axis=1).max())
        low += luck_of_blocks(blocks, best, search, 20).p_value <= 0.05
    assert low <= 10
    blocks = blocks_of(rng.normal(0.0, 0.1, (20, 40)) + np.r_[0.1, np.zeros(19)][:, None])
    found = luck_of_blocks(blocks, float(blocks[:, :, 0].mean(axis=1).max()), 7, 20)
    assert found.p_value < 0.01
    # the expected maximum of 20 standard normals is 1.87 (tables of order statistics)
    assert found.best_median == pytest.approx(1.87 * 0.1 / np.sqrt(40), rel=0.15)


def test_trials_that_do_the_same_count_once():
    rng = np.random.default_rng(1)
    one = rng.normal(0, 1, 40)
    assert effective_trials(np.tile(one, (50, 1)), 50) == pytest.approx(1.0)
    assert effective_trials(rng.normal(0, 1, (50, 4000)), 50) == pytest.approx(50, abs=0.5)
    same = blocks_of(np.tile(0.1 * one, (50, 1)))
    other = blocks_of(rng.normal(0, 0.1, (50, 40)))
    assert luck_of_blocks(same, 0.0, 1, 50).best_high < luck_of_blocks(other, 0.0, 1, 50).best_high


def test_too_few_blocks_say_nothing():
    assert luck_of_blocks(blocks_of(np.zeros((3, 7))), 0.0, 1, 3) is None


def test_drawn_outcomes_have_the_probabilities_at_every_horizon_and_are_nested():
    """Shares of 200,000 overlapping rows lie within 0.02 of their probability (15 sessions: 13,000 independent rows,
    standard error below 0.0044, so a false alarm is a matter of one in 100,000)."""
    n, longest = 200_000, 15
    rise = np.linspace(0.02, 0.3, longest)
    table = np.broadcast_to(np.column_stack([rise, 1 - 2.5 * rise, 1.5 * rise]), (n, longest, 3))
    shocks = np.random.default_rng(2).standard_normal((n + longest + 1, 4))
    codes, session, event = drawn_outcomes(table, shocks, np.arange(n), longest)
    for h in (1, 8, 15):
        share = np.bincount(codes[:, h - 1], minlength=3) / n
        assert share == pytest.approx(table[0, h - 1], abs=0.02)
    decided = codes[:, 4] != 1
    assert (codes[decided, 14] == codes[decided, 4]).all()
    assert (session[codes[:, 14] == 1] == 0).all()
    assert (event[decided] == codes[decided, 4]).all()
    # neighbours share their sessions
    hit = (codes[:, -1] == 2).astype(float)
    assert np.corrcoef(hit[:-1], hit[1:])[0, 1] > 0.7
    assert abs(np.corrcoef(hit[:-longest], hit[longest:])[0, 1]) < 0.02


def test_a_plateau_is_preferred_to_a_peak():
    rng = np.random.default_rng(3)
    settings = [{"a": 0.7 + 0.02 * i, "b": 6, "c": "x"} for i in range(6)]
    settings += [
        {"a": 0.1, "b": 2, "c": "y"},
        *({"a": 0.1 + 0.02 * i, "b": 2, "c": "y"} for i in range(1, 5)),
    ]
    scores = np.r_[1.0 + 0.01 * rng.random(6), 3.0, 0.1 * rng.random(4)]
    pick = best_neighbourhood(SPACE, range(11), settings, scores)
    assert pick.values["c"] == "x"
    assert pick.neighbours == 6
    assert best_neighbourhood(SPACE, range(3), settings[:3], scores[:3]) is None


def test_steps_stay_inside_and_move_at_least_one_whole_step():
    steps = steps_away(SPACE, {"a": 0.95, "b": 1, "c": "x"})
    assert steps == [("a", "down", 0.85), ("b", "up", 2)]


def test_the_verdict_of_a_search_says_what_is_left_a_step_away():
    space = {"rules.rsi_bull": [42.0, 58.0], "rules.slope_sessions": [5, 60]}
    result = tune(config_of(space=space), trials=40, evaluate=bowl)
    verdict = result.verdict
    assert verdict.neighbourhood is not None
    assert verdict.neighbourhood.score <= result.best_score
    gain = result.best_score - result.default_score
    by_hand = {}
    for step in verdict.steps:
        moved = config_of(space=space).rules.model_copy(
            update={k.split(".")[1]: v for k, v in (result.best_values | {step.path: step.value}).items()}
        )
        value = bowl(config_of().model_copy(update={"rules": moved})).value
        by_hand[step.path, step.direction] = (value - result.default_score) / gain
        assert step.kept == pytest.approx(by_hand[step.path, step.direction])
    assert verdict.fragility == pytest.approx(min(by_hand.values()))
    assert [share_of_gain(kept) for kept in (-1.44, 0.004, 0.4)] == [
        "nothing of the gain",
        "nothing of the gain",
        "40% of the gain",
    ]
