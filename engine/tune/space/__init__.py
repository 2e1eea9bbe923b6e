"""Which settings a search may move, and between which values: :mod:`.parameter` is one dimension, :mod:`.groups` says which
keys belong to which group."""

from engine.tune.space.groups import (
    DECISION_PATHS,
    EVENT_PATHS,
    GROUP_PATHS,
    MODEL_PATHS,
    default_space,
    edges,
    search_space,
    searched_ranges,
    start_values,
)
from engine.tune.space.parameter import Parameter

__all__ = [
    "DECISION_PATHS",
    "EVENT_PATHS",
    "GROUP_PATHS",
    "MODEL_PATHS",
    "Parameter",
    "default_space",
    "edges",
    "search_space",
    "searched_ranges",
    "start_values",
]
