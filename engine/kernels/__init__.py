"""What every stage may stand on: numba helpers, and the care of their compiled code."""
