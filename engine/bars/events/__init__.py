"""Dated events: what was scheduled at each close, and how far off it was."""

from engine.bars.events.events import Events, sessions_until
from engine.bars.events.kinds import label_of
from engine.bars.events.read import read_events
from engine.bars.events.schedule import Schedule

__all__ = ["Events", "Schedule", "label_of", "read_events", "sessions_until"]
