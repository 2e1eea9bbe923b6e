"""THE FUTURE: what came after each close.  Imports bars and the ground floor only; nothing known at a close imports it.

``first_touch`` is the one rule by which outcomes and simulated paths are decided, ``outcomes`` labels every close with
it, ``level_touches`` says which levels of a book were touched, ``arrays`` is the rule for plain arrays.
"""

from __future__ import annotations

from engine.outcomes.arrays import reached_first
from engine.outcomes.level_touches import touched_within
from engine.outcomes.outcomes import Outcomes, label

__all__ = ["Outcomes", "label", "reached_first", "touched_within"]
