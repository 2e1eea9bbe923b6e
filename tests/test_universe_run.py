"""A run of several instruments: whoever does the work, and however often it was interrupted, the bytes are the same."""

from __future__ import annotations

import pytest

import engine
from tests.toy_universe import digests, toy_config


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    """A config of three instruments, and its run by one process."""
    config = toy_config(tmp_path_factory.mktemp("bars"))
    return config, engine.run(config, results=tmp_path_factory.mktemp("results"))


def test_two_workers_write_the_same_bytes_as_one(universe, tmp_path):
    config, alone = universe
    shared = engine.run(config, results=tmp_path, workers=2)
    assert digests(shared.path) == digests(alone.path)
    assert len(digests(shared.path)) >= 14
