import numpy as np
import pytest

from engine.kernels.blocks import next_position, resampled_positions


def test_blocks_begin_where_they_are_told_and_wrap_round():
    place, walked = 0, []
    for start in (3, -1, 5, -1, -1, 2):
        place = next_position(place, start, 6)
        walked.append(int(place))
    assert walked == [3, 4, 5, 0, 1, 2]


def test_blocks_keep_neighbours_together():
    drawn = resampled_positions(100, 1100, 50.0, np.random.default_rng(0))
    assert len(drawn) == 1000
    assert drawn.min() >= 100
    assert drawn.max() < 1100
    joined = np.mean(np.diff(drawn) == 1)
    assert joined == pytest.approx(1 - 1 / 50, abs=0.02)  # 4 standard errors
