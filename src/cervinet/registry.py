"""Names in YAML → functions in Python.

A function decorated with `@register("reader")` in the module or folder of that kind becomes a value a config
may name. Its name is the YAML name; its keyword-only arguments are the YAML options, checked by annotation.
Modules are imported on the first look-up, so a new reader, step or loss is one new function.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

if TYPE_CHECKING:
    from pydantic import BaseModel

HOMES = {
    "reader": ("cervinet.data.readers",),
    "preprocess": ("cervinet.data.preprocess", "cervinet.data.crops", "cervinet.data.appearance"),
    "architecture": ("cervinet.models.networks", "cervinet.models.backbones"),
    "loss": ("cervinet.models.losses",),
    "schedule": ("cervinet.training.schedules",),
    "optimizer": ("cervinet.training.optimizers",),
    "imbalance": ("cervinet.data.imbalance",),
    "operating_point": ("cervinet.evaluation.operating_rules",),
    "exporter": ("cervinet.exporters.formats",),
}

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry:
    """A registered function, and what its decorator said of it."""

    name: str
    function: Callable[..., Any]
    traits: dict[str, Any]

    @cached_property
    def options(self) -> "type[BaseModel]":
        """Its options as a pydantic model, made where a config is checked: a network in use needs no pydantic."""
        return _options_model(self.name, self.function)

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]


_entries: dict[str, dict[str, Entry]] = {kind: {} for kind in HOMES}


def register(kind: str, name: str | None = None, **traits: Any) -> Callable[[Function], Function]:
    """Make the decorated function a possible value of the settings of this kind."""

    def decorate(function: Function) -> Function:
        key = name or function.__name__
        known = _entries[kind].get(key)
        if known and known.function.__module__ != function.__module__:
            raise ValueError(f"{kind} '{key}' is registered by two modules")
        _entries[kind][key] = Entry(key, function, traits)
        return function

    return decorate


def find(kind: str, name: str) -> Entry:
    """The entry called `name`; a KeyError says the nearest right name."""
    entries = available(kind)
    if name not in entries:
        raise KeyError(f"unknown {kind} '{name}'{did_you_mean(name, entries)}")
    return entries[name]


@cache
def available(kind: str) -> dict[str, Entry]:
    """Every entry of a kind by name, after importing its homes: modules, or packages with all their modules."""
    for name in HOMES[kind]:
        home = importlib.import_module(name)
        for module in pkgutil.iter_modules(getattr(home, "__path__", ())):
            importlib.import_module(f"{name}.{module.name}")
    return dict(sorted(_entries[kind].items()))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or the list of what there is when nothing is near."""
    import difflib

    names = {one.lower(): one for one in known}
    near = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.6)
    if near:
        return f" (did you mean '{names[near[0]]}'?)"
    return f" (known: {', '.join(names.values())})" if names else " (there are none)"


def _options_model(name: str, function: Callable[..., Any]) -> "type[BaseModel]":
    from pydantic import ConfigDict, Field, create_model

    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        key: (hints[key], Field() if p.default is p.empty else Field(default=p.default))
        for key, p in inspect.signature(function).parameters.items()
        if p.kind is p.KEYWORD_ONLY
    }
    return create_model(name, __config__=ConfigDict(extra="forbid", strict=False, allow_inf_nan=False), **fields)
