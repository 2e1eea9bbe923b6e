"""How much of a result is luck: other thresholds, random entries, resampled histories."""
