"""The settings that a search may change, and how the values of a trial become a config."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cervinet.config import Config, load_config
from cervinet.config_tune import Tune
from cervinet.errors import ConfigError
from cervinet.yaml_source import dump_yaml, read_yaml

_SEARCHED = ("model", "training", "data.image_size", "data.preprocess")
_EXAMPLE = "tune: {space: {training.learning_rate: {log: [1e-5, 1e-2]}}}"


def load_tuned(path: Path, overrides: Iterable[str]) -> tuple[Config, Tune]:
    """The config and its search.

    Raises:
        ConfigError: there is no search, or one of its settings is none, may not be searched, or cannot take one of its
            values; each with its place.
    """
    overrides = list(overrides)
    config = load_config(path, overrides)
    if config.tune is None:
        raise ConfigError(f"`tune` is missing in {path}; it says where to look, as in {_EXAMPLE}")
    source, problems, keys = read_yaml(path), list[str](), list(config.tune.space)
    for number, (key, values) in enumerate(config.tune.space.items()):
        where = source.where(("tune", "space", key)) or "command line"
        if words := _unfit(key, config.training.monitor, keys[:number] + keys[number + 1 :]):
            problems.append(f"`tune.space.{key}` {words} ({where})")
            continue
        for value in values.ends:
            try:
                load_config(path, [*overrides, *assignments({key: value})], where)
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return config, config.tune


def _unfit(key: str, monitor: str, others: Iterable[str]) -> str:
    """Why a setting cannot be searched; empty where it can."""
    if not any(_within(key, one) for one in _SEARCHED) or key == "training.monitor":
        return (
            "must be of model or training, or data.image_size or data.preprocess: all trials are judged on the same "
            "pictures by the same `training.monitor`"
        )
    if _within(key, "training.loss") and monitor == "val_loss":
        return "needs `training.monitor: val_accuracy`: values of different losses cannot be compared"
    over = next((one for one in others if _within(key, one)), None)
    return f"lies within `tune.space.{over}`; keep one of them" if over else ""


def _within(key: str, section: str) -> bool:
    return key == section or key.startswith(f"{section}.")


def config_of_trial(path: Path, overrides: Iterable[str], values: Mapping[str, Any]) -> Config:
    """The config with the values of a trial, and no search. Raises ConfigError where they do not go together."""
    config = load_config(path, [*overrides, *assignments(values)], "values of the trial")
    return config.model_copy(update={"tune": None})


def assignments(values: Mapping[str, Any]) -> list[str]:
    """`key=value` pairs as on the command line."""
    return [f"{key}={written(value)}" for key, value in values.items()]


def written(value: Any) -> str:
    """A value as in a config, on one line."""
    return dump_yaml(value, inline=True).strip()
