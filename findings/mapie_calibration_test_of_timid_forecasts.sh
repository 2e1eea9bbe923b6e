#!/usr/bin/env bash
# mapie 1.6.0, scikit-learn 1.9.1, Python 3.11.
# Spiegelhalter's statistic is a z: far below 0 for forecasts that are too timid, far above for those that are too bold.
# spiegelhalter_p_value, by its docstring the probability of the statistic under perfect calibration, is the upper tail alone:
# timid forecasts, as far from calibrated as a sample can show, get p = 1.  The Kolmogorov-Smirnov p value beside it is 0.
# Seen, of 1,000 forecasts of 40 or 60 % of what comes true in 10 or 90 %:  z -19.4  p 1.0  Kolmogorov-Smirnov p 0.0
#       and of 10 or 90 % for what comes true in 40 or 60 %:                z  31.6  p 0.0
# Two-sided: 2 * norm.sf(abs(z)).  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" \
    "mapie==1.6.0" "scikit-learn==1.9.1" "numpy==2.4.6" "scipy==1.17.1"
PYTHONPATH="$folder" python3.11 -W ignore - <<'PY'
import numpy as np
from mapie.metrics import calibration as tests


def said(low, came):
    """500 forecasts of ``low`` and 500 of 1 - low; a share of exactly ``came`` and 1 - came of them comes true."""
    forecasts = np.repeat([low, 1 - low], 500)
    outcomes = np.concatenate([np.arange(500) % 10 < round(10 * share) for share in (came, 1 - came)]).astype(int)
    z, p = tests.spiegelhalter_statistic(outcomes, forecasts), tests.spiegelhalter_p_value(outcomes, forecasts)
    return round(float(z), 1), round(float(p), 4), round(float(tests.kolmogorov_smirnov_p_value(outcomes, forecasts)), 4)


timid, bold = said(0.4, 0.1), said(0.1, 0.4)
print("timid: z, p, Kolmogorov-Smirnov", timid, "bold:", bold)
assert timid[0] == -19.4 and timid[1:] == (1.0, 0.0), "mapie behaves otherwise"
assert bold[0] == 31.6 and bold[1] == 0.0, "mapie behaves otherwise"
PY
