"""Scores, skill over every baseline with intervals that know about overlap, regimes, comparison of runs."""
