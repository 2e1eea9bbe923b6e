"""Calibration of each class, and what a perfect forecast would show."""
