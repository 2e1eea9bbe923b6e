"""What was downloaded, on disk: a table beside a record of its vendor, moment, rows and hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from engine.bars.fetch.revisions import Change, changes_between, in_lines
from engine.errors import DataError
from engine.files import sha256_of, write_atomic, write_json, write_text

_HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the cache.

    Attributes
    ----------
    folder, stem : where, and under which name.
    vendor, what : for the record and for messages.
    """

    folder: Path
    stem: str
    vendor: str
    what: str

    @property
    def record(self) -> Path:
        """The record, which names the file with the table: replacing it replaces both at one moment."""
        return self.folder.expanduser() / f"{self.stem}.json"

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.vendor} {self.what}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a download brought.

    Attributes
    ----------
    path : of the table.
    rows, added : rows in all, and those that were not there before.
    changes : past values that the vendor had revised, accepted.
    remarks : what else there is to say.
    """

    path: Path
    rows: int
    added: int
    changes: tuple[Change, ...]
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        head = f"{self.path}: {self.rows} rows, {self.added} new"
        lines = [*in_lines(self.changes), *self.remarks]
        return "\n  ".join([head + (f", {len(self.changes)} revised" if self.changes else ""), *lines])


def read_cached(slot: Slot) -> pd.DataFrame | None:
    """The table in ``slot``; None where nothing was ever downloaded.

    Raises
    ------
    DataError
        ``data.cache_changed`` where the file is not the one that was downloaded.
    """
    for attempt in (1, 2):
        if not slot.record.is_file():
            return None
        try:
            record = json.loads(slot.record.read_text(encoding="utf-8"))
            path = slot.record.parent / str(record.get("file", f"{slot.stem}.parquet"))
            if sha256_of(path) == record["sha256"]:
                return pd.read_parquet(path)
        except (OSError, ValueError, KeyError, TypeError):
            # another process may have replaced record and table between the two reads
            if attempt == 1:
                continue
    raise DataError(
        "data.cache_changed",
        f"{slot.record}: the cached table is not the one that was downloaded (SHA-256 differs)",
        "run `engine fetch CONFIG` to download it again",
    )


def store(
    slot: Slot,
    frame: pd.DataFrame,
    *,
    accept_revisions: bool,
    leave_out: tuple[str, ...] = (),
    about: dict[str, Any] | None = None,
    remarks: tuple[str, ...] = (),
    now: datetime | None = None,
) -> Fetched:
    """Replace the cache by ``frame`` (column ``date`` and values), unless that would change the past unseen.

    Parameters
    ----------
    leave_out : columns that a vendor rewrites by their nature (the adjusted close).
    about : more for the record.

    Raises
    ------
    DataError
        ``data.vendor_revised``: past values differ; all of them are listed in a file beside the cache, which is left as
        it was.
    """
    try:
        before = read_cached(slot)
    except DataError:
        before, remarks = None, (*remarks, "the cached table was damaged; nothing to compare with")
    changes: list[Change] = []
    listed = slot.record.with_suffix(".revisions.csv")
    if before is not None:
        changes = changes_between(before, frame, leave_out)
        if changes:
            table = pd.DataFrame([(c.date, c.column, c.before, c.after) for c in changes])
            write_text(listed, table.to_csv(index=False, header=["date", "column", "before", "after"]))
        if changes and not accept_revisions:
            raise DataError(
                "data.vendor_revised",
                f"{slot.place}: {len(changes)} past values are not what they were: "
                + "; ".join(in_lines(changes))
                + f"; all of them: {listed}",
                "look at them; `engine fetch CONFIG --accept-revisions` replaces the cache, which is as it was",
            )
    folder = slot.record.parent
    body: bytes = frame.to_parquet(None, index=False)
    digest = hashlib.sha256(body).hexdigest()
    path = folder / f"{slot.stem}.{digest[:_HASH_DIGITS]}.parquet"
    write_atomic(path, lambda temporary: temporary.write_bytes(body))
    days = pd.to_datetime(frame["date"])
    write_json(
        slot.record,
        {
            "vendor": slot.vendor,
            "what": slot.what,
            "file": path.name,
            "downloaded_at": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
            "rows": len(frame),
            "first_date": str(days.min().date()),
            "last_date": str(days.max().date()),
            "sha256": digest,
            **(about or {}),
        },
    )
    for other in folder.iterdir():
        of_this = other.name.startswith(f"{slot.stem}.") and other.suffix == ".parquet"
        if of_this and other != path:
            other.unlink(missing_ok=True)
    added = len(frame) if before is None else int((~days.isin(pd.to_datetime(before["date"]))).sum())
    return Fetched(path, len(frame), added, tuple(changes), remarks)
