"""From plugin files to the guests of the registries: run once, looked at, and each name given once."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.config.choices import CALIBRATORS, MODELS, SETUP_RULES
from engine.errors import ConfigError
from engine.forecast.baselines import BASELINES, Baseline
from engine.forecast.calibration import CalibratorKind
from engine.forecast.models import Model
from engine.foreign import visible
from engine.guests import NOBODY, GuestFile, Guests, Spent, present
from engine.plugins import checked
from engine.plugins.guard import Member
from engine.plugins.plugin import Plugin
from engine.registry import Registry
from engine.replay.families import FAMILIES, FeatureFamily
from engine.replay.replay import REPLAY_COLUMNS
from engine.replay.rule import SetupRule
from engine.rules.kinds import KINDS, LevelKind
from engine.rules.naming import by_month

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_TEXT = 100
_MAPPINGS = ("models", "calibrators")  # fields of a plugin whose members have their names as keys
_MOST_KINDS = 62  # a level counts the kinds that agree on it in the bits of an int64


@dataclass(frozen=True, slots=True)
class Named:
    """A value under a name, as the registries of names hold one: see :class:`engine.config.choices.Choice`."""

    name: str
    value: Any

    def load(self) -> Any:
        """The value."""
        return self.value


@dataclass(frozen=True, slots=True)
class _Room:
    """One registry that plugins may add to: what it is of, where a plugin says so, and how its members are looked at."""

    registry: Registry[Any]
    field: str
    kind: type
    checked: Callable[[Member, Any], Any]
    words: tuple[str, ...]  # attributes that a reader is shown, which a manifest keeps


_ROOMS = (
    _Room(KINDS, "level_kinds", LevelKind, checked.level_kind, ("noun", "weight", "major", "role")),
    _Room(
        FAMILIES,
        "feature_families",
        FeatureFamily,
        checked.feature_family,
        ("columns", "seen", "phrases", "facts"),
    ),
    _Room(SETUP_RULES, "setup_rules", SetupRule, checked.setup_rule, ()),
    _Room(
        BASELINES,
        "baselines",
        Baseline,
        checked.baseline,
        ("label", "short", "meaning", "order", "in_table"),
    ),
    _Room(MODELS, "models", Model, checked.model, ()),
    _Room(CALIBRATORS, "calibrators", CalibratorKind, checked.calibrator, ()),
)


def load_guests(files: tuple[GuestFile, ...]) -> Guests:
    """Run the files and take what their ``PLUGIN`` adds.

    Raises
    ------
    ConfigError
        ``plugin.not_imported`` where a file cannot be run; ``plugin.no_plugin`` where it has no :class:`Plugin`;
        ``plugin.bad_member``; ``plugin.name_taken`` by the engine or by another plugin.
    """
    members: dict[str, list[Any]] = {}
    spent: dict[str, Spent] = {}
    words = []
    taken = _Taken()
    with present(NOBODY):  # a name is free where the engine itself has not got it
        for file in files:
            adds: dict[str, list[dict[str, Any]]] = {}
            for room, name, value in _members(file, _plugin_of(file)):
                noun = room.registry.noun
                _require_sound(file, room, name, value)
                taken.take(file, room, name, value)
                member = Member(file, noun, name, spent.setdefault(f"{noun} {name}", Spent()))
                guest = room.checked(member, value)
                by_name = room.field in (*_MAPPINGS, "setup_rules")
                members.setdefault(noun, []).append(Named(name, guest) if by_name else guest)
                adds.setdefault(noun, []).append(
                    {"name": name} | {one: getattr(value, one) for one in room.words}
                )
            words.append({"file": file.name, "sha256": file.sha256, "adds": adds})
    return Guests(files, {noun: tuple(found) for noun, found in members.items()}, tuple(words), spent)


def named_guests(words: Iterable[Mapping[str, Any]]) -> Guests:
    """Guests without code, from what a manifest keeps of them: enough to show a run whose plugins are not there."""
    members: dict[str, list[Any]] = {}
    rooms = {room.registry.noun: room for room in _ROOMS}
    words = tuple(words)
    for one in words:
        for noun, adds in one["adds"].items():
            for member in adds:
                members.setdefault(noun, []).append(_stand_in(rooms[noun], member))
    files = tuple(GuestFile(str(one["path"]), str(one["sha256"]), b"") for one in words)
    return Guests(files, {n: tuple(found) for n, found in members.items()}, words, named_only=True)


def _stand_in(room: _Room, member: Mapping[str, Any]) -> Any:
    words = {name: member[name] for name in ("name", *room.words)}
    if room.kind is LevelKind:
        return LevelKind(**words, named=by_month)
    if room.kind is FeatureFamily:
        words |= {name: tuple(words[name]) for name in ("columns", "seen")}
        words["phrases"] = {name: tuple(both) for name, both in words["phrases"].items()}
        return FeatureFamily(**words, wants=lambda bars: False)
    if room.kind is Baseline:
        return Baseline(**words, forecast=lambda seen: None)
    return Named(words["name"], None)


def _plugin_of(file: GuestFile) -> Plugin:
    module = _run(file)
    found = vars(module).get("PLUGIN")
    if not isinstance(found, Plugin):
        said = "no value PLUGIN" if found is None else f"a PLUGIN that is a {type(found).__name__}"
        raise ConfigError(
            "plugin.no_plugin",
            f"plugins: {file.path}: it has {said}",
            "end the file with `PLUGIN = Plugin(...)`, from engine.plugins",
        )
    return found


def _run(file: GuestFile) -> ModuleType:
    """The module of a file.  Its bytes are those that were hashed, whatever stands there by now."""
    name = f"engine_plugin_{re.sub(r'[^A-Za-z0-9_]', '_', Path(file.path).stem)}_{file.sha256[:12]}"
    module = ModuleType(name)
    module.__file__ = str(_place(file))
    # numba, pickle and dataclasses look a module up by its name
    sys.modules[name] = module
    try:
        exec(compile(file.source, module.__file__, "exec"), vars(module))
    except Exception as error:
        del sys.modules[name]
        said = (str(error).splitlines() or [""])[0][:300]
        raise ConfigError(
            "plugin.not_imported",
            f"plugins: {file.path}{_line(error, module.__file__)}: {type(error).__name__}: {said}",
            "the file must run by itself: `python FILE` shows the whole trace",
        ) from error
    return module


def _place(file: GuestFile) -> Path:
    """Where the file is, or a copy of it where it is not (on another machine): numba keeps compiled code beside a file."""
    path = Path(file.path)
    try:
        if path.read_bytes() == file.source:
            return path
    except OSError:
        pass
    copy = Path(tempfile.mkdtemp(prefix="engine_plugin_")) / path.name
    copy.write_bytes(file.source)
    return copy


def _line(error: BaseException, path: str) -> str:
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""


def _members(file: GuestFile, plugin: Plugin) -> Iterator[tuple[_Room, str, Any]]:
    for room in _ROOMS:
        found = getattr(plugin, room.field)
        if room.field in _MAPPINGS:
            pairs = list(found.items()) if isinstance(found, Mapping) else None
        else:
            pairs = (
                [(getattr(one, "name", ""), one) for one in found]
                if isinstance(found, tuple | list)
                else None
            )
        if pairs is None:
            raise _bad(file, f"{room.field} is a {type(found).__name__}")
        for name, value in pairs:
            yield room, name, value


def _bad(file: GuestFile, said: str) -> ConfigError:
    return ConfigError(
        "plugin.bad_member", f"plugins: {file.path}: {said}", "docs/plugins.md has an example of each member"
    )


def _require_sound(file: GuestFile, room: _Room, name: Any, value: Any) -> None:
    if not isinstance(value, room.kind):
        raise _bad(file, f"{room.field} holds a {type(value).__name__} in place of a {room.kind.__name__}")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise _bad(
            file, f"{room.registry.noun} {name!r}: a name is of small letters, digits and _, 40 at most"
        )
    texts = [getattr(value, one) for one in room.words if one in ("noun", "label", "short", "meaning")]
    if isinstance(value, FeatureFamily):
        texts += [text for both in value.phrases.values() for text in both]
        said = _of_family(value)
    elif isinstance(value, LevelKind):
        said = _of_kind(value)
    elif isinstance(value, Baseline):
        said = "" if not value.together or callable(value.together) else "`together` is a function here"
    else:
        said = ""
    for text in texts:
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TEXT or visible(text) != text:
            said = f"{text!r} is no text of one line and {_LONGEST_TEXT} characters at most"
    if said:
        raise _bad(file, f"{room.registry.noun} {name!r}: {said}")


def _of_kind(kind: LevelKind) -> str:
    if kind.scan is None and kind.column < 0:
        return "neither a scan nor an indicator column"
    if not 0.0 <= kind.weight <= 1.0:
        return f"weight {kind.weight} is not between 0 and 1"
    return ""


def _of_family(family: FeatureFamily) -> str:
    for column in family.columns:
        if not isinstance(column, str) or _NAME.fullmatch(column) is None:
            return f"column {column!r}: a name is of small letters, digits and _, 40 at most"
    if family.fill is None:
        return "no `fill`: nothing writes its columns"
    strangers = [name for name in family.seen if name not in family.columns]
    wordless = [name for name in family.seen if name not in family.phrases]
    if strangers:
        return f"the classifier is to see {', '.join(strangers)}, which the family does not fill"
    return f"no phrases for {', '.join(wordless)}, which a reader is told of" if wordless else ""


class _Taken:
    """Names in use, by what they are names of, and who has them."""

    def __init__(self) -> None:
        self._names = {
            room.registry.noun: dict.fromkeys(room.registry.names, "the engine") for room in _ROOMS
        }
        own = [*REPLAY_COLUMNS, *(column for family in FAMILIES for column in family.columns)]
        self._columns = dict.fromkeys(own, "the engine")
        # both become columns NAME_continuation of the forecasts
        self._forecasters = dict.fromkeys(
            ("p", "raw", "model", *BASELINES.names, *MODELS.names), "the engine"
        )

    def take(self, file: GuestFile, room: _Room, name: str, value: Any) -> None:
        noun = room.registry.noun
        self._one(self._names[noun], file, noun, name)
        if noun in (BASELINES.noun, MODELS.noun):
            self._one(self._forecasters, file, noun, name)
        if isinstance(value, FeatureFamily):
            for column in value.columns:
                self._one(self._columns, file, "column", column)
        if noun == KINDS.noun and len(self._names[noun]) > _MOST_KINDS:
            raise _bad(file, f"level kind {name!r} is one more than {_MOST_KINDS}")

    def _one(self, names: dict[str, str], file: GuestFile, noun: str, name: str) -> None:
        if name in names:
            raise ConfigError(
                "plugin.name_taken",
                f"plugins: {file.path}: {noun} {name!r}: {names[name]} has one of that name",
                "choose another name",
            )
        names[name] = file.path
