"""The three scenarios, in their order, and the codes the arrays carry."""

from __future__ import annotations

SCENARIOS = ("breakdown", "range", "continuation")  # ordered: breakdown < range < continuation
BREAKDOWN, RANGE, CONTINUATION = range(3)
UNRESOLVED = -1  # the horizon ends after the last session (null in files)
