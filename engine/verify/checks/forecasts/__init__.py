"""Checks of the forecasts: skill, calibration, and whether there is enough to judge them by."""
