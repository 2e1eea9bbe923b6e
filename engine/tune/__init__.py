"""Search over named settings, with a holdout that is scored once."""
