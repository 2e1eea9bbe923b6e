"""Forecast and replay frames of a made-up market with a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.config import Config, parse_config
from engine.scenarios import SCENARIOS
from engine.verify.calibration.null import NullDraws, null_draws_of_classes
from engine.verify.overlap import Windows


def make_config(
    horizons: tuple[int, ...] = (10, 15), symbols: tuple[str, ...] = ("SIM",), **verify: object
) -> Config:
    settings = {"bootstrap_draws": 100, "null_draws": 99, **verify}
    return parse_config(
        {
            "name": "sim",
            "instruments": [{"symbol": s, "source": {"kind": "bundled", "name": "nasdaq"}} for s in symbols],
            "horizons": list(horizons),
            "verify": settings,
        }
    )


def make_frames(
    sessions: int = 1500,
    *,
    first_forecast: int = 300,
    horizons: tuple[int, ...] = (10, 15),
    symbols: tuple[str, ...] = ("SIM",),
    seed: int = 0,
    sharpen: float = 1.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(forecasts, replay): the model knows the exact probabilities (log-odds times ``sharpen``).

    ``filtered_history`` is a noisy version of it, ``climatology`` says the base rates, ``raw`` is the model.
    """
    days = np.busday_offset(np.datetime64("2000-01-03", "D"), np.arange(sessions)).astype("datetime64[us]")
    forecasts, replays = [], []
    common = np.random.default_rng([seed, 1]).standard_normal(sessions + 70)
    for number, symbol in enumerate(symbols):
        rng = np.random.default_rng([seed, 2, number + 1])
        shocks = 0.8 * common + 0.6 * rng.standard_normal(sessions + 70)
        tilt = _smooth(rng.standard_normal((sessions, 3)))
        logits = np.array([-0.2, 0.4, 0.0]) + 0.8 * tilt
        truth = _softmax(logits)
        close = 100 * np.exp(np.cumsum(0.01 * shocks[:sessions]))
        sigma = 0.01 * np.exp(0.3 * _smooth(rng.standard_normal((sessions, 1)))[:, 0])
        replay = pd.DataFrame(
            {
                "instrument": symbol, "date": days,
                "open": close * np.exp(0.002 * rng.standard_normal(sessions)),
                "high": close * 1.01, "low": close * 0.99, "close": close, "volume": 0.0, "sigma": sigma,
                "sma_200": pd.Series(close).rolling(200).mean().to_numpy(),
                "floor_level_id": 1, "ceiling_level_id": 2, "target_level_id": 3, "retest_level_id": 4,
            }
        )  # fmt: skip
        replays.append(replay)
        rows = np.arange(first_forecast, sessions)
        for horizon in horizons:
            total = np.concatenate([[0.0], np.cumsum(shocks)])
            latent = (total[rows + 1 + horizon] - total[rows + 1]) / np.sqrt(horizon)
            cuts = _quantile(np.cumsum(truth[rows], axis=1)[:, :2])
            codes = (latent[:, None] >= cuts).sum(axis=1)
            outcome = np.array(SCENARIOS, dtype=object)[codes]
            outcome[rows + horizon >= sessions] = None
            model = _softmax(sharpen * np.log(truth[rows]))
            noisy = _softmax(np.log(truth[rows]) + 0.2 * rng.standard_normal((len(rows), 3)))
            frame = pd.DataFrame(
                {
                    "instrument": symbol, "date": days[rows], "horizon_sessions": horizon,
                    "fold": (rows - first_forecast) // 63, "outcome": outcome,
                }
            )  # fmt: skip
            base = truth.mean(axis=0)
            for prefix, values in (
                ("p", model), ("raw", model), ("climatology", np.tile(base, (len(rows), 1))),
                ("filtered_history", noisy), ("analyst", np.full((len(rows), 3), np.nan)),
            ):  # fmt: skip
                for k, name in enumerate(SCENARIOS):
                    frame[f"{prefix}_{name}"] = values[:, k]
            forecasts.append(frame)
    return pd.concat(forecasts, ignore_index=True), pd.concat(replays, ignore_index=True)


def _softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _smooth(noise: np.ndarray, persistence: float = 0.95) -> np.ndarray:
    out = np.zeros_like(noise)
    out[0] = noise[0]
    for t in range(1, len(noise)):
        out[t] = persistence * out[t - 1] + np.sqrt(1 - persistence**2) * noise[t]
    return out


def _quantile(p: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    return ndtri(np.clip(p, 1e-12, 1 - 1e-12))


def null_draws(
    forecast, windows: Windows, horizon: int, *, draws: int = 999, seed: int = 0, at=None
) -> NullDraws:
    """The figures of an exact forecast of one class."""
    p = np.ascontiguousarray(forecast, dtype=np.float64)
    return null_draws_of_classes([p], windows, horizon, draws=draws, seed=seed, at=[at])[0]
