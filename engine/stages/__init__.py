"""One config after the other on the same bars, doing again only what a change of settings reaches.

A :class:`Stages` holds the bars and hands on replay, filtered_history and forecasts of any config.  Each result is kept
under the fingerprint of everything that went into it (:mod:`engine.stages.store`), so that two configs share what does
not differ between them; a sweep keeps the costly ones on disk too.
"""

from engine.stages.scored import Scored, scored_frame
from engine.stages.stages import Stages
from engine.stages.store import Store, fingerprint

__all__ = ["Scored", "Stages", "Store", "fingerprint", "scored_frame"]
