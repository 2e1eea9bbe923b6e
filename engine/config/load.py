"""From a file to a :class:`Config` and back; every error names the path of its key."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from engine.config.settings import Config
from engine.config.text import assign, expand, override, parse_yaml
from engine.config.universe import list_universe
from engine.errors import ConfigError


def load_config(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Config:
    """Read a YAML config; apply ``a.b=c`` overrides; resolve ``${VARIABLES}`` and relative paths.

    Relative paths are relative to the config file.

    Raises
    ------
    ConfigError
        ``config.missing_file``, ``config.not_yaml``, ``config.unset_variable``, ``config.bad_path``,
        ``config.bad_override`` or ``config.invalid`` (every offending key is named); and those of
        :func:`engine.config.universe.list_universe`.
    """
    path = Path(path)
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
    for text in overrides:
        override(data, text)
    try:
        data = expand(data, path.resolve().parent, str(path))
    except RecursionError:
        raise ConfigError(
            "config.not_yaml", f"{path}: an alias (*) stands inside its own anchor (&)", "write the value out"
        ) from None
    return parse_config(list_universe(data, str(path)), place=str(path))


def parse_config(data: dict[str, Any], place: str = "config") -> Config:
    """Validate a plain mapping; every error names the path of its key."""
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        lines = [_in_words(item) for item in error.errors(include_url=False) if not _follows(item)]
        raise ConfigError(
            "config.invalid", f"{place}: " + "; ".join(lines), "`engine schema` lists every key and its range"
        ) from None


def with_overrides(config: Config, overrides: dict[str, Any]) -> Config:
    """A copy of ``config`` with dotted paths replaced (``{"rules.pivot_bars": 4}``), validated again."""
    data = config.model_dump(mode="json")
    for key, value in overrides.items():
        assign(data, key, value)
    return parse_config(data, place="override")


def dump_config(config: Config) -> str:
    """The fully resolved config as YAML; loading it gives an equal config."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def config_sha256(config: Config) -> str:
    """Hex SHA-256 of the fully resolved config: what runs, ledger entries and searches are recorded under."""
    return hashlib.sha256(dump_config(config).encode()).hexdigest()


_WORDS = {
    "extra_forbidden": "no such key",
    "missing": "is required",
    "tuple_type": "write a list, [...]",
    "model_type": "write its keys below it, or leave it out",
    "dict_type": "write its keys below it",
    "path_type": "write the path of a file",
}


def _in_words(item: Any) -> str:
    # a discriminated union inserts the tag into the path; the reader's file has no such key
    keys = [k for k in item["loc"] if k not in ("bundled", "contracts", "csv", "parquet", "yahoo")]
    key = ".".join(str(k) for k in keys) or "(top level)"
    message = _WORDS.get(item["type"], item["msg"].removeprefix("Value error, "))
    if not isinstance(item["input"], (str, int, float)):
        return f"{key}: {message}"
    shown = repr(item["input"])
    return f"{key}: {message} (got {shown if len(shown) <= 80 else shown[:76] + '...'})"


def _follows(item: Any) -> bool:
    """True for a list that is too short only because pydantic left out its faulty items."""
    return bool(item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"])
