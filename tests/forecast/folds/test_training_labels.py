"""The evidence for the purge comes from the bars: it would see a purge that is too short."""

from __future__ import annotations

from dataclasses import replace

from engine import pipeline
from engine.forecast.training_labels import training_labels
from engine.forecast.walk_forward import walk_forward
from tests.conftest import small_config


def test_every_training_label_ends_before_its_fold_and_a_short_purge_is_seen():
    config = small_config()
    replayed = pipeline.replay(config)
    forecasts = walk_forward(replayed.inputs, config)
    table = training_labels(forecasts, replayed.inputs)
    assert (table["last_label_end"] < table["start"]).all()
    assert set(table["horizon_sessions"]) == {10, 15}
    # folds that begin a session earlier than their models believe
    early = replace(forecasts, calendar=forecasts.calendar[:-1].copy())
    early.calendar[1:] = forecasts.calendar[:-2]
    moved = training_labels(early, replayed.inputs)
    assert (moved["last_label_end"] >= moved["start"]).any()
