import numpy as np

from engine.backtest.comparisons import random_signals


def days(n):
    return np.datetime64("2000-01-03", "D") + np.arange(n)


def test_entries_come_at_the_rate_and_only_where_allowed():
    eligible = np.arange(5000) % 3 > 0
    signals = random_signals("RUT", days(5000), eligible, 0.2, 50, 7)
    assert not signals[:, ~eligible].any()
    # 166,650 draws: the standard error of the rate is 0.001, five of them are allowed
    assert abs(signals[:, eligible].mean() - 0.2) < 0.005
    # neither draws nor days follow each other: correlations of 5,000 pairs have an error of 0.014
    assert abs(np.corrcoef(signals[0], signals[1])[0, 1]) < 0.4
    free = random_signals("RUT", days(5000), np.ones(5000, bool), 0.2, 2, 7).astype(float)
    assert abs(np.corrcoef(free[0], free[1])[0, 1]) < 0.07
    assert abs(np.corrcoef(free[0, 1:], free[0, :-1])[0, 1]) < 0.07


def test_a_longer_history_or_more_draws_reshuffle_nothing():
    everything = np.ones(300, bool)
    long = random_signals("RUT", days(300), everything, 0.3, 9, 7)
    short = random_signals("RUT", days(200), everything[:200], 0.3, 4, 7)
    np.testing.assert_array_equal(long[:4, :200], short)
    later = random_signals("RUT", days(300)[100:], everything[100:], 0.3, 9, 7)
    np.testing.assert_array_equal(long[:, 100:], later)


def test_seed_and_symbol_matter():
    everything = np.ones(300, bool)
    base = random_signals("RUT", days(300), everything, 0.3, 5, 7)
    assert (base != random_signals("RUT", days(300), everything, 0.3, 5, 8)).any()
    assert (base != random_signals("SPY", days(300), everything, 0.3, 5, 7)).any()
