"""Files read one instrument at a time, whoever wrote them."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.runs.by_instrument import _BY_INSTRUMENT, each_instrument


@pytest.mark.parametrize("together", [True, False])
def test_each_gets_its_own_rows_and_one_without_rows_an_empty_frame(tmp_path, together):
    frame = pd.DataFrame({"instrument": ["A", "A", "B", "B", "B"], "close": [1.0, 2.0, 3.0, 4.0, 5.0]})
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name in _BY_INSTRUMENT:
        with pq.ParquetWriter(tmp_path / f"{name}.parquet", table.schema) as writer:
            for part in [table] if together else [table[:2], table[2:]]:
                writer.write_table(part)
    found = dict(each_instrument(tmp_path, ["B", "C", "A"]))
    assert list(found) == ["B", "C", "A"]
    assert found["A"]["replay"]["close"].tolist() == [1.0, 2.0]
    assert found["B"]["trades"]["close"].tolist() == [3.0, 4.0, 5.0]
    assert found["C"]["levels"].empty
    assert list(found["C"]["levels"].columns) == ["instrument", "close"]
