"""What the records of settings are made of."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def setting(title: str, sentence: str, *, unit: str = "", more: bool = False, **limits: Any) -> Any:
    """A field with what its control needs: title, unit, what will be seen when it moves."""
    return Field(
        title=title, description=sentence, json_schema_extra={"unit": unit, "more": more}, **limits
    )
