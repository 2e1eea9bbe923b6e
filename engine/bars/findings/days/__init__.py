"""Dates that are not the days of a market."""
