"""What an instrument is and where its bars come from, as a config writes it."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_serializer, model_validator

from engine.config.section import Frozen, Section
from engine.config.trading import InstrumentTrading


def _iso_date(value: Any) -> Any:
    # pydantic takes a bare number for seconds since 1970
    if isinstance(value, (str, int, float)):
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise ValueError("no date; write YYYY-MM-DD") from None
    return value


Day = Annotated[date, BeforeValidator(_iso_date)]


class BundledSource(Frozen):
    """Daily bars shipped inside the ``arch`` package (1999-01-04 to 2018-12-31, no network)."""

    kind: Literal["bundled"] = "bundled"
    name: Literal["nasdaq", "sp500"]


ORDERS = ("month/day/year", "day/month/year", "year/month/day")
FIELD_NAMES = ("date", "open", "high", "low", "close", "volume")


class RollConfig(Section):
    """When the next contract takes over, decided at a close for the session after it."""

    by: Literal["volume", "open_interest", "days"] = Field(
        "volume",
        description="the next contract has more of it (open interest: of the session before), or days alone",
    )
    days_before_expiry: int = Field(1, ge=1, le=120, description="weekdays before expiry: the latest roll")
    window_days: int = Field(30, ge=1, le=250, description="weekdays before expiry: the earliest roll")
    adjustment: Literal["ratio", "difference", "none"] = Field(
        "ratio", description="how prices are carried over a roll; none: a roll counts as a return"
    )


class RollDates(Frozen):
    """The rolls of a series that was put together elsewhere: a CSV with the first session of each new contract."""

    path: Path
    gap: Literal["open", "ratio", "difference", "log_return"] = Field(
        "open",
        description="what the roll was worth: nothing given, the new contract opens at the close before; or a column with old "
        "over new price, old minus new, or the part of the day's log return that is no return",
    )
    column: str | None = Field(None, description="the column with it (null: called as the gap)")
    adjustment: Literal["ratio", "difference"] = "ratio"


class ContractsSource(Frozen):
    """Futures contracts: a folder with one file each, or one long table."""

    kind: Literal["contracts"] = "contracts"
    folder: Path | None = Field(None, description="one file a contract, named after it (RTYZ25.csv)")
    files: str = Field("*", description="which files of the folder")
    path: Path | None = Field(None, description="a long table instead")
    contract_column: str = Field("contract", description="of the long table")
    expiry_column: str = Field("expiry", description="a column with the expiry, where there is one")
    expiries: Path | None = Field(None, description="a CSV with the columns contract and expiry")
    expiry: Literal["third_friday", "third_wednesday"] | None = Field(
        None, description="rule for names that end in month code and year"
    )
    roll: RollConfig = RollConfig()

    @model_validator(mode="after")
    def _one_place(self) -> ContractsSource:
        if (self.folder is None) == (self.path is None):
            raise ValueError("give either folder or path")
        return self


class TableSource(Frozen):
    """A table of bars; every key but ``path`` is for files that say something in two ways."""

    path: Path
    columns: dict[str, str | int] = Field(
        default_factory=dict, description="field -> the file's name for it, or its number from 1"
    )
    dates: str | None = Field(None, description=f"{', '.join(ORDERS)}, or a pattern such as %d.%m.%Y")
    separator: str | None = Field(None, description="comma, semicolon, tab, bar or one character")
    decimal: Literal[".", ","] | None = Field(None, description="decimal sign of the prices")
    order: Literal["auto", "oldest_first", "newest_first"] = "auto"
    timezone: str | None = Field(
        None, description="zone in which an instant has its date (America/New_York); naive stamps are in it"
    )
    session_start: time | None = Field(
        None, description='time of day from which a bar belongs to the next day\'s session ("17:00")'
    )
    symbol_column: str | None = Field(None, description="column with the instrument, in a file of several")
    symbol_in_file: str | None = Field(None, description="what that column calls it (null: the symbol)")
    roll_dates: RollDates | None = Field(
        None, description="rolls of a futures series that was put together elsewhere"
    )

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, value: dict[str, str | int]) -> dict[str, str | int]:
        if unknown := [name for name in value if name not in FIELD_NAMES]:
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(FIELD_NAMES)}")
        return value

    @field_validator("dates")
    @classmethod
    def _known_order(cls, value: str | None) -> str | None:
        if value is not None and value not in ORDERS and "%" not in value:
            raise ValueError(f"neither of {', '.join(ORDERS)} nor a pattern such as %d.%m.%Y")
        return value

    @field_validator("separator")
    @classmethod
    def _known_separator(cls, value: str | None) -> str | None:
        if value is not None and len(value) != 1 and value not in ("comma", "semicolon", "tab", "bar"):
            raise ValueError("write comma, semicolon, tab, bar or one character")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                raise ValueError("no time zone; write one such as America/New_York") from None
        return value

    @field_validator("session_start", mode="before")
    @classmethod
    def _clock(cls, value: Any) -> Any:
        # YAML reads 17:00 without quotes as the number 1020 (sixty times seventeen)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
            return time(value // 60, value % 60)
        return value

    @model_serializer(mode="wrap")
    def _only_what_is_set(self, handler: Any) -> dict[str, Any]:
        dumped = handler(self)
        defaults = {
            name: field.get_default(call_default_factory=True)
            for name, field in type(self).model_fields.items()
        }
        return {k: v for k, v in dumped.items() if k in ("kind", "path") or v != defaults[k]}


class CsvSource(TableSource):
    """A CSV file with date, open, high, low, close and, optionally, volume, as any of the known vendors writes it."""

    kind: Literal["csv"] = "csv"


class ParquetSource(TableSource):
    """A Parquet file with the same columns as a CSV source."""

    kind: Literal["parquet"] = "parquet"


class YahooSource(Frozen):
    """Bars downloaded through yfinance (extra ``data``) and cached as Parquet."""

    kind: Literal["yahoo"] = "yahoo"
    ticker: str = Field(pattern=r"^[^\s/\\]+$", description="as Yahoo Finance writes it")
    start: Day = date(1987, 1, 1)
    cache: Path = Field(Path("~/.cache/engine"), description="folder of the Parquet cache")


class FredSource(Frozen):
    """A series downloaded as FRED hands it out (extra ``data``), cached as Parquet until ``engine fetch``."""

    kind: Literal["fred"] = "fred"
    series: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="as FRED calls it (DGS10)")
    url: str = Field(
        "https://fred.stlouisfed.org/graph/fredgraph.csv?id={series}",
        pattern=r"^https?://",
        description="a CSV with a day and a column of that name",
    )
    cache: Path = Field(Path("~/.cache/engine"), description="folder of the Parquet cache")


def _is_none(value: object) -> bool:
    return value is None


def _is_as_is(value: object) -> bool:
    return value == "as_is"


class ContextConfig(Section):
    """One series published elsewhere, joined by the moment it became known."""

    name: str = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_]+$")
    path: Path | None = Field(None, exclude_if=_is_none, description="CSV or Parquet with a column of dates")
    source: FredSource | None = Field(
        None, exclude_if=_is_none, description="a download in place of a file: {kind: fred, series: DGS10}"
    )
    column: str = Field("", description="the column of values (of a download: the series)")
    role: Literal[
        "yield_10y", "yield_2y", "policy_rate", "real_yield", "breakeven", "credit_spread", "dollar",
        "implied_volatility", "implied_volatility_3m", "other",
    ] = Field("other", description="what the features and the note take it for")  # fmt: skip
    date_column: str = "date"
    publication_lag_sessions: int | None = Field(
        None,
        ge=0,
        le=250,
        description="sessions after its day on whose close a value is known; 0: the same day",
    )
    released: str | None = Field(
        None, description="column with the day of publication; vintages are kept apart"
    )
    max_age_sessions: int = Field(10, ge=0, le=1000, description="an older value is no longer used")
    unit: Literal["as_is", "fraction"] = Field(
        "as_is",
        exclude_if=_is_as_is,
        description="fraction: a volatility of 0.2 is 20 percent a year, which is what is asked for",
    )

    @model_validator(mode="after")
    def _one_place(self) -> ContextConfig:
        if (self.path is None) == (self.source is None):
            raise ValueError("give either path or source")
        if self.path is not None and not self.column:
            raise ValueError("column is required: which column of the file holds the values?")
        if self.source is not None and (
            self.released is not None or self.column not in ("", self.source.series)
        ):
            raise ValueError("a download has one column and no releases: leave column and released out")
        return self

    @property
    def place(self) -> str:
        """Where it comes from, for messages."""
        return f"fred {self.source.series}" if self.source is not None else str(self.path)

    @model_validator(mode="after")
    def _published(self) -> ContextConfig:
        if self.publication_lag_sessions is None and self.released is None:
            raise ValueError("publication_lag_sessions or released is required: when was a value known?")
        return self


Source = Annotated[
    BundledSource | CsvSource | ParquetSource | ContractsSource | YahooSource, Field(discriminator="kind")
]


class Instrument(Section):
    """One instrument of the backtest."""

    symbol: str = Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_.=^+-]+$")
    name: str | None = Field(
        None, min_length=1, max_length=60, description="what readers call it (null: the symbol)"
    )
    family: str = Field("default", min_length=1, description="instruments of a family are pooled")
    source: Source
    calendar: str | None = Field(
        None,
        description="the exchange's calendar (XNYS, CMES, XETR, ...): sessions missing, dates of horizons",
    )
    opens: Literal["auto", "traded", "not_traded"] = Field(
        "auto",
        description="are opens prices somebody could have traded at? auto: judged from the bars, in stretches; traded: for "
        "markets that never close, or whose ticks are coarse",
    )
    adjust: Literal["none", "splits", "total_return"] = Field(
        "none", description="what of a source's adjusted close is applied to its prices"
    )
    first_date: Day | None = Field(
        None, exclude_if=_is_none, description="first session of a member of an index (null: of the source)"
    )
    last_date: Day | None = Field(
        None, exclude_if=_is_none, description="last session of a member of an index (null: of the source)"
    )
    trading: InstrumentTrading | None = Field(
        None,
        exclude_if=_is_none,
        description="its own costs, where they differ from the backtest section: fee_bps, slippage_bps, funding_percent, "
        "borrow_percent, dividends; and long_only",
    )

    @model_validator(mode="after")
    def _dividends_once(self) -> Instrument:
        if self.adjust == "total_return" and self.trading is not None and self.trading.dividends is not None:
            raise ValueError(
                "trading.dividends beside adjust: total_return would pay every dividend twice: the adjusted prices hold them"
                " already; use adjust: splits, or leave the file out"
            )
        return self

    @model_validator(mode="after")
    def _ordered(self) -> Instrument:
        if self.first_date and self.last_date and self.first_date >= self.last_date:
            raise ValueError(f"first_date {self.first_date} is not before last_date {self.last_date}")
        return self
