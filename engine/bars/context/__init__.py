"""What else was known at a close: series published elsewhere, joined by the date on which they were known."""

from engine.bars.context.family import CONTEXT_FEATURES, context_features
from engine.bars.context.join import known_values
from engine.bars.context.observed import Context, Observed
from engine.bars.context.read import read_context
from engine.bars.context.unit import check_volatility

__all__ = [
    "CONTEXT_FEATURES",
    "Context",
    "Observed",
    "check_volatility",
    "context_features",
    "known_values",
    "read_context",
]
