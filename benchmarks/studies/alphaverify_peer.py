"""AlphaVerify's barrier-touch odds at past closes, by the package itself: the other half of ``alphaverify_odds``.

Run by a Python that has ``alphaverify`` (3.12 or later, with torch), and no engine:

    python alphaverify_peer.py QUESTIONS.npz ODDS.npz

Every ``refit`` sessions, on the bars before: quantile bins of each condition and their touches (its stage 1), p-values
of each bin against simulated histories (stage 3), bins below 5 % kept (stage 4).  On the sessions that follow: the kept bins
that hold, one a family by rank, combined in log-odds (stage 5).  All numbers come from functions of the package.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from importlib.resources import files

import numpy as np
import pandas as pd
import torch
from alphaverify.domain import barrier, combination, validation
from alphaverify.domain.features import FeatureRegistry, is_ohlcv_feature
from alphaverify.pipeline.step_03_validation import RAW_P_THRESHOLD

WHAT = ("combined", "one", "none")  # conditions: all that hold, the best ranked alone, the unconditional rate
SIDES = ("downside_excursion", "upside_excursion")


def main(questions_file: str, odds_file: str) -> None:
    """Read arrays (bars, distances, ...), write ``combined``, ``one`` and ``none`` (n, 2, horizons)."""
    torch.set_num_threads(1)
    asked = np.load(questions_file)
    declared = json.loads(
        files("alphaverify").joinpath("templates/nasdaq_daily/universe.json").read_text("utf-8")
    )
    meta = declared["meta"]
    steps = round((meta["barriers"]["max"] - meta["barriers"]["min"]) / meta["barriers"]["step"]) + 1
    barriers = np.round(np.linspace(meta["barriers"]["min"], meta["barriers"]["max"], steps), 10)
    nodes = [
        node
        for family in declared["families"].values()
        for node in family
        if node["data"] == ["ohlcv"] and node["id"] != "baseline"
    ]
    names = ["open", "high", "low", "close", "volume"]
    data = pd.DataFrame(asked["bars"], columns=names, index=pd.to_datetime(asked["dates"]))
    cache: dict = {}
    known = {
        node["id"]: FeatureRegistry().compute(data, node["feature"], node["params"], cache) for node in nodes
    }
    n, horizons, first, refit = len(data), asked["horizons"], int(asked["first"]), int(asked["refit"])
    odds = {what: np.full((n, 2, len(horizons)), np.nan) for what in WHAT}
    used = np.zeros(n, dtype=int)
    for start in range(first, n, refit):
        past = data.iloc[:start]
        outcomes = barrier.observed_outcomes(past, barriers, horizons)
        excursions = [outcomes[side][horizons - 1] for side in SIDES]  # (horizons, time) each
        seen = np.isfinite(excursions[0])
        bins, ranked = {}, []
        for node in nodes:
            edges = barrier.bin_edges(known[node["id"]].iloc[:start], meta["n_bins"])
            bins[node["id"]] = np.where(
                np.isfinite(known[node["id"]]), np.searchsorted(edges, known[node["id"]]), -1
            )
        for p, node, at in cleared(
            past, nodes, known, barriers, horizons, meta["n_bins"], int(asked["replicates"])
        ):
            ranked.append((p, node["id"], at, node["family"]))
        ranked.sort(key=lambda row: row[:3])
        for t in range(start, min(start + refit, n)):
            chosen: dict[str, tuple[str, int]] = {}
            for _, node, at, family in ranked:
                if bins[node][t] == at:
                    chosen.setdefault(family, (node, at))
            used[t] = len(chosen)
            holds = [bins[node][:start] == at for node, at in chosen.values()]
            for side in (0, 1):
                distance = asked["distances"][t, side]
                if not np.isfinite(distance):
                    continue
                touched = (excursions[side] <= distance) if side == 0 else (excursions[side] >= distance)
                everywhere = ((touched & seen).sum(axis=1)[None], seen.sum(axis=1))
                counted = [
                    ((touched & seen & held).sum(axis=1)[None], (seen & held).sum(axis=1)) for held in holds
                ]
                for what, conditions in zip(WHAT, (counted, counted[:1], []), strict=True):
                    found, _ = combination.naive_bayes_probability(
                        *everywhere, [hits for hits, _ in conditions], [rows for _, rows in conditions]
                    )
                    odds[what][t, side] = found[0]
        print(f"bars before {start}: {len(ranked)} bins kept", file=sys.stderr, flush=True)
    np.savez(odds_file, used=used, version=version("alphaverify"), torch=torch.__version__, **odds)


def cleared(past, nodes, known, barriers, horizons, n_bins, replicates):
    """(p-value, node, bin) of every bin that its stage 3 clears on ``past``."""
    paths = validation.simulated_ohlc_tensor(past, replicates, 20260907)
    policies, scores = [], []
    for node in nodes:
        features = known[node["id"]].iloc[: len(past)].to_numpy(float)[None]
        edges = barrier.bin_edges(known[node["id"]].iloc[: len(past)], n_bins)
        fixed = not is_ohlcv_feature(node["feature"])
        scores.append(
            validation.score_histories(
                barrier.ohlcv_tensor(past), features, barriers, horizons, n_bins, bin_edges=edges
            )
        )
        policies.append(
            {
                "features": features if fixed else None, "bin_edges": edges if fixed else None,
                "feature_name": node["feature"], "params": node["params"], "barriers": barriers,
                "horizons": horizons, "requested_bin_count": n_bins,
            }
        )  # fmt: skip
    nulls = validation.score_histories_many(paths, policies, batch_size=64)
    for node, score, null in zip(nodes, scores, nulls, strict=True):
        for at in np.flatnonzero(score.score_supported[0]):
            p = (1 + (null.bin_score[:, at] >= score.bin_score[0, at]).sum()) / (1 + replicates)
            if p < RAW_P_THRESHOLD:
                yield float(p), node, int(at)


if __name__ == "__main__":
    main(*sys.argv[1:])
