"""Which rules are the user's own, and how long they took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NOTEWORTHY_SECONDS = 1.0
_SLOW_MICROSECONDS = 1.0  # a bar: a scan in numba takes a hundredth of it


def plugin_sentences(plugins: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """One sentence a file: "From my_rules.py (1a2b3c4d5e6f), not of the engine: baseline last_year; level kind round_number."

    Parameters
    ----------
    plugins : as the manifest has them, or :attr:`engine.guests.Guests.words`.
    """
    found = []
    for one in plugins or ():
        adds = [
            f"{noun} {', '.join(str(member['name']) for member in members)}"
            for noun, members in sorted(one["adds"].items())
        ]
        told = "; ".join(adds) or "nothing"
        found.append(f"From {one['file']} ({str(one['sha256'])[:12]}), not of the engine: {told}.")
    return found


def plugin_times(spent: Mapping[str, Sequence[float]] | None) -> list[str]:
    """A sentence for each member that took a second or more: "level kind round_number: 3.1 s, 5.9 µs a bar."

    Parameters
    ----------
    spent : ``"noun name"`` -> seconds, calls, bars.
    """
    found = []
    for name, (seconds, _, bars) in (spent or {}).items():
        if seconds < _NOTEWORTHY_SECONDS:
            continue
        each = 1e6 * seconds / bars if bars else 0.0
        pace = f", {each:.1f} µs a bar" if bars else ""
        slow = "; the same in numba takes a hundredth" if each > _SLOW_MICROSECONDS else ""
        found.append(f"{name}: {seconds:.1f} s{pace} (audit included){slow}.")
    return found
