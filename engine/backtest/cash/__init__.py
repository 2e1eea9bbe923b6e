"""Money: what trading costs, how much each trade gets, and what the account is worth.

``costs`` are of one instrument, ``market`` puts several on one calendar, ``walk`` sizes the trades of one account under its
limits, ``booking`` has vectorbt account for them.  ``many`` walks thousands of accounts of the same trades at once, with two
quicker walks (``lone``, ``moments``) for one position at a time.
"""

from engine.backtest.cash.booking import Booked, book
from engine.backtest.cash.costs import Costs, costs_of, may_short
from engine.backtest.cash.market import Asked, Candidates, Market, candidates, market
from engine.backtest.cash.walk import AccountRules, Walked, walk

__all__ = [
    "AccountRules",
    "Asked",
    "Booked",
    "Candidates",
    "Costs",
    "Market",
    "Walked",
    "book",
    "candidates",
    "costs_of",
    "market",
    "may_short",
    "walk",
]
