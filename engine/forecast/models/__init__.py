"""Classifiers that start from the honest opponent, behind one interface."""
