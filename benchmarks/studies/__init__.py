"""Simulations behind the tables of docs/method.md: minutes to hours each, so no part of ``make bench``."""
