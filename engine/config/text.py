"""From the text of a config to plain data: YAML, overrides, variables and paths; what they mean is not judged."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

from engine.errors import ConfigError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# the only keys that a variable may fill: whatever else a config holds is printed in reports and manifests
_PATH_KEY = re.compile(
    r"instruments(\.\d+)?\.source(\.roll_dates)?\.(path|cache|folder|expiries)"
    r"|instruments\.(files|file|table)|context\.\d+\.(path|source\.cache)|events\.path|plugins\.\d+(\.path)?"
)
# a config of 500 instruments has a tenth of these; reading so much takes PyYAML about a second
_MOST_CHARACTERS = 1_000_000
_MOST_VALUES = 20_000
_MOST_DEPTH = 100
_OPENED = re.compile(r"(?:[\[{]\s*){100}")
_MOST_DIGITS = 60
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """PyYAML would keep the last of two equal keys; dates stay text, for the config to judge."""

    _depth = _nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        # PyYAML's time grows with the square of the depth: stopped while it reads
        self._depth += 1
        self._nodes += 1
        if self._nodes > _MOST_VALUES:
            raise yaml.composer.ComposerError(
                None, None, f"more than {_MOST_VALUES:,} values", self.peek_event().start_mark
            )
        if self._depth > _MOST_DEPTH:
            raise yaml.composer.ComposerError(None, None, "nested too deeply", self.peek_event().start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

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

    def construct_number(self, node: yaml.ScalarNode) -> Any:
        if len(str(node.value)) > _MOST_DIGITS:
            raise yaml.constructor.ConstructorError(
                None, None, f"a number of {len(node.value)} digits and signs", node.start_mark
            )
        whole = node.tag.endswith(":int")
        return self.construct_yaml_int(node) if whole else self.construct_yaml_float(node)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.construct_number)


def parse_yaml(text: str) -> Any:
    """The value that ``text`` describes; what no config needs (aliases that multiply, deep nesting) is refused.

    Raises
    ------
    ValueError
        With the line, the column and the defect.
    """
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"{len(text):,} characters are more than a config has")
    if _OPENED.search(text):
        raise ValueError("nested too deeply")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise ValueError(f"{place}{said}") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # an odd tag (!!bool maybe, !!int "") meets PyYAML's constructors unprepared
        said = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)
        raise ValueError(f"no YAML value ({said})") from None


def _measure(root: yaml.Node) -> None:
    """Refuse a document that would be large once every alias is written out, before it is."""
    sizes: dict[int, int] = {}
    inside: set[int] = set()

    def size(node: yaml.Node, depth: int) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        if id(node) in inside:
            raise ValueError("an alias (*) stands inside its own anchor (&); write the value out")
        if depth > _MOST_DEPTH:
            raise ValueError("nested too deeply")
        if isinstance(node, yaml.ScalarNode):
            return 1
        inside.add(id(node))
        parts = (
            node.value if isinstance(node, yaml.SequenceNode) else [n for pair in node.value for n in pair]
        )
        total = 1
        for part in parts:
            total += size(part, depth + 1)
            if total > _MOST_VALUES:
                raise ValueError(f"more than {_MOST_VALUES:,} values once every alias (*) is written out")
        inside.discard(id(node))
        sizes[id(node)] = total
        return total

    size(root, 0)


def override(data: dict[str, Any], text: str) -> None:
    """Apply one ``a.b=value`` to ``data`` in place; the value is YAML, or the bare text where it is not.

    Raises
    ------
    ConfigError
        ``config.bad_override``.
    """
    key, equals, raw = text.partition("=")
    parts = key.split(".")
    if len(parts) > _MOST_DEPTH:
        raise ConfigError(
            "config.bad_override",
            f"--set {text[:60]}...: {len(parts)} keys inside each other",
            "`engine schema` lists every key",
        )
    if not equals or not all(part.strip() for part in parts):
        raise ConfigError(
            "config.bad_override",
            f"--set {text[:200]}: {'no key before' if equals else 'no'} '='",
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
            if re.fullmatch("[0-9]{1,9}", part) is None or int(part) >= len(node):
                raise ConfigError(
                    "config.bad_override",
                    f"{key}: {part[:60]!r} is no index of a list of {len(node)}",
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
    """A copy with ``${VARIABLES}`` in paths replaced, and the paths of sources, context and universes made absolute.

    A path is relative to ``base``, the folder of the config.

    Raises
    ------
    ConfigError
        ``config.unset_variable``, ``config.variable_not_allowed`` (in a text that is no path: a token would end
        in the report) or ``config.bad_path``; ``place`` and the key are named.
    """
    if isinstance(node, dict):
        return {k: expand(v, base, place, f"{key}.{k}" if key else str(k)) for k, v in node.items()}
    if isinstance(node, list):
        return [expand(v, base, place, f"{key}.{i}") for i, v in enumerate(node)]
    if not isinstance(node, str):
        return node

    names_a_path = _PATH_KEY.fullmatch(key) is not None
    found = _VARIABLE.search(node)
    if found is not None and not names_a_path:
        raise ConfigError(
            "config.variable_not_allowed",
            f"{place}: {key}: the variable {found[1]} would be printed in the report and the manifest",
            "variables are for the paths of sources; write this text out",
        )

    def replace(match: re.Match[str]) -> str:
        value = os.environ.get(match[1])
        if value is None:
            raise ConfigError(
                "config.unset_variable",
                f"{place}: {key}: the environment variable {match[1]} is not set",
                f"run with {match[1]}=<folder> in front of the command",
            )
        # a variable is relative to where the command runs, a literal path to the config file
        return str(Path(value).expanduser().resolve()) if match.start() == 0 else value

    try:
        if not names_a_path:
            return node
        expanded = _VARIABLE.sub(replace, node)
        candidate = Path(expanded).expanduser()
        return str(candidate if candidate.is_absolute() else (base / candidate).resolve())
    except (RuntimeError, ValueError) as error:  # an unknown ~user, a zero byte
        if isinstance(error, (ConfigError, RecursionError)):
            raise
        raise ConfigError(
            "config.bad_path", f"{place}: {key}: {node!r} is no path ({error})", "write a plain path"
        ) from None
