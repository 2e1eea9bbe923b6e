"""How far forecasts can be trusted: skill, calibration, look-ahead audit, ledger, checks."""
