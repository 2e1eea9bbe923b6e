"""Checks of how a run came about: what it was allowed to see, and what was tried before."""
