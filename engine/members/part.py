"""One finished piece of work as one file: arrays, frames and plain values, nothing that runs.

A file of a run that is under way: the pieces stand in the run's folder until everything is done, so that a run which
was interrupted goes on with them.  Arrays keep their bits, frames their types.  What is not asked for is not read.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from engine.errors import RunError

Source = Path | bytes

# what reading an archive, an array, a frame or JSON can meet in a file that the engine did not write as it stands
_MET = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile)


def is_sound(path: Path) -> bool:
    """Whether every byte of a piece on disk is as it was written, by the checksums of its archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None and "values.npy" in archive.namelist()
    except _MET:
        return False


def packed(
    arrays: Mapping[str, np.ndarray], frames: Mapping[str, pd.DataFrame], values: Mapping[str, Any]
) -> bytes:
    """The bytes of a piece: ``values`` are what JSON can hold, NaN included."""
    entries = dict(arrays)
    for name, frame in frames.items():
        sink = io.BytesIO()
        table = pa.Table.from_pandas(frame, preserve_index=False)
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_file(sink, table.schema, options=options) as writer:
            writer.write_table(table)
        entries[f"frame {name}"] = np.frombuffer(sink.getvalue(), dtype=np.uint8)
    entries["values"] = np.frombuffer(json.dumps(values).encode(), dtype=np.uint8)
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **{name.replace("/", "|"): value for name, value in entries.items()})
    return out.getvalue()


class Part:
    """A piece that was :func:`packed`, from its file or its bytes; a context manager.

    Raises
    ------
    RunError
        ``run.damaged_part`` where it cannot be read.
    """

    def __init__(self, source: Source) -> None:
        self._name = str(source) if isinstance(source, Path) else "a part"
        try:
            self._file: Any = np.load(
                source if isinstance(source, Path) else io.BytesIO(source), allow_pickle=False
            )
        except _MET as error:
            raise self._damaged(error) from None

    def close(self) -> None:
        """Close its file."""
        self._file.close()

    def __enter__(self) -> Part:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def names(self) -> list[str]:
        """Names of the arrays."""
        hidden = {"values"}
        return [
            name.replace("|", "/")
            for name in self._file.files
            if name not in hidden and not name.startswith("frame ")
        ]

    def array(self, name: str) -> np.ndarray:
        """One array."""
        try:
            return self._file[name.replace("/", "|")]
        except _MET as error:
            raise self._damaged(error) from None

    def arrays(self, room: str) -> dict[str, np.ndarray]:
        """The arrays whose name begins with ``room`` and a slash, under what follows it."""
        return {
            name.removeprefix(f"{room}/"): self.array(name)
            for name in self.names
            if name.startswith(f"{room}/")
        }

    def schema(self, name: str) -> pa.Schema:
        """Columns and types of one frame."""
        with self._reader(name) as reader:
            return reader.schema

    def table(self, name: str) -> pa.Table:
        """One frame as Arrow has it."""
        with self._reader(name) as reader:
            return reader.read_all()

    def _reader(self, name: str) -> pa.RecordBatchFileReader:
        try:
            return pa.ipc.open_file(pa.py_buffer(self.array(f"frame {name}")))
        except pa.ArrowException as error:
            raise self._damaged(error) from None

    def frame(self, name: str) -> pd.DataFrame:
        """One frame."""
        return self.table(name).to_pandas()

    @property
    def values(self) -> dict[str, Any]:
        """The plain values."""
        try:
            return json.loads(self.array("values").tobytes())
        except ValueError as error:
            raise self._damaged(error) from None

    def _damaged(self, error: object) -> RunError:
        return RunError(
            "run.damaged_part",
            f"{self._name}: cannot be read ({error})",
            "`engine run CONFIG --resume RUN` makes it again",
        )
