"""From a vendor to a cache on disk: whole replies only, finished sessions only, and no past value replaced unseen."""

from engine.bars.fetch.cache import Fetched, Slot, read_cached, store
from engine.bars.fetch.finished import Exchange, finished
from engine.bars.fetch.fred import fetch_fred, read_fred
from engine.bars.fetch.http import Policy, get
from engine.bars.fetch.revisions import Change, changes_between, in_lines
from engine.bars.fetch.yahoo import fetch_yahoo, read_yahoo

__all__ = [
    "Change",
    "Exchange",
    "Fetched",
    "Policy",
    "Slot",
    "changes_between",
    "fetch_fred",
    "fetch_yahoo",
    "finished",
    "get",
    "in_lines",
    "read_cached",
    "read_fred",
    "read_yahoo",
    "store",
]
