"""Forecasts written down before their outcome exists, and what became of them."""
