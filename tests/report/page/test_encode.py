from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.report.page.alive import in_script
from engine.report.page.bundle import script, script_hash
from engine.report.page.encode import Block


def unpacked(text: str) -> dict:
    """The decoder that the docstring of the format describes, written again."""
    raw = zlib.decompress(base64.b64decode(text))
    size = int.from_bytes(raw[:4], "little")
    at, found = 4 + size, {}
    for column in json.loads(raw[4:at]):
        if "text" in column:
            found[column["name"]] = column["text"]
            continue
        rows, width = column["rows"], column["width"]
        planes = np.frombuffer(raw[at : at + rows * width], np.uint8).reshape(width, rows).astype(object)
        coded = sum(plane * 256**k for k, plane in enumerate(planes))
        whole = np.array([-(c + 1) // 2 if c % 2 else c // 2 for c in coded], dtype=float)
        values = (np.cumsum(whole) if column["delta"] else whole) / column["scale"]
        for start, stop in column["gaps"]:
            values[start:stop] = np.nan
        found[column["name"]] = values
        at += rows * width
    assert at == len(raw)
    return found


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=60),
    st.sampled_from([1, 10, 1000]),
    st.booleans(),
)
def test_what_is_packed_comes_back_rounded(values, scale, delta):
    block = Block()
    block.add("x", values, scale, delta=delta)
    block.add_text("names", ["a", "</script>", "é"])
    found = unpacked(block.text())
    np.testing.assert_allclose(found["x"], values, atol=0.5 / scale + 1e-9)
    assert found["names"] == ["a", "</script>", "é"]
    assert block.text() == block.text()


def test_small_steps_take_little_room():
    walk = np.cumsum(np.random.default_rng(1).integers(-9, 10, 5000))
    block = Block()
    block.add("walk", walk)
    assert len(block.text()) < 4500  # 4.2 bits of news a row


def test_numbers_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="column_too_wide"):
        Block().add("x", [1e18])


def test_the_script_is_one_lean_text_with_every_name_once():
    text = script()
    assert "import " not in text
    assert "export " not in text
    assert "eval(" not in text
    assert "new Function" not in text
    assert "/**" not in text
    assert len(text.encode()) < 120_000
    assert (
        script_hash("alert(1)") == "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
    )  # as browsers print it


def test_facts_cannot_leave_their_element():
    assert in_script({"name": "</script><script>alert(1)</script>&"}).count("<") == 0
