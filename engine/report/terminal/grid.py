"""The one table layout of the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table


def grid(first: str, left: Sequence[str], right: Sequence[str]) -> Table:
    """A table whose columns after the first are texts (``left``) and numbers (``right``)."""
    # one space beside the box's own: at 80 columns a table of the book has to keep room for names
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0)
    )
    table.add_column(first, overflow="fold", min_width=14)
    for name in left:
        table.add_column(name, overflow="fold", ratio=1)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table
