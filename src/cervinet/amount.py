"""A setting of something random: how strong it may be, and how probable.

rotation: 90
rotation: {strength: 90, probability: 0.5}
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic import create_model as create
from pydantic_core import core_schema

from cervinet.choice import Problem, at_places, describe, options_schema

Probability = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class Amount:
    """How strong a random change may be, or the smallest and the largest strength, and how often it happens at all."""

    strength: float | tuple[float, float] = 0.0
    probability: float = 1.0

    def __bool__(self) -> bool:
        """Whether it ever changes anything: a strength of 0 does not, nor do factors from 1 to 1."""
        return self.probability > 0 and self.strength not in (0, (1, 1))

    def to_yaml(self) -> Any:
        strength = list(self.strength) if isinstance(self.strength, tuple) else self.strength
        return strength if self.probability == 1 else {"strength": strength, "probability": self.probability}


@dataclass(frozen=True)
class Limits:
    """`Annotated[Amount, Limits(...)]`: what the strength may be.

    Attributes:
        strength: the annotation of the strength.
        expects: what the strength must be, in words; None where the limits say it.
    """

    strength: Any
    expects: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse, serialization=core_schema.plain_serializer_function_ser_schema(Amount.to_yaml)
        )

    def __get_pydantic_json_schema__(self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> Any:
        full = options_schema(self.model)
        # if/then/else, and not oneOf: an editor then marks the very value that is wrong.
        return {"if": {"type": "object"}, "then": full, "else": full["properties"]["strength"]}

    @property
    def model(self) -> type[BaseModel]:
        settings = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
        return create("Amount", __config__=settings, strength=(self.strength, ...), probability=(Probability, 1.0))

    def parse(self, value: Any) -> Amount:
        """A checked amount. Raises a PydanticCustomError whose context lists every problem with its place."""
        if isinstance(value, Amount):  # a default
            return value
        full = value if isinstance(value, dict) else {"strength": value}
        try:
            checked: Any = self.model.model_validate_json(json.dumps(full))
        except ValidationError as error:
            found = [self._problem(one, full, value) for one in error.errors(include_url=False)]
            raise at_places(list({place: (place, *rest) for place, *rest in found}.values())) from None
        return Amount(checked.strength, checked.probability)

    def _problem(self, error: Any, full: dict[str, Any], value: Any) -> Problem:
        location = tuple(error["loc"])
        words, found = describe(error, self.model)
        if location[:1] == ("strength",) and error["type"] != "missing":
            if self.expects:
                location, words, found = location[:1], f"must be {self.expects}", full["strength"]
            location = location if isinstance(value, dict) else location[1:]
        return location, words, found
