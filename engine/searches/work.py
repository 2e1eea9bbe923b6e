"""What the commands ``tune`` and ``sweep`` do: search or sweep, and write what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from engine.bars.load import Told, load_sound
from engine.config import Config, with_plugins
from engine.files import full_disk, write_atomic, write_json, write_text

if TYPE_CHECKING:
    from engine.sweep import SweepResult
    from engine.sweep.folder import SweepFolder
    from engine.tune.result import TuneResult


@with_plugins
def tune(
    config: Config,
    *,
    trials: int = 20,
    workers: int = 2,
    storage: str | None = None,
    study: str | None = None,
    results: str | Path = "results",
    told: Told | None = None,
) -> tuple[Path, TuneResult]:
    """Search the settings of ``config.tune``; writes the best config, the trials and a page under ``results``.

    What an earlier search wrote stays: a second one of the same name gets a number.

    Returns
    -------
    (path of the best config, result).
    """
    from engine.report.page.search import render_tuning
    from engine.tune.space import search_space
    from engine.tune.tune import tune as search

    _, findings = load_sound(config, told)
    folder = Path(results) / "tuning"
    folder.mkdir(parents=True, exist_ok=True)
    result = search(config, trials=trials, workers=workers, storage=storage, study=study, folder=folder)
    stem = f"{config.name}_{config.tune.group}"
    numbered = (f"{stem}.yaml" if n == 1 else f"{stem}-{n}.yaml" for n in count(1))
    path = next(folder / name for name in numbered if not (folder / name).exists())
    # the config last: where it is, everything of the search is
    write_json(path.with_suffix(".json"), result.to_dict() | {"findings": [f.as_dict() for f in findings]})
    write_text(path.with_suffix(".trials.csv"), result.trials.to_csv(index=False))
    write_text(path.with_suffix(".html"), render_tuning(config.name, result, search_space(config)))
    write_text(path, result.best_yaml)
    return path, result


@dataclass(frozen=True, slots=True)
class Place:
    """Where and by whom a sweep is done, none of which changes what it finds.

    Attributes
    ----------
    command : recorded in the manifest.
    workers, cluster : processes here, or a Dask scheduler.
    told : is given what was found in the bars.
    progress : called with (points done, points) after each task.
    """

    command: str = "engine.sweep"
    workers: int = 1
    cluster: str | None = None
    told: Told | None = None
    progress: Callable[[int, int], None] | None = None


@with_plugins
def sweep(
    config: Config,
    over: Sequence[str],
    *,
    drawn: int | None = None,
    seed: int = 0,
    null_draws: int = 0,
    resume: Path | None = None,
    yes: bool = False,
    results: str | Path = "results",
    place: Place | None = None,
) -> tuple[Path, SweepResult]:
    """Score every point and write ``sweep.parquet`` and ``report.html``; see :mod:`engine.sweep`.

    Parameters
    ----------
    over : ``KEY=a,b,c`` or ``KEY=lo..hi/n`` each.
    drawn : so many points drawn with ``seed``, in place of the grid.
    null_draws : histories drawn from filtered_history on which the sweep is repeated.
    resume : folder of a sweep of the same settings that was begun.
    yes : ten thousand points or more are meant.

    Returns
    -------
    (folder, result).
    """
    from engine.parallel import open_crew
    from engine.report.page.search import render_sweep
    from engine.sweep import SweepPlan, grid_points, parse_axes, random_points
    from engine.sweep import sweep as evaluate
    from engine.sweep.folder import TABLE, SweepFolder

    at = place or Place()
    axes = parse_axes(over, drawn=drawn is not None)
    points = grid_points(axes) if drawn is None else random_points(axes, drawn, seed)
    points.require_few(yes)
    bars, _ = load_sound(config, at.told)
    plan = SweepPlan(config, points, null_draws)
    asked = plan.asked() | {"seed": seed if drawn is not None else None}
    with threadpool_limits(1), open_crew(min(at.workers, points.count), at.cluster) as crew:
        if resume is None:
            folder = SweepFolder.new(Path(results), config, bars, asked, at.command)
        else:
            folder = SweepFolder.again(resume, config, bars, asked)
        with _kept_in(folder):
            result = evaluate(plan, folder, crew, at.progress)
            write_atomic(
                folder.path / TABLE,
                lambda p: result.table.to_parquet(p, engine="pyarrow", index=False, compression="zstd"),
            )
            write_json(folder.path / "summary.json", result.to_dict())
            write_text(folder.path / "report.html", render_sweep(config.name, result))
            folder.finish()
    return folder.path, result


@contextmanager
def _kept_in(folder: SweepFolder) -> Iterator[None]:
    """A sweep that is stopped says so in its manifest, and an interrupt or a full disk what goes on from there."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(folder.stopped("interrupted"))
        raise
    except BaseException as error:
        with suppress(OSError):  # where not even this can be written, its process is gone soon
            folder.stopped("failed")
        full = full_disk(error, folder.path, folder.go_on)
        if full is not None:
            raise full from error
        raise
