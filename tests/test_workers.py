"""A run of several instruments says the same whoever did the work; members left out and ended early are named."""

import json

import pytest
import yaml

import engine
from tests.simulated_files import csv_of

SMALL = {
    "forecast": {"min_train_sessions": 630, "paths": 50, "interval_draws": 2},
    "verify": {"bootstrap_draws": 100, "null_draws": 99},
    "backtest": {"random_entries": 5},
    "horizons": [5, 10],
}


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("universe")
    for number, name in enumerate(("AA", "BB", "CC")):
        csv_of(folder / f"{name}.csv", 1000 - 40 * number, number)
    (folder / "DD.csv").write_text("date,open,high,low,close\n")
    lines = ["symbol,path,family,last_date"]
    lines += ["AA,AA.csv,one,", "BB,BB.csv,one,1973-06-29", "CC,CC.csv,two,", "DD,DD.csv,two,"]
    (folder / "members.csv").write_text("\n".join(lines))
    (folder / "u.yaml").write_text(
        yaml.safe_dump({"name": "u", "instruments": {"table": "members.csv"}, "on_error": "skip", **SMALL})
    )
    return folder


@pytest.fixture(scope="module")
def alone(universe):
    return engine.run(engine.load_config(universe / "u.yaml"), results=universe / "one", audit_dates=1)


def test_the_artefacts_do_not_depend_on_the_number_of_workers(universe, alone):
    config = engine.load_config(universe / "u.yaml")
    two = engine.run(config, results=universe / "two", audit_dates=1, workers=2)
    hashes = [
        {
            name: sha
            for name, sha in run.manifest["artefacts"].items()
            if name.endswith((".parquet", ".json", ".md"))
        }
        for run in (alone, two)
    ]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) >= 11


def test_a_member_that_was_left_out_and_one_that_ends_early_are_named(alone):
    manifest = json.loads((alone.path / "manifest.json").read_text())
    assert list(manifest["left_out"]) == ["DD"]
    assert manifest["left_out"]["DD"]["code"].startswith("data.")
    said = "\n".join(manifest["warnings"])
    assert "DD: left out" in said
    assert "BB: a member until 1973-06-29 only" in said
    assert str(alone.bars["BB"].dates[-1]) == "1973-06-29"
