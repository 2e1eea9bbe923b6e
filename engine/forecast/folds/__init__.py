"""The walk-forward: calendar, rows, standardisation, selection, and the walk over the folds."""
