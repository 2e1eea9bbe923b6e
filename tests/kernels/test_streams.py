"""The contract on randomness: numbers as version 0.3 drew them, and streams that do not meet."""

import re
from pathlib import Path

import numpy as np

from engine.backtest.comparisons import random_signals
from engine.kernels import streams
from engine.kernels.blocks import resampled_positions
from engine.verify.placebo import _donors


def test_every_stream_gives_the_numbers_it_always_gave():
    assert int(streams.path_shift(7, 1234, 9)) == 15545133426232170119
    assert streams.resampled_bars(7, "RUT", 3).integers(0, 10**9, 2).tolist() == [623283555, 605081]
    assert streams.resampled_rows(7, 15, 1260, 3).integers(0, 10**9, 2).tolist() == [814788717, 882361852]
    assert [streams.verify_seed(7, 15, use) for use in ("calibration", "power")] == [
        4420193204494592487,
        1103168720959991372,
    ]
    assert float(streams.bootstrap_unit(np.uint64(7), 5, 11)) == 0.5060634489525554
    assert streams.null_normals(7, 4).standard_normal(2).tolist() == [-1.7987825761803797, 2.4376234814626634]
    assert _donors(np.zeros(12, np.int64), np.uint64(7)).tolist() == [-1, 0, 1, 2, 1, 3, 5, 2, 2, 4, 3, 4]
    assert streams.audit_noise(7, 100).normal(size=2).tolist() == [2.356083128274157, -1.374226021652697]
    days = np.datetime64("2000-01-03", "D") + np.arange(12)
    assert np.flatnonzero(random_signals("RUT", days, np.ones(12, bool), 0.3, 1, 7)).tolist() == [2, 3, 4]
    assert streams.trial_seed(7, 12) == 2070387560
    assert resampled_positions(100, 112, 3.0, np.random.default_rng(5)).tolist() == [
        103, 104, 105, 111, 102, 103, 104, 110, 101, 102, 103, 105,
    ]  # fmt: skip


def test_another_address_is_another_number():
    lots = [
        *(streams.resampled_bars(7, symbol, draw).integers(2**60) for symbol in "AB" for draw in range(3)),
        *(streams.resampled_rows(7, h, 100, draw).integers(2**60) for h in (10, 15) for draw in range(3)),
        *(streams.audit_noise(7, row).integers(2**60) for row in range(5)),
        *(streams.null_normals(7, chunk).integers(2**60) for chunk in range(5)),
    ]
    assert len(set(map(int, lots))) == len(lots)


def test_a_longer_history_keeps_the_lots_of_the_audit():
    assert (streams.audit_lots(7, 500)[:300] == streams.audit_lots(7, 300)).all()


def test_no_other_module_of_the_engine_makes_a_generator():
    root = Path(streams.__file__).parents[1]
    apart = {
        "kernels/streams.py",
        "bars/simulate.py",
        "warm.py",  # these two make up bars, outside any run
        "verify/parts.py",  # in the examples of its docstrings
        # samplers of a search are given the seed of their trial, streams.trial_seed
        *(f"tune/samplers/{name}.py" for name in ("gaussian_process", "quasi_random", "random", "tpe")),
    }
    found = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(r"default_rng|SeedSequence|0xBF58476D", path.read_text(encoding="utf-8"))
    ]
    assert set(found) - {"kernels/hash.py"} == apart
