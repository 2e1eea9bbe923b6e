"""What a command loads before it computes anything: libraries that cost a part of a second each are loaded where used."""

import json
import subprocess
import sys

import pytest

# what `engine scenario` imports on its way to a table, and what `engine run` imports besides
TABLE = (
    "engine.cli",
    "engine.pipeline",
    "engine.forecast.walk_forward",
    "engine.table.explain",
    "engine.table.fill",
    "engine.table.touch.book",
    "engine.report.terminal.terminal",
)
RUN = (
    *TABLE,
    "engine.commands",
    "engine.backtest.backtest",
    "engine.forecast.saved",
    "engine.runs.run",
    "engine.verify.audit.audit",
    "engine.verify.placebo",
    "engine.verify.verify",
)
# library: what it costs to import, in seconds of one core (2 cores, 24 GB), and where it may be loaded instead
EVERYWHERE_ELSE = {
    "vectorbt": "2.5, never: engine/backtest/account.py calls its Rust engine",
    "matplotlib": "0.5, where a chart is drawn",
    "scipy.stats": "0.7, never: engine/verify/skill/student.py has what is needed",
    "scipy.optimize": "0.2, in the calibrators vector and matrix",
    "sklearn": "0.5, in forecast.model boosting",
    "optuna": "0.5, in engine/tune/",
    "dask": "0.3, in engine/parallel/cluster.py",
    "distributed": "0.6, in engine/parallel/cluster.py",
    "plotly": "0.3, never",
    "jinja2": "0.1, where a page is made",
}


@pytest.mark.parametrize("modules", [TABLE, RUN], ids=["scenario", "run"])
def test_a_command_loads_no_library_that_it_may_not_need(modules):
    code = (
        f"import sys, json\nfor name in {modules!r}: __import__(name)\nprint(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not {name: EVERYWHERE_ELSE[name] for name in loaded & set(EVERYWHERE_ELSE)}
