from itertools import combinations

import numpy as np
import pytest
from scipy.stats import rankdata

from engine.backtest.overfitting import block_moments, probability_of_overfitting
from engine.errors import InputError


def twin(returns, blocks):
    """The procedure of the paper on the return matrix itself: (sessions, trials)."""
    parts = np.array_split(np.arange(len(returns)), blocks)
    logits = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[b] for b in chosen])
        outside = np.concatenate([parts[b] for b in range(blocks) if b not in chosen])
        score_in = returns[inside].mean(axis=0) / returns[inside].std(axis=0)
        score_out = returns[outside].mean(axis=0) / returns[outside].std(axis=0)
        relative = rankdata(score_out)[np.argmax(score_in)] / (returns.shape[1] + 1)
        logits.append(np.log(relative / (1 - relative)))
    return np.array(logits)


def moments_of(returns, blocks):
    return np.array([block_moments(column, blocks) for column in returns.T])


def test_splits_equal_the_procedure_on_the_return_matrix():
    returns = np.random.default_rng(3).normal(2e-4, 0.01, (203, 7))
    result = probability_of_overfitting(moments_of(returns, 8))
    expected = twin(returns, 8)
    np.testing.assert_allclose(result.logits, expected, atol=1e-12)
    assert result.probability == np.mean(expected <= 0)
    assert (result.trials, result.blocks) == (7, 8)


def test_a_real_edge_is_not_called_overfitted_and_pure_luck_is():
    rng = np.random.default_rng(4)
    noise = rng.normal(0.0, 0.01, (1600, 20))
    edge = noise.copy()
    edge[:, 4] += 0.003
    assert probability_of_overfitting(moments_of(edge, 10)).probability < 0.01
    # 20 searches over noise: the mean of their probabilities lies in the middle.  Its standard error is
    # about 0.05, so the band is +- 3.5 of them
    found = [
        probability_of_overfitting(moments_of(rng.normal(0, 0.01, (320, 20)), 8)).probability
        for _ in range(20)
    ]
    assert 0.33 < np.mean(found) < 0.67


def test_a_trial_that_never_traded_scores_zero():
    returns = np.zeros((64, 2))
    returns[:, 1] = np.random.default_rng(5).normal(0.005, 0.01, 64)
    result = probability_of_overfitting(moments_of(returns, 4))
    assert np.isfinite(result.logits).all()


def test_bad_arguments_are_named():
    for call, code in [
        (lambda: block_moments(np.zeros(100), 7), "backtest.odd_blocks"),
        (lambda: block_moments(np.zeros(10), 16), "backtest.too_few_returns"),
        (lambda: probability_of_overfitting(np.zeros((1, 4, 3))), "backtest.no_trials"),
        (lambda: probability_of_overfitting(np.zeros((4, 3))), "backtest.bad_shape"),
        (lambda: probability_of_overfitting(np.zeros((4, 3, 3))), "backtest.odd_blocks"),
    ]:
        with pytest.raises(InputError) as error:
            call()
        assert error.value.code == code
