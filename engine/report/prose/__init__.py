"""Sentences: overview, verdicts, takeaways, the brief."""
