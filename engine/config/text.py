"""From the text of a config to plain data: YAML, overrides, variables and paths; what they mean is not judged."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

from engine.errors import ConfigError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """PyYAML would keep the last of two equal keys; dates stay text, for the config to judge."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag == _MERGE or not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} appears twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml(text: str) -> Any:
    """The value that ``text`` describes.

    Raises
    ------
    ValueError
        With the line, the column and the defect.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise ValueError(f"{place}{said}") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def override(data: dict[str, Any], text: str) -> None:
    """Apply one ``a.b=value`` to ``data`` in place; the value is YAML, or the bare text where it is not.

    Raises
    ------
    ConfigError
        ``config.bad_override``.
    """
    key, equals, raw = text.partition("=")
    if not equals or not all(part.strip() for part in key.split(".")):
        raise ConfigError(
            "config.bad_override",
            f"--set {text}: {'no key before' if equals else 'no'} '='",
            "write --set path.to.key=value",
        )
    try:
        value = parse_yaml(raw)
    except ValueError:
        value = raw
    assign(data, key.strip(), value)


def assign(data: Any, key: str, value: Any) -> None:
    """Set a dotted path (names of keys, indices of lists) in nested plain data; missing sections are made."""
    node = data
    parts = key.split(".")
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        if isinstance(node, list):
            if not part.isdigit() or int(part) >= len(node):
                raise ConfigError(
                    "config.bad_override",
                    f"{key}: {part!r} is no index of a list of {len(node)}",
                    "count from 0",
                )
            if last:
                node[int(part)] = value
            else:
                node = node[int(part)]
        elif isinstance(node, dict):
            if last:
                node[part] = value
            else:
                if node.get(part) is None:
                    node[part] = {}
                node = node[part]
        else:
            raise ConfigError(
                "config.bad_override",
                f"{key}: {'.'.join(parts[:depth])} is a value, not a section",
                "see `engine schema`",
            )


def expand(node: Any, base: Path, place: str, key: str = "") -> Any:
    """A copy with ``${VARIABLES}`` replaced everywhere, and paths (keys path, cache, files and table) made absolute from ``base``.

    Raises
    ------
    ConfigError
        ``config.unset_variable`` or ``config.bad_path``; ``place`` and the key are named.
    """
    if isinstance(node, dict):
        return {k: expand(v, base, place, f"{key}.{k}" if key else str(k)) for k, v in node.items()}
    if isinstance(node, list):
        return [expand(v, base, place, f"{key}.{i}") for i, v in enumerate(node)]
    if not isinstance(node, str):
        return node

    names_a_path = key.rsplit(".", 1)[-1] in ("path", "cache", "folder", "expiries", "files", "table")

    def replace(match: re.Match[str]) -> str:
        value = os.environ.get(match[1])
        if value is None:
            raise ConfigError(
                "config.unset_variable",
                f"{place}: {key}: the environment variable {match[1]} is not set",
                f"run with {match[1]}=<folder> in front of the command",
            )
        # a variable is relative to where the command runs, a literal path to the config file
        return str(Path(value).expanduser().resolve()) if names_a_path and match.start() == 0 else value

    try:
        expanded = _VARIABLE.sub(replace, node)
        if not names_a_path:
            return expanded
        candidate = Path(expanded).expanduser()
        return str(candidate if candidate.is_absolute() else (base / candidate).resolve())
    except (RuntimeError, ValueError) as error:  # an unknown ~user, a zero byte
        if isinstance(error, (ConfigError, RecursionError)):
            raise
        raise ConfigError(
            "config.bad_path", f"{place}: {key}: {node!r} is no path ({error})", "write a plain path"
        ) from None
