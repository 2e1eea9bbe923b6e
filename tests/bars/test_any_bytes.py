"""Files of bars with bytes that nobody means: they are read, or one error with code, hint and no control character."""

import csv
import gzip
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.bars.load import judged, load_universe
from engine.bars.simulate import simulate_bars
from engine.config import parse_config
from engine.errors import EngineError
from engine.foreign import visible
from tests.effort import count

BARS = simulate_bars(40, seed=8, start_price=50.0).to_frame().round(2).reset_index()
LAYOUTS = {
    "plain": BARS.to_csv(index=False),
    "semicolons": BARS.to_csv(index=False, sep=";", decimal=","),
    "quoted": BARS.to_csv(index=False, quoting=csv.QUOTE_ALL),
    "newest first": BARS[::-1].to_csv(index=False, lineterminator="\r\n"),
}
ODD = [
    b"", b"\x00", b"\xff\xfe", b"\x1b[31m", b"\n\n\n", b'"', b",", b";", b"1e999", b"-", b"nan", b"inf", b"today", b"2010",
    b"\xe2\x80\xae", b"\r", b"9" * 400, b"\xef\xbb\xbf", b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"=cmd()", b"0", b"1970-01-01",
]  # fmt: skip
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.sampled_from(ODD), st.binary(max_size=8))),
    min_size=1,
    max_size=4,
)
quiet = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def answered(path, kind):
    config = parse_config(
        {"name": "odd", "instruments": [{"symbol": "X", "source": {"kind": kind, "path": str(path)}}]}
    )
    caught = None
    try:
        for finding in judged(load_universe(config).bars, config):
            assert visible(finding.text) == finding.text
    except EngineError as error:
        caught = error
    if caught is not None:
        assert caught.code
        assert caught.hint
        assert visible(str(caught), lines=True) == str(caught)
        assert caught.exit_code in (2, 3)


@pytest.mark.filterwarnings("ignore")
@settings(quiet, max_examples=count(80, 2000))
@given(st.sampled_from(sorted(LAYOUTS)), edits, st.sampled_from(["csv", "gzip", "parquet"]))
@example("plain", [(0.5, 0, b"\x1b[31m")], "csv")
@example("plain", [(0.0, 4, b"\x1b]8;;")], "csv")
def test_any_bytes_are_bars_or_an_error(tmp_path, layout, edits, kind):
    text = LAYOUTS[layout].encode()
    if kind == "gzip":
        text = gzip.compress(text)
    elif kind == "parquet":
        buffer = io.BytesIO()
        BARS.to_parquet(buffer)
        text = buffer.getvalue()
    for place, length, put in edits:
        at = round(place * len(text))
        text = text[:at] + put + text[at + length :]
    path = tmp_path / {"csv": "x.csv", "gzip": "x.csv.gz", "parquet": "x.parquet"}[kind]
    path.write_bytes(text)
    answered(path, "parquet" if kind == "parquet" else "csv")
