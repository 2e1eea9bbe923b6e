"""Touch probabilities of a book: one for every level outside the close, in order of distance, of horizon."""

from __future__ import annotations

from itertools import pairwise

from engine import pipeline
from engine.replay.book import book_at
from engine.table.touch.book import book_touch
from tests.conftest import small_config


def test_every_level_of_the_book_has_a_probability_that_falls_with_distance():
    config = small_config()
    replay = pipeline.replay(config).replays["IXIC"]
    touch = book_touch({"IXIC": replay}, config)["IXIC"]
    close = replay.bars.close[-1]
    book = book_at(replay, replay.bars.dates[-1])
    outside = book[(book["low"] > close) | (book["high"] < close)]
    assert set(touch) == set(outside["level_id"])
    for side in ("resistance", "support"):
        rows = outside[outside["side"] == side]
        edge = rows["low"] if side == "resistance" else rows["high"]
        order = (edge - close).abs().sort_values(kind="stable").index
        for horizon in config.horizons:
            values = [touch[i][horizon] for i in rows.loc[order, "level_id"]]
            assert all(a >= b - 1e-12 for a, b in pairwise(values))
    assert all(p[10] <= p[15] for p in touch.values())


def test_an_earlier_close_has_the_same_probabilities_whatever_came_later():
    config = small_config()
    whole = pipeline.replay(config, as_of="2011-06-15").replays
    again = pipeline.replay(
        config.model_copy(update={"replay": config.replay.model_copy(update={"end": None})}), "2011-06-15"
    )
    assert book_touch(whole, config) == book_touch(again.replays, config)
