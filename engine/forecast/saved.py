"""Fitted models on disk: one JSON file of words and numbers, one NPZ file of arrays, nothing that runs.

Only the models of the last fold are kept: they are the ones that forecast the next close.  A loaded model
gives the same probabilities as the run that saved it, and forecasts newer closes without being fitted again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from engine.errors import InputError, RunError
from engine.files import write_atomic, write_json
from engine.forecast.calibration import Calibrator, calibrator_named
from engine.forecast.calibration.identity import IdentityCalibrator
from engine.forecast.calibration.walk import CalibratedTrack, FoldCalibrator, never_falling
from engine.forecast.folds.calendar import Fold
from engine.forecast.folds.standardise import Standardiser
from engine.forecast.folds.walk import Deviation, FoldModel, TrackForecast
from engine.forecast.models import Fitted, model_named
from engine.forecast.models.logistic_kernels import softmax_rows
from engine.forecast.models.offset_logistic import LinearCandidates
from engine.forecast.probabilities import floor_probabilities
from engine.forecast.walk_forward import Forecasts

FORMAT = 2


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """The last model of a group for some horizons.

    Attributes
    ----------
    group, symbols, features, horizons : what it was fitted to; ``features`` in the order of the rows of
        the arrays given to :meth:`forecast`, the last two are log-odds of the baseline at the longest horizon.
    fold_start : first date of the fold that it was fitted for (``datetime64[D]``); it knows nothing of later bars.
    model : the fold model.
    calibrators : one per horizon.
    """

    group: str
    symbols: tuple[str, ...]
    features: tuple[str, ...]
    horizons: tuple[int, ...]
    fold_start: np.datetime64
    model: FoldModel
    calibrators: tuple[Calibrator, ...]

    def forecast(
        self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray, symbols: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (n, horizons, 3) before and after calibration.

        Parameters
        ----------
        features : (p, n) raw values, NaN where unknown.
        offset : (n, horizons, 3) log probabilities of ``filtered_history``; paths : (n, longest, 3) its
            probabilities for sessions 1 .. longest.
        symbols : n names, which instrument each row is; unknown ones get the model of the group.
        """
        places = {symbol: i for i, symbol in enumerate(self.symbols)}
        instrument = np.array([places.get(symbol, -1) for symbol in symbols], dtype=np.int64)
        logits = self.model.logits(features, offset, paths, instrument)
        raw = [
            floor_probabilities(softmax_rows(np.ascontiguousarray(logits[:, k])))
            for k in range(len(self.horizons))
        ]
        # what stays as it is keeps its bits: a second flooring would change the last one
        each = [
            p if isinstance(one, IdentityCalibrator) else one.predict_proba(p)
            for one, p in zip(self.calibrators, raw, strict=True)
        ]
        return never_falling(np.stack(raw, axis=1)), never_falling(np.stack(each, axis=1))


ModelParts = tuple[
    dict[str, Any], dict[str, np.ndarray]
]  # words and numbers of one track's model, and its arrays


def model_parts(
    group: str,
    forecast: TrackForecast,
    calibrated: CalibratedTrack,
    calendar: np.ndarray,
    model: str,
    calibrator: str,
) -> ModelParts:
    """What is kept of the last model of one track."""
    fold = forecast.models[-1]
    last = [folds[-1] for folds in calibrated.calibrators]
    words = {
        "group": group,
        "symbols": list(forecast.track.symbols),
        "features": list(forecast.track.names),
        "horizon_sessions": list(forecast.track.horizons),
        "fold": fold.fold.number,
        "start": fold.fold.start,
        "stop": fold.fold.stop,
        "fold_start": str(calendar[fold.fold.start]),
        "training_rows": fold.rows,
        "kind": "baseline" if fold.fitted is None else model,
        "deviations": sorted(fold.deviations),
        "calibrators": [calibrator if one.used else "identity" for one in last],
    }
    return words, _model_arrays(fold, last)


