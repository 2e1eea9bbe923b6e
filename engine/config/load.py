"""From a file to a :class:`Config` and back; every error names the path of its key."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from engine.config.mistakes import in_words
from engine.config.plugins import with_hashes
from engine.config.settings import Config
from engine.config.text import assign, expand, override, parse_yaml
from engine.config.universe import list_universe
from engine.errors import ConfigError
from engine.foreign import visible
from engine.guests import present

_MOST_EXTENDED = 16


def load_config(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Config:
    """Read a YAML config; apply ``a.b=c`` overrides; resolve ``${VARIABLES}`` and relative paths.

    Relative paths are relative to the file they stand in.  A config that says ``extends: other.yaml`` holds only what
    differs from the other: sections are joined key by key, lists replaced.

    Raises
    ------
    ConfigError
        ``config.missing_file``, ``config.not_yaml``, ``config.unset_variable``, ``config.bad_path``,
        ``config.bad_override``, ``config.circle`` or ``config.invalid`` (every offending key is named); and those of
        :func:`engine.config.universe.list_universe`.
    """
    path = Path(path)
    data = _read(path, ())
    if overrides:
        data = _apart(data)
    for text in overrides:
        override(data, text)
    return parse_config(list_universe(_expanded(data, path), str(path)), place=str(path))


def _read(path: Path, below: tuple[Path, ...]) -> dict[str, Any]:
    """The mapping in ``path`` over that of the file it ``extends``, if any; each relative to its own folder."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("config.not_yaml", f"{path}: {error}", "save it as UTF-8 text") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            "config.missing_file", f"{path}: cannot be read ({reason})", "name an existing YAML file"
        ) from None
    try:
        data = parse_yaml(text)
    except ValueError as error:
        raise ConfigError("config.not_yaml", f"{path}: {error}", "check indentation and quotes") from None
    if not isinstance(data, dict):
        raise ConfigError(
            "config.not_yaml", f"{path}: the file holds no mapping of keys", "start from `engine init`"
        )
    data.pop("$schema", None)  # for editors
    base = data.pop("extends", None)
    if base is None:
        return data
    if not isinstance(base, str):
        raise ConfigError("config.invalid", f"{path}: extends: {base!r} is no path", "name one YAML file")
    chain = (*below, path.resolve())
    if len(chain) > _MOST_EXTENDED:
        raise ConfigError(
            "config.circle",
            f"{path}: the {len(chain)}th config that extends another",
            f"write no more than {_MOST_EXTENDED} below each other",
        )
    other = _beside(path, base)
    if other in chain:
        raise ConfigError(
            "config.circle", f"{path}: extends {base}, which extends it in turn", "take one of the two out"
        )
    return _over(_expanded(_read(other, chain), other), _expanded(data, path))


def _beside(path: Path, other: str) -> Path:
    try:
        return (path.resolve().parent / Path(other).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # an unknown ~user, a zero byte
        raise ConfigError(
            "config.bad_path", f"{path}: extends: {other!r} is no path ({error})", "write a plain path"
        ) from None


def _over(base: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the keys of ``data`` in place of its own; sections are joined key by key, lists replaced."""
    joined = dict(base)
    for key, value in data.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        joined[key] = _over(base[key], value) if both else value
    return joined


def _apart(node: Any) -> Any:
    """A copy in which no two places share a value: an override moves the place it names and no alias of it."""
    if isinstance(node, dict):
        return {key: _apart(value) for key, value in node.items()}
    return [_apart(value) for value in node] if isinstance(node, list) else node


def _expanded(data: dict[str, Any], path: Path) -> dict[str, Any]:
    found: dict[str, Any] = expand(data, path.resolve().parent, str(path))
    return found


def parse_config(data: dict[str, Any], place: str = "config") -> Config:
    """Validate a plain mapping; every error names the path of its key.

    Raises
    ------
    ConfigError
        ``config.invalid``, or one about a plugin, as :func:`engine.config.plugins.with_hashes`.
    """
    found, plugins = with_hashes(data.get("plugins"))
    if found.files:
        data = {**data, "plugins": plugins}
    try:
        with present(found):  # a name that a plugin brings may be chosen
            return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(
            "config.invalid", f"{place}: {in_words(error)}", "`engine schema` lists every key and its range"
        ) from None


def with_overrides(config: Config, overrides: dict[str, Any]) -> Config:
    """A copy of ``config`` with dotted paths replaced (``{"rules.pivot_bars": 4}``), validated again."""
    data = config.model_dump(mode="json")
    for key, value in overrides.items():
        assign(data, key, value)
    return parse_config(data, place="override")


def dump_config(config: Config) -> str:
    """The fully resolved config as YAML; loading it gives an equal config."""
    data = config.model_dump(mode="json")
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    # a name that hides or reorders text is written with escapes
    return text if visible(text, lines=True) == text else yaml.safe_dump(data, sort_keys=False)


def config_sha256(config: Config) -> str:
    """Hex SHA-256 of the fully resolved config: what runs, ledger entries and searches are recorded under."""
    return hashlib.sha256(dump_config(config).encode()).hexdigest()
