"""Prices that cannot be what the market paid."""
