"""What an instrument is and where its bars come from, as a config writes it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator


class Frozen(BaseModel):
    """Frozen; unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Section(Frozen):
    """Base of all config sections: does not take ``true`` for 1 either, nor YAML's ``no`` for a word."""

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_not_one(cls, value: Any, info: ValidationInfo) -> Any:
        wanted = cls.model_fields[info.field_name or ""].annotation
        found = value if isinstance(value, (list, tuple)) else (value,)
        if wanted is not bool and any(isinstance(v, bool) for v in found):
            raise ValueError(
                "neither true nor false is meant here (YAML reads yes, no, on and off so: quote a word)"
            )
        return value


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


class CsvSource(Frozen):
    """A CSV file with the columns date, open, high, low, close and, optionally, volume."""

    kind: Literal["csv"] = "csv"
    path: Path


class ParquetSource(Frozen):
    """A Parquet file with the same columns as a CSV source."""

    kind: Literal["parquet"] = "parquet"
    path: Path


class YahooSource(Frozen):
    """Bars downloaded through yfinance (extra ``data``) and cached as Parquet."""

    kind: Literal["yahoo"] = "yahoo"
    ticker: str = Field(pattern=r"^[^\s/\\]+$", description="as Yahoo Finance writes it")
    start: Day = date(1987, 1, 1)
    cache: Path = Field(Path("~/.cache/engine"), description="folder of the Parquet cache")


Source = Annotated[BundledSource | CsvSource | ParquetSource | YahooSource, Field(discriminator="kind")]


class Instrument(Section):
    """One instrument of the backtest."""

    symbol: str = Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_.=^+-]+$")
    name: str | None = Field(
        None, min_length=1, max_length=60, description="what readers call it (null: the symbol)"
    )
    family: str = Field("default", min_length=1, description="instruments of a family are pooled")
    source: Source
