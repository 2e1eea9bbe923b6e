"""The words of the report, each in one or two sentences a newcomer can follow."""

from __future__ import annotations

GLOSSARY: dict[str, str] = {
    "Session": "One trading day. Ten sessions are two weeks.",
    "Horizon": "How many sessions after the close a forecast covers.",
    "Floor, ceiling, target, retest": "The four prices that make up the question. Floor: a close below it is the "
    "way down. Ceiling: the nearest resistance. Target: the resistance zone whose touch is the way up. Retest: "
    "the next support under the floor. Projected means the level book had none in reach, so the price comes from ATR.",
    "Broken, former": "A broken support shelf is one that price has closed below and not come back to. A former one has "
    "proved to be resistance since. The same, upside down, for resistance.",
    "Up": "The target zone is touched before any close below the floor.",
    "Between": "Neither happens within the horizon: the target is not touched and no close is below the floor.",
    "Down": "A close below the floor comes first.",
    "ATR": "Average true range over 14 sessions: how far price usually moves in a day, gaps included.",
    "Sigma": "The standard deviation of one session's return, recent sessions counting more.",
    "Filtered history": "The honest opponent: it simulates the next sessions from past moves scaled to today's "
    "volatility and knows only how far each price is. It has never heard of a level.",
    "Random walk": "The same question for a price without memory or trend, at today's volatility.",
    "Same reading": "How often each scenario followed past dates with the same reading of the rules.",
    "Climatology": "How often each scenario happened at all up to then: the base rate.",
    "Analyst": "One fixed table of probabilities given in the config, the same on every date.",
    "Log-loss skill": "How much lower the penalty for wrong probabilities is than a baseline's. 0% means no better. A "
    "skill of 1% over filtered history is much; above 3% points to a leak.",
    "Interval": "Where the figure would likely lie if history were drawn again in blocks. Around a skill: an interval "
    "that contains 0 means the sign is not known. Around a probability: how far refits on such histories move it; it "
    "does not say how surely the scenario comes.",
    "Independent windows": "Forecasts of neighbouring days share most of their future. 1,500 forecasts of 15 sessions "
    "are worth about 100 separate ones.",
    "Reliability diagram": "Of all the times 40% was said, how often did it come true? On the diagonal, 40% of the "
    "time. The grey band is where the line of a perfect forecast would wander by chance.",
    "Calibration error (ECE)": "The average gap between what was said and what came true. Even a perfect forecast "
    "shows some: that is the noise floor beside it. Smooth: without bins.",
    "MCB": "What recalibrating the forecast in hindsight would have gained. Its p-value says how often a perfect "
    "forecast with the same overlap would look at least this bad.",
    "DSC": "What the ordering of the forecasts is worth: how well they tell likely from unlikely.",
    "UNC": "What the base rate alone scores: how uncertain the question is.",
    "Slope": "By how much the log-odds of what came true move with the log-odds of what was said. Below 1 the "
    "forecasts are too bold, above 1 too timid.",
    "Brier score": "The mean squared gap between the probability and what happened (1 or 0). Smaller is better.",
    "Ranked probability score": "A Brier score that knows that “between” lies between “down” and “up”.",
    "Log loss": "The mean of minus the logarithm of the probability given to what happened, in nats.",
    "Diebold-Mariano p": "How often a difference in log loss this large would show between equally good forecasts, "
    "overlap allowed for.",
    "Sharpe ratio": "Mean return per unit of volatility, over a year of sessions (252, or 365 where a market trades every day). Deflated: allowing for how many "
    "settings were tried before this one was kept.",
    "Power": "How often a real flaw of the given size would have been noticed. A test that notices little proves "
    "little.",
    "Placebo": "The same pipeline with levels at random prices equally far away. Do real levels beat them?",
}
