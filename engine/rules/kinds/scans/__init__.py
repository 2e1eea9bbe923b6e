"""Searches that several kinds share."""
