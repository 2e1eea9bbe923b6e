"""Fitted models on disk: one JSON file of words and numbers, one NPZ file of arrays, nothing that runs.

Only the models of the last fold are kept: they are the ones that forecast the next close.  A loaded model
gives the same probabilities as the run that saved it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import RunError
from engine.files import write_atomic, write_json
from engine.forecast.calibration.calibrators import (
    AffineCalibrator,
    Calibrator,
    IdentityCalibrator,
    IsotonicCalibrator,
    TemperatureCalibrator,
    VennAbersCalibrator,
)
from engine.forecast.calibration.walk import FoldCalibrator, never_falling
from engine.forecast.folds.calendar import Fold
from engine.forecast.folds.standardise import Standardiser
from engine.forecast.folds.walk import Deviation, FoldModel
from engine.forecast.models.boosting import BoostingCandidates, TreeModel
from engine.forecast.models.hazard import HazardCandidates
from engine.forecast.models.learner import Fitted, LinearCandidates
from engine.forecast.models.logistic_kernels import softmax_rows
from engine.forecast.models.ordinal import OrdinalCandidates
from engine.forecast.probabilities import floor_probabilities
from engine.forecast.walk_forward import Forecasts

FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """The last model of a group for some horizons.

    Attributes
    ----------
    group, symbols, features, horizons : what it was fitted to; ``features`` in the order of the rows of
        the arrays given to :meth:`forecast`, the last two are log-odds of the baseline at the longest horizon.
    model : the fold model.
    calibrators : one per horizon.
    """

    group: str
    symbols: tuple[str, ...]
    features: tuple[str, ...]
    horizons: tuple[int, ...]
    model: FoldModel
    calibrators: tuple[Calibrator, ...]

    def forecast(
        self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray, symbols: np.ndarray
    ) -> np.ndarray:
        """Calibrated probabilities (n, horizons, 3).

        Parameters
        ----------
        features : (p, n) raw values, NaN where unknown.
        offset : (n, horizons, 3) log probabilities of ``filtered_history``; paths : (n, longest, 3) its
            probabilities for sessions 1 .. longest.
        symbols : (n,) which instrument each row is; unknown ones get the model of the group.
        """
        places = {symbol: i for i, symbol in enumerate(self.symbols)}
        instrument = np.array([places.get(str(symbol), -1) for symbol in symbols], dtype=np.int64)
        logits = self.model.logits(features, offset, paths, instrument)
        each = [
            one.predict_proba(floor_probabilities(softmax_rows(np.ascontiguousarray(logits[:, k]))))
            for k, one in enumerate(self.calibrators)
        ]
        return never_falling(np.stack(each, axis=1))


def save_models(forecasts: Forecasts, folder: Path) -> list[Path]:
    """Write ``models.json`` and ``models.npz`` into ``folder``; returns the two paths."""
    arrays: dict[str, np.ndarray] = {}
    entries: list[dict[str, Any]] = []
    for group in forecasts.groups:
        for forecast, calibrated in zip(group.tracks, group.calibrated, strict=True):
            key = f"m{len(entries)}"
            model = forecast.models[-1]
            entry: dict[str, Any] = {
                "group": group.name,
                "symbols": list(forecast.track.symbols),
                "features": list(forecast.track.names),
                "horizon_sessions": list(forecast.track.horizons),
                "fold": model.fold.number,
                "fold_start": str(forecasts.calendar[model.fold.start]),
                "training_rows": model.rows,
                "kind": "baseline" if model.fitted is None else model.fitted.arrays()["kind"],
                "deviations": sorted(model.deviations),
                "calibrators": [],
            }
            entry["start"], entry["stop"] = model.fold.start, model.fold.stop
            arrays[f"{key}_weights"] = model.weights
            if model.standardiser is not None and model.fitted is not None:
                arrays[f"{key}_mean"] = model.standardiser.mean
                arrays[f"{key}_scale"] = model.standardiser.scale
                for name, value in _fitted_arrays(model.fitted).items():
                    arrays[f"{key}_{name}"] = value
            for index, deviation in model.deviations.items():
                arrays[f"{key}_own{index}_coefficients"] = deviation.candidates.coefficients
                arrays[f"{key}_own{index}_weights"] = deviation.weights
            for k, folds in enumerate(calibrated.calibrators):
                kind, values = _calibrator_arrays(folds[-1])
                entry["calibrators"].append(kind)
                arrays |= {f"{key}_calibrator{k}_{name}": value for name, value in values.items()}
            entries.append(entry)

    def write(path: Path) -> None:
        with open(path, "wb") as stream:  # given a name, numpy would append another suffix
            np.savez(stream, allow_pickle=False, **arrays)

    write_atomic(folder / "models.npz", write)
    write_json(folder / "models.json", {"format": FORMAT, "models": entries})
    return [folder / "models.json", folder / "models.npz"]


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
    except (OSError, ValueError) as error:
        raise RunError(
            "run.no_models", f"{folder}: no readable models ({error})", "run the config again"
        ) from None
    if header.get("format") != FORMAT:
        raise RunError(
            "run.unknown_format", f"{folder}: models of format {header.get('format')!r}", "run again"
        )
    return [_load(entry, f"m{i}", arrays) for i, entry in enumerate(header["models"])]


def _load(entry: Mapping[str, Any], key: str, arrays: Mapping[str, np.ndarray]) -> SavedModel:
    horizons = tuple(entry["horizon_sessions"])
    own = {
        int(index): Deviation(
            LinearCandidates(arrays[f"{key}_own{index}_coefficients"]), arrays[f"{key}_own{index}_weights"]
        )
        for index in entry["deviations"]
    }
    known = entry["kind"] != "baseline"
    model = FoldModel(
        Fold(entry["fold"], entry["start"], entry["stop"]),
        entry["training_rows"],
        Standardiser(arrays[f"{key}_mean"], arrays[f"{key}_scale"]) if known else None,
        _load_fitted(entry["kind"], key, arrays, horizons) if known else None,
        arrays[f"{key}_weights"],
        own,
    )
    calibrators = []
    for k, kind in enumerate(entry["calibrators"]):
        prefix = f"{key}_calibrator{k}_"
        calibrators.append(
            _load_calibrator(
                kind, {n.removeprefix(prefix): v for n, v in arrays.items() if n.startswith(prefix)}
            )
        )
    return SavedModel(
        entry["group"], tuple(entry["symbols"]), tuple(entry["features"]), horizons, model, tuple(calibrators)
    )


def _fitted_arrays(fitted: Fitted) -> dict[str, np.ndarray]:
    if isinstance(fitted, BoostingCandidates):
        return fitted.model.arrays()
    return {"coefficients": fitted.arrays()["coefficients"]}


def _load_fitted(kind: str, key: str, arrays: Mapping[str, np.ndarray], horizons: tuple[int, ...]) -> Fitted:
    if kind == "boosting":
        prefix = f"{key}_trees_"
        return BoostingCandidates(
            TreeModel.of({n.removeprefix(f"{key}_"): v for n, v in arrays.items() if n.startswith(prefix)})
        )
    coefficients = arrays[f"{key}_coefficients"]
    if kind == "linear":
        return LinearCandidates(coefficients)
    if kind == "ordinal":
        return OrdinalCandidates(coefficients)
    return HazardCandidates(coefficients, horizons)


def _calibrator_arrays(fold: FoldCalibrator) -> tuple[str, dict[str, np.ndarray]]:
    one = fold.calibrator
    if fold.used and isinstance(one, TemperatureCalibrator):
        return "temperature", {"slope": np.array(one.slope_)}
    if fold.used and isinstance(one, AffineCalibrator):
        return "affine", {"matrix": one.matrix_, "intercept": one.intercept_}
    if fold.used and isinstance(one, IsotonicCalibrator):
        steps: dict[str, np.ndarray] = {}
        for k, step in enumerate(one.steps_):
            steps |= {f"x{k}": step[0], f"y{k}": step[1]}
        return "isotonic", steps
    if fold.used and isinstance(one, VennAbersCalibrator):
        return "venn_abers", {"p": one.p_, "codes": one.codes_, "weight": one.weight_}
    return "identity", {}


def _load_calibrator(kind: str, values: Mapping[str, np.ndarray]) -> Calibrator:
    if kind == "temperature":
        temperature = TemperatureCalibrator()
        temperature.slope_ = float(values["slope"])
        return temperature
    if kind == "affine":
        affine = AffineCalibrator()
        affine.matrix_, affine.intercept_ = values["matrix"], values["intercept"]
        return affine
    if kind == "isotonic":
        return IsotonicCalibrator.of_steps(
            [(values[f"x{k}"], values[f"y{k}"]) for k in range(len(values) // 2)]
        )
    if kind == "venn_abers":
        venn = VennAbersCalibrator()
        venn.p_, venn.codes_, venn.weight_ = values["p"], values["codes"], values["weight"]
        return venn
    return IdentityCalibrator()
