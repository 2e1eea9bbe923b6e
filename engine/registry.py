"""An ordered list of named values that the rest of the engine looks things up in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, Protocol, TypeVar

from engine.errors import InputError


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)

# noun of a registry -> what a plugin adds to it, while engine.guests says so
GUESTS: ContextVar[Mapping[str, tuple[Any, ...]]] = ContextVar("guests", default={})  # noqa: B039 (never written into)


class Registry(Generic[T]):
    """Values by name and by position; the order is that in which they were added, and nothing is ever replaced.

    What the plugins of a config add (:mod:`engine.guests`) stands at the end while that config is worked on, and nowhere else:
    it is looked up, never put in.

    Parameters
    ----------
    noun : what one value is called, for messages (``"level kind"``) and for plugins.
    values : the engine's own, in order.

    Raises
    ------
    InputError
        ``registry.taken`` where a name is added twice, ``registry.unknown`` where a name is looked up that is none.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> kinds = Registry("kind", [SimpleNamespace(name="swing_low")])
    >>> [kind.name for kind in kinds], kinds.position("swing_low")
    (['swing_low'], 0)
    """

    def __init__(self, noun: str, values: Iterable[T] = ()) -> None:
        self.noun = noun
        self._own: dict[str, T] = {}
        for value in values:
            self.add(value)

    def add(self, value: T) -> T:
        """Put ``value`` at the end; returns it."""
        if value.name in self._own:
            raise InputError(
                "registry.taken", f"there is a {self.noun} {value.name!r} already", "choose another name"
            )
        self._own[value.name] = value
        return value

    @property
    def _values(self) -> dict[str, T]:
        guests = GUESTS.get().get(self.noun)
        return self._own if not guests else self._own | {guest.name: guest for guest in guests}

    @contextmanager
    def having(self, *values: T) -> Iterator[None]:
        """Have ``values`` at the end while the block runs."""
        before = dict(self._own)
        try:
            for value in values:
                self.add(value)
            yield
        finally:
            self._own = before

    @property
    def names(self) -> tuple[str, ...]:
        """In order."""
        return tuple(self._values)

    def position(self, name: str) -> int:
        """Index of a name, counted from 0."""
        self[name]
        return self.names.index(name)

    def __getitem__(self, name: str | int) -> T:
        """By name, or by position."""
        if not isinstance(name, str):
            return tuple(self._values.values())[name]
        values = self._values
        try:
            return values[name]
        except KeyError:
            raise InputError(
                "registry.unknown", f"no {self.noun} {name!r}", f"choose one of {', '.join(values)}"
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[T]:
        return iter(self._values.values())

    def __len__(self) -> int:
        return len(self._values)
