"""Trading the forecasts: fills, accounts, performance, and how much of it is search."""
