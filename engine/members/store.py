"""The finished pieces of a run that is under way, in its folder, and the artefacts that are put together from them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.files import write_atomic
from engine.forecast.saved import ModelParts
from engine.members.fit import GroupResult
from engine.members.part import Part, Source, is_sound, packed

FOLDER = "parts"


class Parts:
    """Files ``parts/instrument_NUMBER_SYMBOL.npz`` and ``parts/group_NUMBER.npz`` of a run's folder.

    A file is there if and only if its piece of work is done: it is written under another name and moved into place.
    """

    def __init__(self, run: Path, symbols: Sequence[str], groups: Sequence[str]) -> None:
        self._folder = run / FOLDER
        self._paths = {s: self._folder / f"instrument_{i:05d}_{s}.npz" for i, s in enumerate(symbols)}
        self._groups = {name: self._folder / f"group_{i:05d}.npz" for i, name in enumerate(groups)}

    def missing(self) -> list[str]:
        """Symbols that are not done."""
        return [symbol for symbol, path in self._paths.items() if not path.is_file()]

    def missing_groups(self) -> list[str]:
        """Groups that are not done."""
        return [name for name, path in self._groups.items() if not path.is_file()]

    def drop_damaged(self) -> list[str]:
        """Remove what a damaged disk or an editor has left, so that it is done again; returns the names of the files."""
        bad = [
            path
            for path in (*self._paths.values(), *self._groups.values())
            if path.is_file() and not is_sound(path)
        ]
        for path in bad:
            path.unlink()
        return [path.name for path in bad]

    def write(self, symbol: str, piece: bytes) -> None:
        """Keep what was found out about one instrument."""
        write_atomic(self._paths[symbol], lambda path: path.write_bytes(piece))

    def write_group(self, name: str, found: GroupResult) -> None:
        """Keep what was found out about one group."""
        arrays = {f"m{i}/{k}": a for i, (_, own) in enumerate(found.models) for k, a in own.items()}
        frames = {f"forecasts {symbol}": frame for symbol, frame in found.forecasts.items()}
        labels = pd.concat(found.labels, ignore_index=True)
        values = {
            "models": [words for words, _ in found.models],
            "tables": {symbol: table.to_dict() for symbol, table in found.tables.items()},
            "forecast": list(found.forecasts),
            "has_context": found.without_context is not None,
        }
        if found.without_context is not None:
            frames["without context"] = found.without_context
        piece = packed(arrays, frames | {"labels": labels}, values)
        write_atomic(self._groups[name], lambda path: path.write_bytes(piece))

    def source(self, symbol: str, *, as_bytes: bool) -> Source:
        """Where the part of an instrument is: its file, or for workers that cannot reach it, its bytes."""
        return self._paths[symbol].read_bytes() if as_bytes else self._paths[symbol]

    def each(self) -> Iterator[Part]:
        """The part of every instrument, one open at a time."""
        yield from _opened(self._paths.values())

    def each_group(self) -> Iterator[Part]:
        """The part of every group, one open at a time."""
        yield from _opened(self._groups.values())

    def models(self) -> list[ModelParts]:
        """The models of every group."""
        found: list[ModelParts] = []
        for part in self.each_group():
            found += [(words, part.arrays(f"m{i}")) for i, words in enumerate(part.values["models"])]
        return found

    def tables(self, symbols: Sequence[str]) -> list[dict[str, Any]]:
        """The last tables, in the order of ``symbols``."""
        found = {
            symbol: table for part in self.each_group() for symbol, table in part.values["tables"].items()
        }
        return [found[symbol] for symbol in symbols]

    def labels(self) -> pd.DataFrame:
        """How far the labels behind each fold look, of every group."""
        return pd.concat([part.frame("labels") for part in self.each_group()], ignore_index=True)

    def without_context(self) -> pd.DataFrame | None:
        """The forecasts without context, of every group; None where there is no context."""
        parts = [p.frame("without context") for p in self.each_group() if p.values["has_context"]]
        return pd.concat(parts, ignore_index=True) if parts else None

    def market(self) -> pd.DataFrame:
        """Closes and setups of every instrument: :data:`engine.members.study.MARKET`, in the unit of the bars."""
        return pd.concat([part.frame("market") for part in self.each()], ignore_index=True)

    def forecasts(self, groups: Mapping[str, Sequence[str]], path: Path) -> set[str]:
        """Write forecasts.parquet, instruments in their order; returns the symbols that have a forecast."""
        home = {symbol: name for name, symbols in groups.items() for symbol in symbols}
        present = {symbol for part in self.each_group() for symbol in part.values["forecast"]}
        places = [(self._groups[home[s]], f"forecasts {s}") for s in self._paths if s in present]
        if places:
            write_row_groups(path, places)
        return present

    def frames(self, name: str, path: Path) -> None:
        """Write one of :data:`engine.members.study.FRAMES`, instruments in their order."""
        write_row_groups(path, [(place, name) for place in self._paths.values()])

    def clear(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _opened(paths: Iterable[Path]) -> Iterator[Part]:
    for path in paths:
        with Part(path) as part:
            yield part


def write_row_groups(path: Path, places: Sequence[tuple[Path, str]]) -> None:
    """One Parquet file, a row group for each place (a part's file and the name of a frame in it).

    Frames may lack columns that others have, or have them empty; one is held at a time.
    """
    schemas = []
    for place, name in places:
        with Part(place) as part:
            schemas.append(part.schema(name))
    schema = schemas[0]
    if any(not other.equals(schema) for other in schemas):
        joined = pa.unify_schemas(schemas, promote_options="permissive")
        schema = pa.Schema.from_pandas(joined.empty_table().to_pandas(), preserve_index=False)

    def write(target: Path) -> None:
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for place, name in places:
                with Part(place) as part:
                    table = part.table(name)
                writer.write_table(table if table.schema.equals(schema) else _as(table, schema))

    write_atomic(path, write)


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns: list[Any] = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
