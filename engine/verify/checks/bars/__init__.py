"""Checks of the bars a run stands on."""
