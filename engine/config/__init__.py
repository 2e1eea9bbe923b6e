"""Every setting of a backtest: where bars come from, one section per stage, and how a file becomes a config."""

from engine.config.corrections import Acceptance, Correction
from engine.config.events import EventsConfig
from engine.config.instruments import (
    BundledSource,
    ContextConfig,
    ContractsSource,
    CsvSource,
    FredSource,
    Instrument,
    ParquetSource,
    RollConfig,
    RollDates,
    YahooSource,
)
from engine.config.load import config_sha256, dump_config, load_config, parse_config, with_overrides
from engine.config.plugins import PluginFile, guests_of, with_plugins
from engine.config.section import Frozen, Section
from engine.config.settings import (
    MOMENTUM_RULES,
    AnalystTable,
    Config,
    ForecastConfig,
    OutcomeConfig,
    ReplayConfig,
    RulesConfig,
    SetupConfig,
    VerifyConfig,
)
from engine.config.trading import BacktestConfig, Dividends, InstrumentTrading
from engine.config.tuning import DimensionConfig, TuneConfig

__all__ = [
    "MOMENTUM_RULES",
    "Acceptance",
    "AnalystTable",
    "BacktestConfig",
    "BundledSource",
    "Config",
    "ContextConfig",
    "ContractsSource",
    "Correction",
    "CsvSource",
    "DimensionConfig",
    "Dividends",
    "EventsConfig",
    "ForecastConfig",
    "FredSource",
    "Frozen",
    "Instrument",
    "InstrumentTrading",
    "OutcomeConfig",
    "ParquetSource",
    "PluginFile",
    "ReplayConfig",
    "RollConfig",
    "RollDates",
    "RulesConfig",
    "Section",
    "SetupConfig",
    "TuneConfig",
    "VerifyConfig",
    "YahooSource",
    "config_sha256",
    "dump_config",
    "guests_of",
    "load_config",
    "parse_config",
    "with_overrides",
    "with_plugins",
]
