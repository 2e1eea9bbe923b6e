"""Writes docs/errors.md: every code the engine can raise, once; what it means and what to do are kept from the file.

``python -m tests.error_codes`` adds new codes, with what their first message says, and drops those that are gone.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from engine import errors

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"
HEAD = """# Error codes

Every error on purpose carries a code that does not change, a message that names the place and the value, and a hint. A
command prints all three and ends with the exit code: 2 config or usage, 3 data, 4 a check failed, 1 anything else. In
Python the class is one of `engine.errors`, and its `code` is what to match on. Written by `python -m tests.error_codes`
from the sources and complete by test; a row's words are its author's.
"""
CLASSES = {
    name: value.exit_code
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.EngineError)
}
# not raised as one of these classes: a file that the system refuses, met by the command line
OTHERS = {
    "file.unusable": (
        1,
        "the system refuses to read or write a file",
        "name another, or see to its permissions",
    )
}


def codes() -> dict[str, tuple[int, str, str]]:
    """Code -> exit code, and message and hint of the first place that raises it."""
    found = dict(OTHERS)
    for path in sorted((ROOT / "engine").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES:
                code, *said = (
                    _text(argument) for argument in [*node.args, *(k.value for k in node.keywords)]
                )
                if re.fullmatch(r"[a-z]+\.[a-z_]+", code):
                    found.setdefault(code, (CLASSES[node.func.id], *(*said, "", "")[:2]))
            elif isinstance(node, ast.Constant) and re.fullmatch(r"(data|judge)\.[a-z_]+", str(node.value)):
                found.setdefault(node.value, (errors.DataError.exit_code, "", ""))  # handed to who raises it
    return dict(sorted(found.items()))


def page(before: str) -> str:
    """The page; words of rows that stand in ``before`` are kept."""
    kept = {row[0]: row[2:] for row in rows(before)}
    lines, section = [HEAD], ""
    for code, (exit_code, said, hint) in codes().items():
        if code.split(".")[0] != section:
            section = code.split(".")[0]
            lines.append(f"## {section}\n\n| code | exit | meaning | remedy |\n|---|---|---|---|")
        meaning, remedy = kept.get(code, (said, hint or "see what the docstring of the function asks for"))
        lines.append(f"| `{code}` | {exit_code} | {meaning} | {remedy} |")
    return "\n".join(lines).replace("|\n##", "|\n\n##") + "\n"


def rows(text: str) -> list[tuple[str, str, str, str]]:
    """Code, exit code, meaning and remedy of every row of the page."""
    return re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (\d) \| (.*?) \| (.*?) \|$", text, flags=re.M)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value).replace("|", "or")
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return "…"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""), encoding="utf-8")
