"""What the plugins of a config add to the registries, and for how long: while that config is worked on.

A plugin is one Python file.  What it adds is never put into a registry: :func:`present` says which guests the registries
show until its block ends, in this thread and in those that it gives work to (:func:`engine.kernels.threads.carried`).  So a run of one config
leaves nothing behind for the next, and two threads may work on two configs.  Everything that takes a config is present with
:func:`engine.config.guests_of` it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from engine.registry import GUESTS

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class GuestFile:
    """A plugin's file: its path, the hash of its bytes, and the bytes, which travel to workers that have no such file."""

    path: str
    sha256: str
    source: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """Without its folder."""
        return Path(self.path).name


@dataclass(slots=True)
class Spent:
    """How long a member has run in this process: seconds, calls, and bars asked for where it goes through bars."""

    seconds: float = 0.0
    calls: int = 0
    bars: int = 0


@dataclass(frozen=True, eq=False)
class Guests:
    """The members of some plugin files.

    Attributes
    ----------
    files : in the order of the config.
    members : noun of a registry -> its guests, in order.
    words : what each file adds, as JSON-able values: enough to name it where its code is not there.
    spent : ``"noun name"`` -> how long it has run in this process; the only thing about guests that changes.
    named_only : True where there are words in place of code (:func:`named`).
    """

    files: tuple[GuestFile, ...] = ()
    members: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    words: tuple[Mapping[str, Any], ...] = ()
    spent: dict[str, Spent] = field(default_factory=dict)
    named_only: bool = False

    @property
    def hashes(self) -> tuple[str, ...]:
        """What tells one set of guests from another."""
        return tuple(file.sha256 for file in self.files)

    def __reduce__(self) -> tuple[Any, ...]:
        # code is loaded again where it arrives
        return (named, (self.words,)) if self.named_only else (loaded, (self.files,))


NOBODY = Guests()
_PRESENT: ContextVar[Guests] = ContextVar("present", default=NOBODY)
# guests of this process by the files they were loaded from, so that a file runs once
_LOADED: dict[tuple[tuple[str, str], ...], Guests] = {}


def loaded(files: tuple[GuestFile, ...]) -> Guests:
    """The guests of some files, whose code is run where this process has not run it yet.

    Raises
    ------
    ConfigError
        As :func:`engine.plugins.load.load_guests`.
    """
    if not files:
        return NOBODY
    key = tuple((file.path, file.sha256) for file in files)
    if key not in _LOADED:
        _LOADED[key] = _home().load_guests(files)
    return _LOADED[key]


def known(files: Sequence[tuple[str, str | None]]) -> Guests | None:
    """The guests of files by path and hash, where they are present or this process has run them, whatever the files hold by now."""
    here = guests()
    if [(file.path, file.sha256) for file in here.files] == list(files):
        return here
    return _LOADED.get(tuple(files))  # type: ignore[arg-type]


def named(words: tuple[Mapping[str, Any], ...]) -> Guests:
    """Guests that can be named and not run, from the words that a manifest keeps of them."""
    found: Guests = _home().named_guests(words) if words else NOBODY
    return found


def _home() -> Any:
    # plugins stand on rules, replay and forecasts, which are above this module
    return import_module("engine.plugins.load")


def guests() -> Guests:
    """Those that the registries show."""
    return _PRESENT.get()


def clock(before: Mapping[str, Sequence[float]] | None = None) -> dict[str, list[float]]:
    """``"noun name"`` -> seconds, calls and bars of each member of those here, in this process, less what they were ``before``."""
    now = {name: [one.seconds, one.calls, one.bars] for name, one in guests().spent.items()}
    return {
        name: [a - b for a, b in zip(values, (before or {}).get(name, (0, 0, 0)), strict=True)]
        for name, values in now.items()
    }


@contextmanager
def present(found: Guests) -> Iterator[None]:
    """Let the registries show ``found``, and no other guests, while the block runs."""
    marks = _PRESENT.set(found), GUESTS.set(found.members)
    try:
        yield
    finally:
        GUESTS.reset(marks[1])
        _PRESENT.reset(marks[0])


def stay(found: Guests) -> None:
    """Let the registries show ``found`` until the block of :func:`present` that this is said in ends: a command's."""
    _PRESENT.set(found)
    GUESTS.set(found.members)


@dataclass(frozen=True, slots=True)
class Carried:
    """A function for another process, with the guests that must be there before it is unpacked."""

    guests: Guests
    function: Callable[[Any], Any]

    def __call__(self, task: Any) -> Any:
        """The function of ``task``."""
        with present(self.guests):
            return self.function(task)


def carried_away(function: Callable[[Any], R]) -> Callable[[Any], R]:
    """``function`` for another process: with the guests of this one, if there are any."""
    found = guests()
    return Carried(found, function) if found.files or found.words else function
