"""Checks of the question the forecasts answer: its levels and its outcomes."""
