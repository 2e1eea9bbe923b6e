"""Walks every date: level book, setup, feature row."""
