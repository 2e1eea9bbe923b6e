"""What the plugins of a config add to the registries, and for how long: while that config is worked on.

The code of plugins is in :mod:`engine.plugins`, above the rules and forecasts that they add to; here is what everything below
needs to know of them.
"""

from engine.guests.present import (
    NOBODY,
    Carried,
    GuestFile,
    Guests,
    Spent,
    carried_away,
    clock,
    guests,
    known,
    loaded,
    named,
    present,
    stay,
)

__all__ = [
    "NOBODY",
    "Carried",
    "GuestFile",
    "Guests",
    "Spent",
    "carried_away",
    "clock",
    "guests",
    "known",
    "loaded",
    "named",
    "present",
    "stay",
]
