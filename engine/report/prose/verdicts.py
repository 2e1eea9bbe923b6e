"""How far the table can be trusted, in sentences.

The wording keeps three rules.  A test that does not reject says "not distinguishable from", never "is".
Every statement names its sample in independent windows and its interval.  Skill is stated against
filtered_history first, because a table that only knows distance and volatility already beats the base rate.
"""

from __future__ import annotations

from engine.report.trust import HorizonTrust, Trust
from engine.table import words
from engine.verify.calibration.power import LEVEL, draws_needed, in_words
from engine.verify.checks.forecasts.skill_too_good import LIMIT as TOO_GOOD


def rules_verdict(trust: Trust) -> str:
    """Whether the rules added anything over filtered_history, in one plain sentence."""
    table = trust.longest
    line = table.against("filtered_history") if table is not None else None
    if table is None or line is None or line.skill is None:
        return "The forecasts have not been verified: there are no scored out-of-sample forecasts."
    horizon = words.plural(table.horizon_sessions, "session")
    figures = f"log-loss skill {words.signed_percent(line.skill)} at {horizon}"
    if line.low is not None and line.high is not None:
        figures += (
            f", {words.percent(trust.interval)} interval "
            f"{words.signed_percent(line.low)} to {words.signed_percent(line.high)}"
        )
    if line.verdict == "better" and line.skill > TOO_GOOD:
        return (
            f"The rules seem to add more over distance and volatility alone than is plausible ({figures}): "
            "look for a leak before believing it."
        )
    return {
        "better": f"The rules added something over distance and volatility alone ({figures}).",
        "worse": f"The rules made the table worse than distance and volatility alone ({figures}): "
        "use the filtered-history column.",
        "undecided": "The rules added nothing over distance and volatility alone that can be told from "
        f"chance ({figures}).",
        "unknown": "Whether the rules added anything over distance and volatility alone is not known "
        f"({figures}, no interval).",
    }[line.verdict]


def other_scores_verdict(trust: Trust) -> str:
    """The same question by the other two scores, which need not agree with the first."""
    table = trust.longest
    line = table.against("filtered_history") if table is not None else None
    if line is None:
        return ""
    found = []
    for score, name in (("brier", "Brier score"), ("rps", "ranked probability score")):
        skill, low, high = line.by(score)
        if skill is not None and low is not None and high is not None:
            found.append(
                f"by the {name} {words.signed_percent(skill)} ({words.signed_percent(low)} to "
                f"{words.signed_percent(high)})"
            )
    return f"Skill over filtered history {words.join(found)}." if found else ""


def context_verdict(trust: Trust) -> str:
    """Whether context added anything to the same table without it; empty where there is no context."""
    if not trust.context:
        return ""
    longest = trust.context[max(trust.context)]
    figures = []
    for horizon, line in trust.context.items():
        text = f"{words.signed_percent(line.skill)} at {words.plural(horizon, 'session')}"
        if line.low is not None and line.high is not None:
            text += f" ({words.signed_percent(line.low)} to {words.signed_percent(line.high)})"
        figures.append(text)
    verdict = {
        "better": "Context (yields, credit, the dollar, implied volatility) added something",
        "worse": "Context (yields, credit, the dollar, implied volatility) made the table worse",
        "undecided": "Context (yields, credit, the dollar, implied volatility) added nothing that can be told from chance",
        "unknown": "Whether context (yields, credit, the dollar, implied volatility) added anything is not known",
    }[longest.verdict]
    return (
        f"{verdict}: log-loss skill over the same table made without it {words.join(figures)}, "
        f"{words.percent(trust.interval)} intervals."
    )


def base_rate_verdict(trust: Trust) -> str:
    """What the table is worth against the base rate, and why that is the lesser test."""
    table = trust.longest
    line = table.against("climatology") if table is not None else None
    if line is None or line.skill is None:
        return ""
    text = f"Against the base rate its log-loss skill is {words.signed_percent(line.skill)}"
    if line.low is not None and line.high is not None:
        text += f" ({words.signed_percent(line.low)} to {words.signed_percent(line.high)})"
    fhs = table.against("filtered_history") if table is not None else None
    if (
        line.verdict == "better"
        and fhs is not None
        and fhs.skill is not None
        and fhs.skill < 0.5 * line.skill
    ):
        return text + "; most of that is geometry: how far away each level is, in units of volatility."
    return text + "."


def analyst_verdict(trust: Trust) -> str:
    """How the analyst's fixed table compares; empty where there is none."""
    table = trust.longest
    line = table.against("analyst") if table is not None else None
    if line is None or line.skill is None:
        return ""
    text = (
        "The analyst baseline is one fixed table, the same on every date. "
        f"Log-loss skill over it is {words.signed_percent(line.skill)}"
    )
    if line.low is not None and line.high is not None:
        text += f" ({words.signed_percent(line.low)} to {words.signed_percent(line.high)})"
    return text + "."


