"""A setting that names a registered function, with or without options.

loss: cross_entropy
loss: {cross_entropy: {label_smoothing: 0.1}}
"""

import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from cervinet import registry

# The place below the setting that is checked, what is wrong there, and the value to quote (None: nothing to quote).
Problem = tuple[tuple[str | int, ...], str, Any]


@dataclass(frozen=True)
class Choice:
    """The name of a registered function and every one of its options, defaults included."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def to_yaml(self) -> Any:
        return {self.name: self.options} if self.options else self.name


@dataclass(frozen=True)
class Kind:
    """`Annotated[Choice, Kind("loss")]`: which registered functions may be named."""

    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse, serialization=core_schema.plain_serializer_function_ser_schema(Choice.to_yaml)
        )

    def __get_pydantic_json_schema__(self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> Any:
        entries = registry.available(self.kind).items()
        bare = [{"const": name, "description": e.summary} for name, e in entries]
        full = [
            {
                "type": "object",
                "properties": {name: options_schema(e.options)},
                "required": [name],
                "additionalProperties": False,
            }
            for name, e in entries
            if e.options.model_fields
        ]
        return {"oneOf": bare + full}

    def parse(self, value: Any) -> Choice:
        """A checked choice. Raises a PydanticCustomError whose context lists every problem with its place."""
        if isinstance(value, Choice):  # a default, still without its options
            name, options = value.name, dict(value.options)
        elif isinstance(value, str):
            name, options = value, {}
        elif isinstance(value, dict) and len(value) == 1:
            name, options = next(iter(value.items()))
        else:
            raise at_places([((), "must be a name, or one `name: {option: value}`", value)])
        try:
            entry = registry.find(self.kind, name)
        except KeyError as error:
            raise at_places([((), f"names an {error.args[0]}", None)]) from None
        options = {} if options is None else options
        if not isinstance(options, dict):
            raise at_places([((name,), "must hold `option: value` lines", options)])
        try:
            checked = entry.options.model_validate_json(json.dumps(options), strict=True)
        except ValidationError as error:
            raise at_places(
                [((name, *e["loc"]), *describe(e, entry.options)) for e in error.errors(include_url=False)]
            ) from None
        return Choice(entry.name, checked.model_dump(mode="json"))


def at_places(found: list[Problem]) -> PydanticCustomError:
    """An error of one check that has several things to say, each about a setting of its own."""
    return PydanticCustomError("at_places", "is not valid", {"problems": found})


def describe(error: Any, model: type[BaseModel]) -> tuple[str, Any]:
    """What a pydantic error says in our words, and the value to quote (None: nothing to quote)."""
    if error["type"] == "extra_forbidden":
        return f"is not a setting{registry.did_you_mean(error['loc'][-1], model.model_fields)}", None
    if error["type"] == "missing":
        return "is missing", None
    if error["type"] in ("model_type", "model_attributes_type"):
        return "must hold `key: value` lines", error["input"]
    if error["type"] in ("list_type", "tuple_type"):
        return "must be a list, as in [a, b]", error["input"]
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message.replace("Input should be", "must be").replace("Field", "it"), error["input"]


def options_schema(options: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a function's options, self-contained."""
    schema = options.model_json_schema()
    schema.pop("title", None)
    return schema
