"""What every section of a config is, and how its settings explain themselves."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Fraction = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """Unknown keys are errors, values are never converted, docstrings are the explanations."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def expects(words: str) -> dict[str, JsonValue]:
    """How an error message names what a setting must be."""
    return {"x-expects": words}
