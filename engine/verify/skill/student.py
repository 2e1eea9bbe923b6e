"""Student's t distribution: tail and quantile, without the half second that importing scipy.stats costs."""

from __future__ import annotations

from scipy.special import stdtr, stdtrit


def student_tail(value: float, degrees: float) -> float:
    """P(t > value) with ``degrees`` of freedom (above 0, need not be whole); NaN for NaN."""
    return float(stdtr(degrees, -value))


def student_quantile(share: float, degrees: float) -> float:
    """The value that t stays below with probability ``share`` (in (0, 1)); NaN for NaN."""
    return float(stdtrit(degrees, share))
