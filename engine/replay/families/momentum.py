"""What a chart reader says about strength (:mod:`engine.rules.momentum`)."""

from __future__ import annotations

from engine.replay.families.family import FeatureFamily
from engine.rules.momentum import MOMENTUM as COLUMNS

# left out are columns that may be unknown for good: no volume, never oversold
MOMENTUM = FeatureFamily(
    name="momentum",
    columns=COLUMNS,
    seen=(
        "rsi_14",
        "distance_sma_50_atr",
        "distance_sma_200_atr",
        "slope_sma_50_atr",
        "slope_sma_200_atr",
        "rebound_atr",
        "drawdown_atr",
        "higher_lows",
        "higher_highs",
        "return_5_sigma",
        "return_20_sigma",
        "return_60_sigma",
        "volatility_ratio",
    ),
    phrases={
        "rsi_14": ("a high RSI", "a low RSI"),
        "distance_sma_50_atr": (
            "a close well above the 50-day average",
            "a close low against the 50-day average",
        ),
        "distance_sma_200_atr": (
            "a close well above the 200-day average",
            "a close low against the 200-day average",
        ),
        "slope_sma_50_atr": ("a rising 50-day average", "a weak 50-day average"),
        "slope_sma_200_atr": ("a rising 200-day average", "a weak 200-day average"),
        "rebound_atr": ("a long rebound from the swing low", "little rebound from the swing low"),
        "drawdown_atr": ("a deep drawdown from the all-time high", "closeness to the all-time high"),
        "higher_lows": ("a run of higher lows", "lows that have stopped rising"),
        "higher_highs": ("a run of higher highs", "highs that have stopped rising"),
        "return_5_sigma": ("a strong week", "a weak week"),
        "return_20_sigma": ("a strong month", "a weak month"),
        "return_60_sigma": ("a strong quarter", "a weak quarter"),
        "volatility_ratio": ("volatility above its norm", "volatility below its norm"),
    },
)
