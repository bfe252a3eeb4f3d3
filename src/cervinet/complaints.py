"""What pydantic found wrong with a config, as sentences with the setting, what was expected, found, and where."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from cervinet.choice import describe
from cervinet.yaml_source import Source

_LONGEST = 200


def sentences(error: Any, model: type[BaseModel], source: Source) -> Iterator[str]:
    """What one pydantic error of a config of this model says; several when it holds several.

    Args:
        error: an item of `ValidationError.errors()`.
        model: the whole config's.
        source: where each value was written.
    """
    location = error["loc"]
    if error["type"] == "at_places":
        for inner, words, value in error["ctx"]["problems"]:
            yield _sentence((*location, *inner), words, value, source)
        return
    section, depth, field = _nearest_field(model, location)
    words, value = describe(error, section)
    if error["type"] == "extra_forbidden" and (elsewhere := _places_of(location[-1], model)):
        words = f"is not a setting (did you mean '{elsewhere[0]}'?)"
    extra = field.json_schema_extra if field else None
    inside = depth < len(location)  # of the field: a part of its value is missing, not the field
    if isinstance(extra, dict) and (inside or error["type"] not in ("extra_forbidden", "missing", "value_error")):
        words, location = f"must be {extra['x-expects']}", location[:depth]
        value = _look_up(source.data, location)
    if error["type"] in ("extra_forbidden", "value_error"):
        value = None
    yield _sentence(location, words, value, source)


def _sentence(location: tuple[Any, ...], words: str, value: Any, source: Source) -> str:
    dotted = ".".join(map(str, location))
    shown = repr(value)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    got = "" if value is None else f"; got {shown}"
    where = source.where(location)
    return f"`{dotted}` {words}{got}" + (f" ({where})" if where else "")


def _nearest_field(section: type[BaseModel], location: tuple[Any, ...]) -> tuple[type[BaseModel], int, Any]:
    """The section that holds the place, how deep the field lies, and the field."""
    for depth, part in enumerate(location, start=1):
        if isinstance(part, int) and depth < len(location):  # an item of a list of sections
            continue
        field = section.model_fields.get(part) if isinstance(part, str) else None
        inner = _section_of(field)
        if inner is None or depth == len(location):
            return section, depth, field
        section = inner
    return section, len(location), None


def _places_of(name: Any, section: type[BaseModel], prefix: str = "") -> list[str]:
    """Where in the sections a setting of exactly this name stands, as dotted paths."""
    found = []
    for key, field in section.model_fields.items():
        if key == name:
            found.append(prefix + key)
        if inner := _section_of(field):
            found += _places_of(name, inner, f"{prefix}{key}.")
    return found


def _section_of(field: Any) -> type[BaseModel] | None:
    """The section that a field holds, as it is, or None, or in a list."""
    candidates = [getattr(field, "annotation", None)]
    for candidate in candidates:
        candidates += getattr(candidate, "__args__", ())
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _look_up(data: Any, location: tuple[Any, ...]) -> Any:
    for part in location:
        data = data[part] if isinstance(data, dict) and part in data else None
    return data
