"""What every section of the config has in common: strict, frozen, each setting explained by its docstring."""

from pydantic import BaseModel, ConfigDict, JsonValue


class Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def expects(words: str) -> dict[str, JsonValue]:
    """How an error message names what a setting must be."""
    return {"x-expects": words}
