"""The forecasts to be beaten."""
