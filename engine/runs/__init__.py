"""A run's folder: written, opened, listed, drawn."""
