"""Every setting of a backtest: where bars come from, one section per stage, and how a file becomes a config."""

from engine.config.corrections import Acceptance, Correction
from engine.config.instruments import (
    BundledSource,
    CsvSource,
    Frozen,
    Instrument,
    ParquetSource,
    Section,
    YahooSource,
)
from engine.config.load import config_sha256, dump_config, load_config, parse_config, with_overrides
from engine.config.settings import (
    MOMENTUM_RULES,
    AnalystTable,
    BacktestConfig,
    Config,
    ForecastConfig,
    OutcomeConfig,
    ReplayConfig,
    RulesConfig,
    SetupConfig,
    TuneConfig,
    VerifyConfig,
)

__all__ = [
    "MOMENTUM_RULES",
    "Acceptance",
    "AnalystTable",
    "BacktestConfig",
    "BundledSource",
    "Config",
    "Correction",
    "CsvSource",
    "ForecastConfig",
    "Frozen",
    "Instrument",
    "OutcomeConfig",
    "ParquetSource",
    "ReplayConfig",
    "RulesConfig",
    "Section",
    "SetupConfig",
    "TuneConfig",
    "VerifyConfig",
    "YahooSource",
    "config_sha256",
    "dump_config",
    "load_config",
    "parse_config",
    "with_overrides",
]
