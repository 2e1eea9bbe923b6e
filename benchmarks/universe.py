"""A run of many instruments: wall time and peak memory by their number, beside another build of the engine.

``python -m benchmarks universe 16 32 --against PATH``: PATH is a checkout of the other build (with a ``.venv`` of its own,
or run by this Python).  Bars are simulated, 5,000 sessions, families of 16.  Each build first compiles its kernels on a
small run that is not counted; then the sizes are run one after the other, both builds by turns, so that they meet the
same machine.  Memory is that of all processes of a run together, shared pages counted once (PSS, Linux), asked for
every 100 ms.  With ``--hashes`` the first size is also run by 1, 2 and 4 workers and their files are compared.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from engine.bars.findings import find_in_bars
from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars

FAMILY = 16
OTHERS_SIZES = 64  # beyond, only this build is run: the other would take most of an hour


@dataclass(frozen=True)
class Build:
    """One checkout of the engine and what runs it."""

    name: str
    folder: Path
    python: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """One run: wall and processor seconds, peak megabytes of all its processes."""

    seconds: float
    processor: float
    megabytes: float


def main(arguments: list[str]) -> int:
    """Run the sizes that are asked for and print one table."""
    asked = _parser().parse_args(arguments)
    here = Path(__file__).parents[1]
    builds = [Build("this", here, sys.executable, ("--workers", str(asked.workers)))]
    if asked.against is not None:
        own = asked.against / ".venv/bin/python"
        builds.append(Build("other", asked.against, str(own) if own.exists() else sys.executable, ()))
    costs: dict[tuple[str, int], Cost] = {}
    with tempfile.TemporaryDirectory(prefix="universe-") as name:
        folder = Path(name)
        for build in builds:
            run(build, config_of(folder, 2, min(asked.sessions, 2000)), folder)
        for size in asked.sizes:
            config = config_of(folder, size, asked.sessions)
            for build in builds:
                if build.name == "this" or size <= OTHERS_SIZES:
                    costs[build.name, size], _ = run(build, config, folder)
        same = (
            hashes_agree(builds[0], config_of(folder, asked.sizes[0], asked.sessions), folder)
            if asked.hashes
            else None
        )
    print_costs(asked, costs)
    if same is not None:
        print(f"1, 2 and 4 workers: {'the same' if same else 'OTHER'} Parquet and JSON files")
    return 0 if same in (None, True) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks universe")
    parser.add_argument(
        "sizes", nargs="*", type=int, default=[4, 8], help="numbers of instruments, ascending"
    )
    parser.add_argument(
        "--against", type=Path, default=os.environ.get("ENGINE_OTHER_BUILD"), help="another checkout"
    )
    parser.add_argument("--sessions", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--hashes", action="store_true", help="compare the files of 1, 2 and 4 workers")
    return parser


def config_of(folder: Path, size: int, sessions: int) -> Path:
    """A config of so many instruments; bars are written where they are missing."""
    instruments = []
    for number in range(size):
        path = folder / f"bars_{sessions}_{number}.csv"
        if not path.exists():
            sound_market(sessions, number).to_frame().to_csv(path)
        source = {"kind": "csv", "path": str(path)}
        instruments.append({"symbol": f"S{number}", "family": f"f{number // FAMILY}", "source": source})
    path = folder / f"universe_{size}_{sessions}.yaml"
    path.write_text(yaml.safe_dump({"name": "universe", "instruments": instruments}))
    return path


def sound_market(sessions: int, number: int) -> BarSeries:
    """Simulated bars in which no check sees a mistake: a wild month may hold a night like a split's."""
    for seed in count(number, 1000):
        bars = simulate_bars(sessions, seed=seed, volatility_persistence=0.97)
        # their opens are the closes before, so they are read as opens that were never traded
        read = replace(bars, opens_traded=np.zeros(sessions, dtype=np.bool_))
        if all(finding.severity != "failure" for finding in find_in_bars({read.symbol: read})):
            return bars
    raise AssertionError("count has no end")


def run(build: Build, config: Path, folder: Path) -> tuple[Cost, Path]:
    """Run a config with a build; what it cost, and its folder."""
    results = folder / "results"
    command = [build.python, "-m", "engine", "run", str(config), "--results", str(results), *build.options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(build.folder)}
    # a file: 0.3.0 prints a table an instrument, and a pipe that nobody empties would stop it from 16 on
    with (
        tempfile.TemporaryFile("w+") as printed,
        subprocess.Popen(
            command, cwd=build.folder, env=environment, stdout=printed, stderr=subprocess.DEVNULL
        ) as process,
    ):
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, sum(map(megabytes_of, family_of(process.pid))))
            time.sleep(0.1)
        seconds = time.perf_counter() - started
        printed.seek(0)
        last = printed.read().strip().splitlines()[-1:]
    if process.returncode:
        raise SystemExit(f"{build.name}: {' '.join(command)} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return Cost(seconds, processor, peak), Path(last[0])


def family_of(pid: int) -> list[int]:
    """A process and all that it started, as far as they run."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def megabytes_of(pid: int) -> float:
    """PSS of a process; 0 where it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def hashes_agree(build: Build, config: Path, folder: Path) -> bool:
    """True where 1, 2 and 4 workers write the same Parquet and JSON files."""
    found = []
    for workers in (1, 2, 4):
        other = Build(build.name, build.folder, build.python, ("--workers", str(workers)))
        _, path = run(other, config, folder)
        files = json.loads((path / "manifest.json").read_text())["artefacts"]
        found.append({name: value for name, value in files.items() if name.endswith((".parquet", ".json"))})
    return all(one == found[0] for one in found)


def print_costs(asked: argparse.Namespace, costs: dict[tuple[str, int], Cost]) -> None:
    """One line for each size and build; ratios to the other build, and how cost grows."""
    title = f"{asked.sessions:,} sessions, families of {FAMILY}, {asked.workers} workers"
    table = Table(title=title)
    for column in (
        "instruments",
        "build",
        "wall s",
        "processor s",
        "peak MB",
        "wall, of other",
        "memory, of other",
    ):
        table.add_column(column, justify="left" if column == "build" else "right")
    for (name, size), cost in costs.items():
        other = costs.get(("other", size)) if name == "this" else None
        table.add_row(
            str(size),
            name,
            f"{cost.seconds:.1f}",
            f"{cost.processor:.1f}",
            f"{cost.megabytes:.0f}",
            "" if other is None else f"{cost.seconds / other.seconds:.2f}",
            "" if other is None else f"{cost.megabytes / other.megabytes:.2f}",
        )
    Console(width=120).print(table)
    for name in ("this", "other"):
        sizes = sorted(size for build, size in costs if build == name)
        if len(sizes) > 1:
            first, last = sizes[0], sizes[-1]
            low, high = costs[name, first], costs[name, last]
            by = math.log(last / first)
            print(
                f"{name}, {first} to {last}: exponent {math.log(high.seconds / low.seconds) / by:.2f} in wall time, "
                f"{math.log(high.processor / low.processor) / by:.2f} in processor time; "
                f"{(high.megabytes - low.megabytes) / (last - first):.1f} MB a further instrument"
            )
