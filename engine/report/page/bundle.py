"""The page's script: the modules under ``browser/`` in the order they need each other, as one text.

Nothing is fetched and nothing is evaluated: imports are resolved here, and the Content-Security-Policy of the page
names the SHA-256 of the result.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from posixpath import dirname, normpath

from engine.errors import InputError

_IMPORT = re.compile(r'^import \{[^}]*\} from "([^"]+)";\n', re.M)
_TOP_NAME = re.compile(r"^(?:async )?(?:function|class|const|let) (\w+)", re.M)
_COMMENT = re.compile(r"^\s*//[^\n]*\n|/\*\*.*?\*/", re.M | re.S)


@cache
def script(start: str = "start.js") -> str:
    """One script without imports or comments; the names of all modules share one room.

    Raises
    ------
    InputError
        ``report.script_names``: two modules define the same name.
    """
    root = files("engine.report.page") / "browser"
    order: list[str] = []
    _visit(start, root, order, ())
    seen: dict[str, str] = {}
    parts = []
    for path in order:
        text = _IMPORT.sub("", _read(root, path))
        text = re.sub(r"^export ", "", text, flags=re.M)
        for name in _TOP_NAME.findall(text):
            if name in seen:
                raise InputError("report.script_names", f"{name} is defined in {seen[name]} and in {path}")
            seen[name] = path
        parts.append(_lean(text))
    return '"use strict";\n(() => {\n' + "".join(parts) + "})();\n"


def script_hash(text: str) -> str:
    """The source expression that lets a Content-Security-Policy run exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(root: Traversable, path: str) -> str:
    found = root
    for part in path.split("/"):
        found = found / part
    return found.read_text(encoding="utf-8")


def _visit(path: str, root: Traversable, order: list[str], above: tuple[str, ...]) -> None:
    if path in order:
        return
    if path in above:
        raise InputError("report.script_names", f"{' -> '.join((*above, path))} import each other")
    for target in _IMPORT.findall(_read(root, path)):
        _visit(normpath(f"{dirname(path)}/{target}"), root, order, (*above, path))
    order.append(path)


def _lean(text: str) -> str:
    """Without comments of their own lines, blank lines and indentation."""
    text = _COMMENT.sub("", text)
    return "".join(f"{line.strip()}\n" for line in text.splitlines() if line.strip())
