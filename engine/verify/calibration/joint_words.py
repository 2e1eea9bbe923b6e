"""The joint calibration test in words: what was tested, what would have been noticed, to which side the forecasts lean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.table.words import decimal
from engine.verify.calibration.joint import JointTest
from engine.verify.calibration.power import LEVEL, in_words


def joint_verdict(test: JointTest, classes: Sequence[str]) -> str:
    """One or two sentences; "not distinguishable from calibrated", never "calibrated"."""
    asked = (
        f"outcomes ask for log-odds times {decimal(test.exponent)} "
        f"({decimal(test.exponent_low)} to {decimal(test.exponent_high)}; p = {test.p_temperature:.3f})"
    )
    if test.found:
        parts = []
        if test.p_temperature <= LEVEL:
            parts.append(f"too {'timid' if test.lean == 'timid' else 'bold'}: {asked}")
        for horizon, p in test.p_intercept.items():
            if p <= LEVEL:
                parts.append(
                    f"off on average at {horizon} sessions: {_points(test, horizon, classes)} (p = {p:.3f})"
                )
        told = "; ".join(parts) or "by temperature and intercept together"
        return f"Distinguishable from calibrated (joint p = {test.p_joint:.3f}). The forecasts are {told}."
    text = (
        f"Not distinguishable from calibrated by temperature and intercept at all horizons together "
        f"(joint p = {test.p_joint:.3f})"
    )
    if test.power:
        noticed = test.power["overconfidence_25"]["any"]
        text += f"; an overconfidence of 25% would be noticed {in_words(noticed)} (power {noticed:.0%})"
    if test.lean == "neither" or test.exponent != test.exponent:
        return f"{text}."
    side = "timid" if test.lean == "timid" else "bold"
    return f"{text}. If anything the forecasts are too {side}: {asked}."


def joint_metrics(test: JointTest, classes: Sequence[str], instruments: Sequence[str]) -> dict[str, Any]:
    """The test as a dictionary for ``metrics.json``, horizons as text."""
    return {
        "verdict": joint_verdict(test, classes),
        "p_joint": test.p_joint,
        "p_temperature": test.p_temperature,
        "temperature_statistic_nats": test.statistic,
        "exponent": test.exponent,
        "exponent_low": test.exponent_low,
        "exponent_high": test.exponent_high,
        "lean": test.lean,
        "p_temperature_at": {str(h): p for h, p in test.p_temperature_at.items()},
        "p_intercept": {str(h): p for h, p in test.p_intercept.items()},
        "frequency_minus_forecast": {
            str(h): dict(zip(classes, d.tolist(), strict=True)) for h, d in test.differences.items()
        },
        "p_temperature_of": dict(zip(instruments, test.p_of_instruments.tolist(), strict=True)),
        "power": test.power,
    }


def _points(test: JointTest, horizon: int, classes: Sequence[str]) -> str:
    apart = dict(zip(classes, 100 * test.differences[horizon], strict=True))
    largest = sorted(apart, key=lambda name: -abs(apart[name]))[:2]
    return " and ".join(
        f"{name} happens {abs(apart[name]):.1f} points {'more' if apart[name] > 0 else 'less'} often than said"
        for name in largest
    )
