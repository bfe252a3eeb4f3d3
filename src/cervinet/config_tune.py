"""The settings under `tune`: where `cervinet tune` looks for better values."""

from typing import Any

from pydantic import Field, JsonValue, PositiveInt, model_validator

from cervinet.choice import at_places
from cervinet.section import Section, expects


class Values(Section):
    """What one setting may be: numbers between two, evenly or by ratio, or one of a list."""

    range: list[JsonValue] | None = None
    """[lowest, highest]; whole numbers when both are."""
    log: list[JsonValue] | None = None
    """[lowest, highest], both above 0: each doubling is as likely as the next."""
    choices: list[JsonValue] | None = None
    """Values as a config has them."""

    @model_validator(mode="after")
    def _one_of_them(self) -> "Values":
        kinds = [(kind, value) for kind, value in self if value is not None]
        if len(kinds) != 1:
            raise ValueError("must hold one of `range: [lowest, highest]`, `log: [lowest, highest]`, `choices: [a, b]`")
        kind, found = kinds[0]
        if kind == "choices":
            if len(found) < 2 or any(one in found[:i] for i, one in enumerate(found)):
                raise at_places([(("choices",), "must be at least two different values", found)])
        elif len(found) != 2 or not all(map(_is_number, found)) or not found[0] < found[1]:
            raise at_places([((kind,), "must be two numbers, the lower one first", found)])
        elif kind == "log" and found[0] <= 0:
            raise at_places([((kind,), "must be two numbers above 0", found)])
        return self

    @property
    def ends(self) -> list[Any]:
        """The lowest and the highest value, or all that may be chosen."""
        return next(value for _, value in self if value is not None)


class Tune(Section):
    """The search: over which settings, and how it starts. What is best is said by `training.monitor`."""

    space: dict[str, Values] = Field(
        min_length=1, json_schema_extra=expects("one setting at least, as in training.batch_size: {choices: [16, 32]}")
    )
    """Settings by their dotted names, as in training.learning_rate: {log: [1e-5, 1e-2]}."""
    startup: PositiveInt = 10
    """Trials at random, all to their end, before the search learns from them and stops hopeless ones."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