def save_models(forecasts: Forecasts, folder: Path, model: str, calibrator: str) -> list[Path]:
    """Write ``models.json`` and ``models.npz`` into ``folder``; returns the two paths.

    ``model`` and ``calibrator`` are the names in the config that made the forecasts.
    """
    return write_models(
        folder,
        [
            model_parts(group.name, forecast, calibrated, forecasts.calendar, model, calibrator)
            for group in forecasts.groups
            for forecast, calibrated in zip(group.tracks, group.calibrated, strict=True)
        ],
    )


def write_models(folder: Path, parts: Sequence[ModelParts]) -> list[Path]:
    """The same from the parts of each track, in the order of the groups."""
    arrays = {f"m{i}_{name}": values for i, (_, own) in enumerate(parts) for name, values in own.items()}

    def write(path: Path) -> None:
        with open(path, "wb") as stream:  # given a name, numpy would append another suffix
            np.savez(stream, allow_pickle=False, **arrays)

    write_atomic(folder / "models.npz", write)
    write_json(folder / "models.json", {"format": FORMAT, "models": [words for words, _ in parts]})
    return [folder / "models.json", folder / "models.npz"]


def _model_arrays(model: FoldModel, calibrators: Sequence[FoldCalibrator]) -> dict[str, np.ndarray]:
    arrays = {"weights": model.weights}
    if model.standardiser is not None and model.fitted is not None:
        arrays |= {"mean": model.standardiser.mean, "scale": model.standardiser.scale}
        arrays |= {f"fitted_{name}": values for name, values in model.fitted.arrays().items()}
    for index, deviation in model.deviations.items():
        arrays[f"own{index}_coefficients"] = deviation.candidates.coefficients
        arrays[f"own{index}_weights"] = deviation.weights
    for k, one in enumerate(calibrators):
        if one.used:
            arrays |= {f"calibrator{k}_{name}": values for name, values in one.calibrator.arrays().items()}
    return arrays


# whatever NumPy, zipfile and json make of a damaged archive, and what does not fit together
_UNREADABLE = (
    ArithmeticError, AttributeError, BadZipFile, EOFError, InputError, LookupError, OSError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip


def load_models(folder: Path) -> list[SavedModel]:
    """Models written by :func:`save_models`.  Nothing in the files is ever executed.

    Raises
    ------
    RunError
        ``run.no_models`` where a file is missing or unreadable; ``run.unknown_format``.
    """
    try:
        header = json.loads((folder / "models.json").read_text(encoding="utf-8"))
        with np.load(folder / "models.npz", allow_pickle=False) as data:
            arrays = dict(data)
        if header.get("format") != FORMAT:
            raise RunError(
                "run.unknown_format", f"{folder}: models of format {header.get('format')!r}", "run again"
            )
        return [_load(entry, _under(arrays, f"m{i}_")) for i, entry in enumerate(header["models"])]
    except _UNREADABLE as error:
        raise RunError(
            "run.no_models", f"{folder}: no readable models ({error})", "run the config again"
        ) from None


def _load(entry: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> SavedModel:
    horizons = tuple(entry["horizon_sessions"])
    standardiser: Standardiser | None = None
    fitted: Fitted | None = None
    if entry["kind"] != "baseline":
        standardiser = Standardiser(arrays["mean"], arrays["scale"])
        fitted = model_named(entry["kind"]).rebuilt(_under(arrays, "fitted_"), horizons)
    own = {
        int(index): Deviation(
            LinearCandidates(arrays[f"own{index}_coefficients"]), arrays[f"own{index}_weights"]
        )
        for index in entry["deviations"]
    }
    fold = Fold(entry["fold"], entry["start"], entry["stop"])
    return SavedModel(
        entry["group"],
        tuple(entry["symbols"]),
        tuple(entry["features"]),
        horizons,
        np.datetime64(entry["fold_start"], "D"),
        FoldModel(fold, entry["training_rows"], standardiser, fitted, arrays["weights"], own),
        tuple(
            calibrator_named(name).rebuilt(_under(arrays, f"calibrator{k}_"))
            for k, name in enumerate(entry["calibrators"])
        ),
    )


def _under(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
