"""docs/design.md says what is the case."""

from __future__ import annotations

import ast
import re
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from engine.config import Config, Section

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.split(f"## {title} (tested)\n")[1].split("\n## ")[0]


def test_the_layers_are_those_that_the_linter_enforces():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    told = section("Layers").split("```")[1].strip().splitlines()
    assert told == [layer.replace("engine.", "") for layer in layers]  # a colon: side by side


def test_every_module_and_folder_of_the_engine_has_a_layer():
    told = set(section("Layers").split("```")[1].replace(":", " ").split())
    found = {
        path.stem
        for path in (ROOT / "engine").iterdir()
        if not path.name.startswith("_") and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert told == found


def test_the_files_of_a_run_are_those_in_its_folder(finished):
    told = set(re.findall(r"^\| `([^`]+)`", section("A run's folder"), flags=re.M))
    found = {path.name + ("/" if path.is_dir() else "") for path in finished.path.iterdir()}
    assert told == found


def test_the_sections_of_the_config_are_those_of_the_code():
    told = re.findall(r"`([a-z_]+)`", section("Config").split("The sections:")[1])
    sections = [
        name
        for name, field in Config.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    ]
    assert told[: len(sections)] == sections
    assert set(told) == set(Config.model_fields)


def test_every_folder_says_what_it_is_for():
    folders = {path.parent for path in (ROOT / "engine").rglob("*.py")}
    assert [str(f) for f in folders if not (f / "__init__.py").read_text().startswith('"""')] == []


def _room(module: Path) -> str:
    """The folder of a module, or the module itself where the folder holds further folders."""
    branches = any((child / "__init__.py").exists() for child in module.parent.iterdir() if child.is_dir())
    place = module.with_suffix("") if branches and module.name != "__init__.py" else module.parent
    return place.relative_to(ROOT).as_posix()


def _imported(module: Path) -> set[Path]:
    """Modules of the engine that ``module`` imports, whenever; what only a type checker reads does not count."""
    found = set()
    pending: list[ast.AST] = [ast.parse(module.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine"):
            base = ROOT.joinpath(*str(node.module).split("."))
            for alias in node.names:
                for place in (base / f"{alias.name}.py", base / alias.name / "__init__.py",
                              base.with_suffix(".py"), base / "__init__.py"):  # fmt: skip
                    if place.exists():
                        found.add(place)
                        break
        pending.extend(ast.iter_child_nodes(node))
    return found


def test_no_folder_is_a_bag_and_no_module_is_two():
    """At most 14 modules a folder, 400 lines a module."""
    modules = [path for path in (ROOT / "engine").rglob("*.py") if path.name != "__init__.py"]
    folders = {path.parent for path in modules}
    assert [str(f) for f in folders if len(list(f.glob("*.py"))) - (f / "__init__.py").exists() > 14] == []
    assert [str(path) for path in modules if len(path.read_text().splitlines()) > 400] == []


def test_no_two_rooms_import_each_other():
    graph: dict[str, set[str]] = {}
    for module in (ROOT / "engine").rglob("*.py"):
        if module.name != "__init__.py":  # an index hands on what its room holds
            rooms = {_room(other) for other in _imported(module)}
            graph.setdefault(_room(module), set()).update(rooms - {_room(module)})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None
