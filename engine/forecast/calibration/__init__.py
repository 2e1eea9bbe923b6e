"""Calibrators, and the walk that fits them on out-of-sample forecasts only."""
