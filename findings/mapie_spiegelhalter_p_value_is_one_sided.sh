#!/usr/bin/env bash
# MAPIE 1.6.0, Python 3.11.
# mapie.metrics.calibration.spiegelhalter_statistic is documented as "the closer to zero, the better"; spiegelhalter_p_value is one
# minus the normal distribution at the statistic, so only overconfident forecasts can ever be rejected.  Forecasts that are far too
# timid (60 % and 40 % said where 90 % and 10 % are true, 2,000 rows) have a statistic of -27 and a p-value of 1.
# Seen:   timid: statistic -27.0, p-value 1.0     bold by as much: statistic 27 and more, p-value 0.0
# Its two other tests, of Kolmogorov-Smirnov and of Kuiper, reject both.  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" "MAPIE==1.6.0"
PYTHONPATH="$folder" python3.11 - <<'PY'
import numpy as np
from mapie.metrics.calibration import kuiper_p_value, spiegelhalter_p_value, spiegelhalter_statistic

rng = np.random.default_rng(0)
even = np.arange(2000) % 2 == 0
timid = np.where(even, 0.6, 0.4), (rng.random(2000) < np.where(even, 0.9, 0.1)).astype(int)
bold = np.where(even, 0.9, 0.1), (rng.random(2000) < np.where(even, 0.6, 0.4)).astype(int)
found = {}
for name, (said, came) in {"timid": timid, "bold": bold}.items():
    found[name] = spiegelhalter_statistic(came, said), spiegelhalter_p_value(came, said), kuiper_p_value(came, said)
    print(name, "statistic %.1f p-value %.6f (Kuiper %.6f)" % found[name])
assert found["timid"][0] < -20 and found["timid"][1] == 1.0 and found["timid"][2] < 1e-6, "MAPIE behaves otherwise"
assert found["bold"][0] > 20 and found["bold"][1] < 1e-6, "MAPIE behaves otherwise"
PY
