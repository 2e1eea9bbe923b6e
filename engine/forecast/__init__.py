"""Probabilities of the three scenarios: baselines, classifiers, calibrators, the purged walk-forward."""
