"""A console on which no text can be more than text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from engine.foreign import visible


class PlainTextConsole(Console):
    """Control characters of whatever is printed are written out; made with ``markup`` and ``emoji`` off.

    Every cell, line and heading passes through the two methods here, so a view need not know which of its texts
    came from a file.
    """

    def render_str(self, text: str, **how: Any) -> Text:
        """Before a text is measured, so that columns are as wide as what is shown."""
        return super().render_str(visible(text, lines=True), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Whatever was put together elsewhere."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text, lines=True), segment.style)
