"""What every section of a config has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator


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
