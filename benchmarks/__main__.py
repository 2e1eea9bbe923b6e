"""``make bench``: every measurement beside its budget, medians of several runs."""

from __future__ import annotations

import importlib
import platform
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table


def main(names: list[str]) -> int:
    """Run the named modules (all without names) and print one table; 1 where a budget is missed.

    ``universe`` takes arguments of its own and is not among all.
    """
    if names[:1] == ["universe"]:
        return int(importlib.import_module("benchmarks.universe").main(names[1:]))
    here = Path(__file__).parent
    modules = names or sorted(
        p.stem for p in here.glob("*.py") if not p.stem.startswith("_") and p.stem != "universe"
    )
    table = Table(title=f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    for column, justify in (
        ("measurement", "left"),
        ("value", "right"),
        ("unit", "left"),
        ("budget", "right"),
    ):
        table.add_column(column, justify=justify)
    missed = 0
    for module in modules:
        for row in importlib.import_module(f"benchmarks.{module}").measure():
            budget = row.get("budget")
            within = budget is None or _within(row["value"], budget)
            missed += not within
            shown = "" if budget is None else str(budget)
            table.add_row(
                row["name"], f"{row['value']:,.3g}", row["unit"], shown, style=None if within else "bold red"
            )
    Console(width=120).print(table)
    return 1 if missed else 0


def _within(value: float, budget: str | float) -> bool:
    """Budgets read ``>= 2`` or ``<= 1.05``; a bare number is an upper bound."""
    text = str(budget).strip()
    if text.startswith(">="):
        return value >= float(text[2:])
    return value <= float(text.removeprefix("<="))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
