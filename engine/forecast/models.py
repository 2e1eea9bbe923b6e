"""The models of the last fold in a format that runs no code when it is loaded (skops), with a card to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.files import write_atomic, write_json

if TYPE_CHECKING:
    from engine.forecast.walk_forward import Forecasts, GroupForecast

# classes of the engine that a model file may hold; everything else is refused on loading
TRUSTED = (
    "engine.forecast.calibrators.IdentityCalibrator",
    "engine.forecast.calibrators.TemperatureCalibrator",
    "engine.forecast.calibrators.AffineCalibrator",
    "engine.forecast.calibrators.IsotonicCalibrator",
    "engine.forecast.calibrators.VennAbersCalibrator",
)


def save_models(forecasts: Forecasts, folder: Path) -> None:
    """Write ``<group>.skops`` for each pooling group, and ``card.json`` that says what is in them.

    A file holds, for each track (one per horizon, or one for all): the features (of the replay, and
    the log-odds of filtered_history) with their mean and scale,
    the candidates' parameters and weights, each instrument's deviations, and the calibrators.
    """
    from skops.io import dump

    card: dict[str, Any] = {"groups": {}}
    for group in forecasts.groups:
        tracks = [_track(group, number) for number in range(len(group.tracks))]
        name = "".join(c if c.isalnum() or c in "_-" else "_" for c in group.name)
        write_atomic(folder / f"{name}.skops", lambda path, content=tracks: dump(content, path))
        card["groups"][group.name] = {
            "file": f"{name}.skops",
            "tracks": [_summary(track) for track in tracks],
        }
    write_json(folder / "card.json", card)


def load_models(path: Path) -> list[dict[str, Any]]:
    """The tracks of one model file.

    Raises
    ------
    skops.io.exceptions.UntrustedTypesFoundException
        The file holds a type that is no array, no scikit-learn estimator and none of :data:`TRUSTED`.
    """
    from skops.io import load

    return load(path, trusted=list(TRUSTED))


def _track(group: GroupForecast, number: int) -> dict[str, Any]:
    forecast, calibrated = group.tracks[number], group.calibrated[number]
    model = forecast.models[-1]
    empty = np.empty(0)
    return {
        "horizons": list(forecast.track.horizons),
        "symbols": list(forecast.track.symbols),
        "features": list(forecast.track.names),
        "fold": int(model.fold.number),
        "rows": int(model.rows),
        "mean": empty if model.standardiser is None else model.standardiser.mean,
        "scale": empty if model.standardiser is None else model.standardiser.scale,
        "weights": model.weights,
        "model": None if model.fitted is None else model.fitted.arrays(),
        "deviations": {
            str(forecast.track.symbols[index]): {
                "weights": deviation.weights,
                "coefficients": deviation.candidates.coefficients,
            }
            for index, deviation in model.deviations.items()
        },
        "calibrators": [
            {"used": bool(folds[-1].used), "calibrator": folds[-1].calibrator} if folds else None
            for folds in calibrated.calibrators
        ],
    }


def _summary(track: dict[str, Any]) -> dict[str, Any]:
    calibrators = [
        type(entry["calibrator"]).__name__ if entry is not None and entry["used"] else "IdentityCalibrator"
        for entry in track["calibrators"]
    ]
    return {
        "horizons": track["horizons"],
        "symbols": track["symbols"],
        "features": track["features"],
        "fold": track["fold"],
        "training_rows": track["rows"],
        "kind": "filtered_history" if track["model"] is None else track["model"]["kind"],
        "candidate_weights": [round(float(w), 4) for w in track["weights"]],
        "calibrators": calibrators,
    }
