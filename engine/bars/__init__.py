"""Where bars come from, and whether they are sound."""
