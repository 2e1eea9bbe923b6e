#!/usr/bin/env bash
# quantstats 0.0.86, Python 3.11.
# best, worst, win_rate, avg_return and six more take aggregate= 'D', 'W', 'M', 'Q' or 'Y', says the documentation of each.
# Of these only 'W' does anything: 'M', 'Q' and 'Y' return the figure of days, without a word.  And 'W' takes the last days of a
# year into its first week: its key is the year of the date beside the number of the ISO week.
# Seen, one session of 1 % a day in 2024:  best 'D' 0.01  'M' 0.01  'Q' 0.01  'Y' 0.01  'ME' 0.2572   (23 sessions: 1.01^23 - 1)
#         'W' 0.0721: 30 and 31 December are in the week of 1 to 5 January, which then has seven sessions
# Use 'ME', 'QE', 'YE', and weeks of your own.  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" \
    "quantstats==0.0.86" "pandas==3.1.1" "numpy==2.4.6"
PYTHONPATH="$folder" MPLCONFIGDIR="$folder" python3.11 -W ignore - <<'PY'
import pandas as pd
import quantstats.stats as stats

days = pd.Series(0.01, pd.bdate_range("2024-01-01", "2024-12-31"))
assert "('D', 'W', 'M', 'Q', 'Y')" in stats.best.__doc__
best = {period: round(float(stats.best(days, aggregate=period)), 4) for period in ("D", "M", "Q", "Y", "ME", "W")}
print(best)
month = days.groupby(days.index.month).size().max()
week = days.groupby(days.index.isocalendar()[["year", "week"]].apply(tuple, axis=1)).size().max()
assert (month, week) == (23, 5)
assert best["ME"] == round(1.01**23 - 1, 4), "quantstats behaves otherwise"
assert best["D"] == best["M"] == best["Q"] == best["Y"] == 0.01, "quantstats behaves otherwise"
assert best["W"] == round(1.01**7 - 1, 4), "quantstats behaves otherwise"
PY
