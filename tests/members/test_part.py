"""The finished pieces of a run that is under way: whole, or made again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.errors import RunError
from engine.members.part import Part, is_sound, packed
from engine.members.store import Parts

ARRAYS = {"known/a": np.arange(40.0), "setup": np.ones((8, 5))}
FRAME = pd.DataFrame({"date": pd.bdate_range("2020-01-06", periods=8), "close": np.linspace(9, 10, 8)})
PIECE = packed(ARRAYS, {"market": FRAME}, {"setups": 8, "audit": None})


def content(source):
    with Part(source) as part:
        return (
            {name: part.array(name).tolist() for name in part.names},
            part.frame("market").to_dict("list"),
            part.values,
        )


def test_a_byte_that_is_not_as_it_was_written_is_seen_or_changes_nothing(tmp_path):
    path, wanted = tmp_path / "part.npz", content(PIECE)
    assert is_sound_after(path, PIECE)
    rng = np.random.default_rng(3)
    unsound = 0
    for at in rng.integers(0, len(PIECE), 300):
        changed = bytearray(PIECE)
        changed[at] ^= 1 << rng.integers(0, 8)
        if is_sound_after(path, bytes(changed)):
            assert content(path) == wanted
        else:
            unsound += 1
    assert unsound > 200
    for size in rng.integers(0, len(PIECE), 40):
        assert not is_sound_after(path, PIECE[:size])


def is_sound_after(path, content):
    path.write_bytes(content)
    return is_sound(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda piece: b"",
        lambda piece: b"\x80\x05no archive",
        lambda piece: piece[: len(piece) // 2],
        lambda piece: piece.replace(b"ARROW1", b"ARROW2"),
        lambda piece: piece.replace(b'"setups"', b'"setups,'),
        lambda piece: packed({}, {}, {}),
    ],
)
def test_what_is_read_of_a_damaged_part_is_one_error_that_names_it(tmp_path, damage):
    path = tmp_path / "instrument_00000_A.npz"
    path.write_bytes(damage(PIECE))
    with pytest.raises(RunError, match=r"instrument_00000_A\.npz: cannot be read") as raised:
        content(path)
    assert raised.value.code == "run.damaged_part"
    assert "--resume" in raised.value.hint


def test_only_damaged_parts_are_removed(tmp_path):
    parts = Parts(tmp_path, ["A", "B", "C"], ["even"])
    for symbol in "AB":
        parts.write(symbol, PIECE)
    path = tmp_path / "parts" / "instrument_00001_B.npz"
    path.write_bytes(PIECE[:-1])
    assert parts.drop_damaged() == ["instrument_00001_B.npz"]
    assert parts.missing() == ["B", "C"]
    assert parts.drop_damaged() == []