def calibration_verdict(trust: Trust, short: bool = False) -> str:
    """Calibration at all horizons, worded with the power of the test; the classes alone where that says more.

    ``short`` leaves out which way the forecasts lean where they are not told apart from calibrated.
    """
    if trust.calibration_test.get("verdict") and short:
        return str(trust.calibration_test["verdict"]).split(" If anything", 1)[0]
    if trust.calibration_test.get("verdict"):
        return " ".join(filter(None, (str(trust.calibration_test["verdict"]), _classes_alone(trust))))
    lines = [(table, line) for table in trust.horizons for line in table.calibration]
    tested = [(table, line) for table, line in lines if line.rejected is not None]
    if not tested:
        return ""
    failed = [(table, line) for table, line in tested if line.rejected]
    if failed:
        named = words.join(
            f"{words.quoted(line.scenario)} at {table.horizon_sessions} sessions" for table, line in failed
        )
        return (
            f"Calibration is rejected for {named} (overlap-aware test, Holm-corrected over "
            f"{words.plural(len(tested), 'test')}): read those probabilities with the reliability diagram "
            "beside them."
        )
    needed = draws_needed(len(tested))
    if trust.null_draws is not None and trust.null_draws < needed:
        return (
            f"Calibration cannot be tested with {words.count(trust.null_draws)} draws: "
            f"{words.plural(len(tested), 'test')} need at least {words.count(needed)}."
        )
    power = power_sentence(trust)
    text = f"The probabilities are not distinguishable from calibrated in {words.plural(len(tested), 'test')}"
    return f"{text}; {power}" if power else text + "."


def _classes_alone(trust: Trust) -> str:
    """Classes whose shape alone is rejected, whatever the joint test says; empty for none."""
    named = [
        f"{words.quoted(line.scenario)} at {table.horizon_sessions} sessions"
        for table in trust.horizons
        for line in table.calibration
        if line.rejected
    ]
    if not named:
        return ""
    return f"Class by class, the shape (MCB, Holm-corrected) is rejected for {words.join(named)}."


def slope_verdict(trust: Trust) -> str:
    """Where the slope of the log-odds looks off: a narrower question than the verdict's, which may answer sooner."""
    looks = 0
    found: dict[str, list[str]] = {"timid": [], "bold": []}
    for table in trust.horizons:
        for line in table.calibration:
            slope, p = line.get("slope"), line.get("slope_p_value")
            if slope is None or p is None:
                continue
            looks += 1
            if p <= LEVEL:
                found["timid" if slope > 1 else "bold"].append(
                    f"{words.quoted(line.scenario)} at {table.horizon_sessions} sessions (slope {words.decimal(slope, 2)}, "
                    f"p {words.p_value(p)})"
                )
    parts = [f"too {kind} for {words.join(named)}" for kind, named in found.items() if named]
    if not parts:
        return ""
    return (
        f"A narrower test, of the slope alone, finds the forecasts {words.join(parts)}; these p-values are not "
        f"corrected for the {words.plural(looks, 'slope')} looked at and do not enter the verdict."
    )


def power_sentence(trust: Trust) -> str:
    """``an overconfidence of 25% would be noticed one time in three.``; empty where unknown."""
    table = trust.longest
    if table is None:
        return ""
    if table.power is None:
        return ""
    seen = in_words(table.power)
    if seen.startswith("almost"):
        return f"an overconfidence of 25% would {seen} be noticed (power {words.percent(table.power)})."
    return f"an overconfidence of 25% would be noticed {seen} (power {words.percent(table.power)})."


def sample_sentence(trust: Trust) -> str:
    """How many forecasts were scored, and how many independent windows that really is."""
    table = trust.longest
    if table is None or table.rows is None:
        return ""
    text = (
        f"Scored on {words.count(table.rows)} out-of-sample forecasts of "
        f"{words.plural(table.horizon_sessions, 'session')} each"
    )
    if table.effective_rows is not None:
        text += (
            f"; they overlap, so they are worth about {words.count(table.effective_rows)} independent windows"
        )
        if _several(table):
            text += ", fewer where instruments move together"
    return text + "."


def projection_sentence(trust: Trust) -> str:
    """How often the question is about levels of the book, and how often about multiples of ATR."""
    if not {"target", "floor", "ceiling", "retest"} <= set(trust.projected):
        return ""
    real = {edge: words.percent(1.0 - share) for edge, share in trust.projected.items()}
    text = (
        f"The target is a level of the book on {real['target']} of dates, the floor on {real['floor']}, the ceiling "
        f"on {real['ceiling']} and the retest price on {real['retest']}; elsewhere they are projected from ATR."
    )
    targets = {
        s: shares["target"] for s, shares in trust.projected_by_instrument.items() if "target" in shares
    }
    if len(targets) > 1:
        ends = [end(targets, key=lambda symbol: targets[symbol]) for end in (max, min)]
        least, most = (f"{words.percent(1.0 - targets[symbol])} ({symbol})" for symbol in ends)
        text += f" The target is one on {least} to {most} of an instrument's dates."
    return text


def windows_sentence(trust: Trust) -> str:
    """The sample in one short line: forecasts, and the independent windows they amount to."""
    table = trust.longest
    if table is None or table.rows is None or table.effective_rows is None:
        return ""
    text = (
        f"Sample: {words.count(table.rows)} overlapping forecasts, worth about "
        f"{words.count(table.effective_rows)} independent windows"
    )
    return text + (", fewer where instruments move together." if _several(table) else ".")


def _several(table: HorizonTrust) -> bool:
    return sum(regime.grouping == "instrument" for regime in table.regimes) > 1


def trust_paragraphs(trust: Trust) -> tuple[str, ...]:
    """The sentences of "how far to trust it", most important first."""
    found = (
        rules_verdict(trust),
        other_scores_verdict(trust),
        context_verdict(trust),
        base_rate_verdict(trust),
        calibration_verdict(trust),
        slope_verdict(trust),
        analyst_verdict(trust),
        sample_sentence(trust),
        projection_sentence(trust),
    )
    return tuple(text for text in found if text)
