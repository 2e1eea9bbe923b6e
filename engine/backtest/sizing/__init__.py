"""How much goes into a trade: one file a rule.

To add one: write its module with a :class:`Sizing`, and add one line to ``SIZINGS`` of ``engine.config.choices``.
"""

from engine.backtest.sizing.rule import Sizing
from engine.config.choices import SIZINGS


def sizing(name: str) -> Sizing:
    """The rule that the config calls ``name``."""
    rule: Sizing = SIZINGS[name].load()
    return rule


__all__ = ["Sizing", "sizing"]
