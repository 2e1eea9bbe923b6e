"""How far forecasts can be trusted: skill, calibration, look-ahead audit, ledger, checks.

The tests as functions of plain arrays (:mod:`engine.verify.parts`) are named here: :func:`overlap_null`,
:func:`temperature_test`, :func:`noticed`, :func:`miscalibration`, :func:`skill_over`, :func:`look_ahead`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.verify.parts import (
        look_ahead,
        miscalibration,
        noticed,
        overlap_null,
        skill_over,
        temperature_test,
    )

__all__ = [
    "look_ahead",
    "miscalibration",
    "noticed",
    "overlap_null",
    "skill_over",
    "temperature_test",
]


def __getattr__(name: str) -> Any:
    # what needs compiled code is imported when it is used: `engine --help` does not wait for it
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from engine.verify import parts

    return getattr(parts, name)
