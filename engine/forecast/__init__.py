"""Probabilities of the three scenarios: baselines, classifiers, calibrators, the purged walk-forward.

``inputs`` is what a stage before this one hands over, ``walk_forward`` what it gets back, ``frame`` the same as a table.
``saved`` writes and reads fitted models, ``apply`` uses them on newer bars.  The rooms, in the order in which they import
each other: ``baselines``, ``models``, ``folds``, ``calibration``.
"""
