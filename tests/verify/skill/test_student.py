import numpy as np
import pytest
from scipy.stats import t as student_t

from engine.verify.skill.student import student_quantile, student_tail

DEGREES = (1.5, 3.0, 7.25, 60.0, 1e4)


@pytest.mark.parametrize("degrees", DEGREES)
def test_tail_and_quantile_are_to_the_bit_those_of_scipy_stats(degrees):
    for value in np.linspace(-8.0, 8.0, 41):
        assert student_tail(value, degrees) == student_t.sf(value, degrees)
    for share in (0.001, 0.05, 0.5, 0.95, 0.999):
        assert student_quantile(share, degrees) == student_t.ppf(share, degrees)


def test_nan_stays_nan():
    assert np.isnan(student_tail(float("nan"), 5.0))
    assert np.isnan(student_quantile(float("nan"), 5.0))
