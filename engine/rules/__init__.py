"""Facts known at each close: indicators, pivots, level kinds, momentum, reading."""
