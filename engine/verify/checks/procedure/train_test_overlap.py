"""Does any training label look into the dates that are forecast?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput


def look(seen: CheckInput) -> Remark | None:
    """Failure where a training label ends on or after its fold's first forecast date, or folds interleave."""
    frame = seen.forecasts
    folds = seen.evidence.folds
    if folds is not None and len(folds):
        late = folds.loc[folds["last_label_end"] >= folds["start"]]
        if len(late):
            first = late.iloc[0]
            return _finding(
                f"fold {first['fold']} starts on {str(first['start'])[:10]} but was trained on labels that end on "
                f"{str(first['last_label_end'])[:10]} ({len(late)} such folds)"
            )
    if "fold" not in frame.columns or not len(frame):
        return None
    dated = frame.loc[frame["fold"].notna() & (frame["fold"] >= 0)]
    spans = (
        dated.groupby(["instrument", "horizon_sessions", "fold"])["date"].agg(["min", "max"]).reset_index()
    )
    spans = spans.sort_values(["instrument", "horizon_sessions", "fold"])
    before = spans.groupby(["instrument", "horizon_sessions"])["max"].shift()
    crossed = spans.loc[(spans["min"] <= before).fillna(False)]
    if not len(crossed):
        return None
    first = crossed.iloc[0]
    return _finding(
        f"fold {first['fold']} of {first['instrument']} starts on {str(first['min'])[:10]}, before the fold ahead of it "
        "ends"
    )


def _finding(what: str) -> Remark:
    return Remark(f"{what}. The skill is not out of sample; purge by the full horizon.")


CHECK = Check(
    name="train_test_overlap",
    title="Training overlaps the forecasts",
    severity="failure",
    looks_at="the labels each fold was trained on, and the dates it forecasts",
    passed="Training and test do not overlap",
    look=look,
)
