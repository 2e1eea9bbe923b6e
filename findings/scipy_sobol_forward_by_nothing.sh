#!/usr/bin/env bash
# scipy 1.17.1, Python 3.11.
# A fresh quasi-random sequence moved forward by 0 points is where it was: for Halton, and for a Sobol sequence that has given a
# point already. A fresh Sobol sequence raises OverflowError, so a loop "point number k = fast_forward(k), random(1)" that is
# right for every k > 0 fails for the first.
# Seen:   Halton fresh: fine   Sobol fresh: OverflowError   Sobol after one point: fine   Sobol fresh, by 1: fine
# Without the call the first point is the one of the sequence.  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" "scipy==1.17.1" "numpy==2.4.6"
PYTHONPATH="$folder" python3.11 - <<'PY'
import numpy as np
from scipy.stats import qmc


def moved(engine, by):
    try:
        engine.fast_forward(by)
    except Exception as error:
        return type(error).__name__
    return "fine"


used = qmc.Sobol(3, rng=np.random.default_rng(1))
used.random(1)
seen = {
    "Halton fresh": moved(qmc.Halton(3, rng=np.random.default_rng(1)), 0),
    "Sobol fresh": moved(qmc.Sobol(3, rng=np.random.default_rng(1)), 0),
    "Sobol after one point": moved(used, 0),
    "Sobol fresh, by 1": moved(qmc.Sobol(3, rng=np.random.default_rng(1)), 1),
}
print("  ".join(f"{name}: {what}" for name, what in seen.items()))
assert seen == {
    "Halton fresh": "fine", "Sobol fresh": "OverflowError", "Sobol after one point": "fine", "Sobol fresh, by 1": "fine",
}, "scipy behaves otherwise"
PY
