"""When to enter: one file a rule.  A rule gives each close a number; the threshold curve asks what other thresholds would do.

To add one: write its module with an :class:`EntryRule`, and add one line to ``ENTRY_RULES`` of ``engine.config.choices``.
"""

from engine.backtest.entries.rule import EntryRule, Known
from engine.config.choices import ENTRY_RULES


def entry_rule(name: str) -> EntryRule:
    """The rule that the config calls ``name``."""
    rule: EntryRule = ENTRY_RULES[name].load()
    return rule


__all__ = ["EntryRule", "Known", "entry_rule"]
