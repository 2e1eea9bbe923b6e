"""Who does which piece: every instrument, then every group, each kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from engine.bars.series import BarSeries
from engine.forecast.walk_forward import Plan
from engine.kernels.threads import carried, thread_count
from engine.members.fit import GroupTask, TrackFit, finish_group, fit
from engine.members.store import Parts
from engine.members.study import study
from engine.parallel import Crew
from engine.table.touch.book import LevelTouches


def study_instruments(
    plan: Plan, bars: Mapping[str, BarSeries], parts: Parts, crew: Crew, audit_dates: int
) -> None:
    """Study the instruments that are not done."""
    todo = parts.missing()
    pieces = crew.map(partial(study, plan, audit_dates), (bars[symbol] for symbol in todo), todo)
    for symbol, piece in zip(todo, pieces, strict=True):
        parts.write(symbol, piece)


def fit_groups(plan: Plan, bars: Mapping[str, BarSeries], parts: Parts, crew: Crew) -> None:
    """Forecast the groups that are not done, from the parts of their instruments."""
    todo = parts.missing_groups()
    # the levels of a group are a piece beside its tracks
    pieces: list[tuple[int, ...] | None] = [*plan.horizon_sets, None]

    def task(name: str, horizons: tuple[int, ...] | None) -> GroupTask:
        symbols = plan.groups[name]
        as_bytes = not crew.reaches_files
        return GroupTask(
            name,
            {symbol: bars[symbol] for symbol in symbols},
            {symbol: parts.source(symbol, as_bytes=as_bytes) for symbol in symbols},
            horizons,
        )

    tasks = (task(name, horizons) for name in todo for horizons in pieces)
    names = (f"{name}, {'levels' if h is None else f'{h[-1]} sessions'}" for name in todo for h in pieces)
    done = (
        _in_threads(plan, tasks, len(pieces))
        if crew.workers == 1
        else crew.map(partial(fit, plan), tasks, names)
    )
    tracks: list[TrackFit] = []
    for name in todo:
        for _ in pieces:
            found = next(done)
            if isinstance(found, TrackFit):
                tracks.append(found)
            else:
                touch: dict[str, LevelTouches] = found
        parts.write_group(name, finish_group(plan, task(name, None), tracks, touch))
        tracks = []


def _in_threads(
    plan: Plan, tasks: Iterator[GroupTask], each: int
) -> Iterator[TrackFit | dict[str, LevelTouches]]:
    """In this process; tracks are independent and the kernels release the interpreter's lock."""
    with ThreadPoolExecutor(min(thread_count(), each)) as pool:
        while block := [task for _, task in zip(range(each), tasks, strict=False)]:
            yield from pool.map(carried(partial(fit, plan)), block)
