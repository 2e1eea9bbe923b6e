"""``plugins:`` of a config: Python files whose members stand in the registries while the config is worked on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from pydantic import Field

from engine.config.section import Section
from engine.errors import ConfigError
from engine.guests import NOBODY, GuestFile, Guests, known, loaded, present

P = ParamSpec("P")
R = TypeVar("R")


class PluginFile(Section):
    """One plugin; in a file of yours its path is enough, a resolved config has its hash, too."""

    path: str = Field(min_length=1, description="a Python file with a value PLUGIN")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of its bytes, as the config was read")


class _HasPlugins(Protocol):
    @property
    def plugins(self) -> tuple[PluginFile, ...]: ...


def guests_of(config: _HasPlugins) -> Guests:
    """What the plugins of a config add to the registries, for :func:`engine.guests.present`.

    Raises
    ------
    ConfigError
        ``plugin.missing_file``, ``plugin.changed`` since the config was read, or as :func:`engine.guests.loaded`.
    """
    return _guests([(one.path, one.sha256) for one in config.plugins])


def with_plugins(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` with the plugins present of the config that it is given, or of the argument that holds one as ``config``.

    Without a config (an audit of any function of bars) it is called as it is.
    """

    @wraps(function)
    def at_home(*args: P.args, **kwargs: P.kwargs) -> R:
        held = (getattr(one, "config", one) for one in (*args, *kwargs.values()))
        config = next((one for one in held if hasattr(one, "plugins")), None)
        if config is None:
            return function(*args, **kwargs)
        with present(guests_of(config)):
            return function(*args, **kwargs)

    return at_home


def with_hashes(entries: Any) -> tuple[Guests, Any]:
    """The guests that a config asks for, and its ``plugins`` with the hash of each file; not judged where it is no list.

    Raises
    ------
    ConfigError
        As :func:`guests_of`, and ``plugin.twice``.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        return NOBODY, entries
    asked: list[tuple[str, str | None]] = []
    for entry in entries:
        if isinstance(entry, str):
            asked.append((entry, None))
        elif isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
            asked.append((entry["path"], entry.get("sha256")))
        else:
            return NOBODY, entries  # validation says what is wrong with it
    names = [Path(path).name for path, _ in asked]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                "plugin.twice",
                f"plugins: {' and '.join(path for path, _ in asked if Path(path).name == name)} have one name",
                "name each file once, and no two alike: a run keeps copies of them side by side",
            )
    found = _guests(asked)
    return found, [{"path": file.path, "sha256": file.sha256} for file in found.files]


def _guests(asked: Sequence[tuple[str, str | None]]) -> Guests:
    if not asked:
        return NOBODY
    # what was begun goes on with the code that it began with, whatever is done to the files
    return known(asked) or loaded(tuple(_read(path, sha256) for path, sha256 in asked))


def _read(path: str, sha256: str | None) -> GuestFile:
    try:
        source = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigError(
            "plugin.missing_file",
            f"plugins: {path}: cannot be read ({said})",
            "name an existing Python file; `engine init --plugin FILE` writes one to start from",
        ) from None
    found = hashlib.sha256(source).hexdigest()
    if sha256 is not None and found != sha256:
        raise ConfigError(
            "plugin.changed",
            f"plugins: {path}: not the file that the config was made with ({found[:12]}, was {str(sha256)[:12]})",
            "put it back (a run keeps a copy in its folder), or take `sha256` out of the config",
        )
    return GuestFile(path, found, source)
