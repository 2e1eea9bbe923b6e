"""What stands around a close besides its chart: fundamentals as published, and what is scheduled ahead."""

from engine.table.around.ahead import Ahead, Scheduled, ahead_of
from engine.table.around.attach import with_around
from engine.table.around.fundamentals import Fact, facts_of
from engine.table.around.width import Width, widths

__all__ = ["Ahead", "Fact", "Scheduled", "Width", "ahead_of", "facts_of", "widths", "with_around"]
