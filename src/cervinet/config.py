"""Every setting of cervinet: its type, default, check and explanation in one place.

`load_config` returns a checked, frozen Config, or raises one ConfigError that lists every problem with its line.
"""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from cervinet import registry
from cervinet.choice import Choice, Kind, Problem, at_places
from cervinet.complaints import sentences
from cervinet.config_data import Data
from cervinet.config_evaluation import Evaluation
from cervinet.config_training import Phase, Training
from cervinet.config_tune import Tune
from cervinet.config_use import Export, Gate
from cervinet.errors import ConfigError
from cervinet.section import Section, expects
from cervinet.yaml_source import Source, dump_yaml, override, read_yaml


class Model(Section):
    """The network."""

    architecture: Annotated[Choice, Kind("architecture")] = Field(Choice("cervix_cnn"), validate_default=True)
    """A network from scratch, or a backbone with a new head."""
    weights: str = "none"
    """none (random), imagenet (backbones only), or the path of a .keras, .weights.h5 or .h5 file."""


class Config(Section):
    """A training run of cervinet."""

    name: str = Field(
        "run", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", json_schema_extra=expects("letters, digits, '.', '_' and '-'")
    )
    """Ends the name of the run directory."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    """All randomness comes from it: division, order, augmentation, initial weights, dropout, bootstrap."""
    classes: list[str] | None = Field(None, json_schema_extra=expects("a list of texts (a number in quotes)"))
    """The classes in the order of the output; when not set, those of the data in alphabetical order."""
    data: Data
    model: Model = Model()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    gate: Gate = Gate()
    export: Export = Export()
    descriptions: dict[str, str] = Field({})
    """What a class means, by its name: shown beside it by the service and its page."""
    tune: Tune | None = None
    """What `cervinet tune` looks for; of no effect elsewhere."""

    @field_validator("classes")
    @classmethod
    def _at_least_two(cls, classes: list[str] | None) -> list[str] | None:
        if classes is not None and (len(classes) < 2 or len(set(classes)) < len(classes)):
            raise ValueError("must be at least two different names")
        return classes

    @model_validator(mode="after")
    def _network_fits(self) -> "Config":
        traits = registry.find("architecture", self.model.architecture.name).traits
        smallest = traits["smallest"]
        problems: list[Problem] = []
        if min(self.data.image_size) < smallest:
            words = f"must be at least {smallest} × {smallest} for `{self.model.architecture}`"
            problems.append((("data", "image_size"), words, list(self.data.image_size)))
        if self.model.weights == "imagenet" and not traits.get("imagenet"):
            words = f"must be none or a file for `{self.model.architecture}`, which has none of ImageNet"
            problems.append((("model", "weights"), words, "imagenet"))
        height, width = self.data.image_size
        if self.evaluation.views > 4 and height != width:
            words = f"must be 1, 2 or 4 for pictures of {height} × {width}, whose sides quarter turns would change"
            problems.append((("evaluation", "views"), words, self.evaluation.views))
        for number, phase in enumerate(self.training.phases or ()):
            if phase.train != "all" and not traits["pretrained"]:
                words = f"must be all for `{self.model.architecture}`, which has no backbone"
                problems.append((("training", "phases", number, "train"), words, None))
        loss = registry.find("loss", self.training.loss.name)
        if loss.traits.get("ordered") and self.classes is None:
            words = f"can be {loss.name} only where `classes` are set: it learns from their order"
            problems.append((("training", "loss"), words, None))
        if problems:
            raise at_places(problems)
        return self

    @model_validator(mode="after")
    def _judged_as_asked(self) -> "Config":
        settings, problems = self.evaluation, list[Problem]()
        for name in self.descriptions:
            if self.classes and name not in self.classes:
                words = f"must describe one of `classes`, {', '.join(self.classes)}"
                problems.append((("descriptions", name), words, name))
        for number, name in enumerate(settings.positive or ()):
            if self.classes and name not in self.classes:
                words = f"must be one of `classes`, {', '.join(self.classes)}"
                problems.append((("evaluation", "positive", number), words, name))
        if settings.positive is not None and not settings.positive:
            problems.append((("evaluation", "positive"), "must name at least one class", None))
        if len(set(settings.positive or ())) < len(settings.positive or ()):
            problems.append((("evaluation", "positive"), "must name a class once", settings.positive))
        if self.classes and len(set(settings.positive or ())) == len(self.classes):
            words = "must leave at least one class that is not positive"
            problems.append((("evaluation", "positive"), words, settings.positive))
        if settings.calibration in ("platt", "isotonic") and self.classes and len(self.classes) > 2:
            words = f"must be none, temperature or vector for {len(self.classes)} classes; it is for two"
            problems.append((("evaluation", "calibration"), words, settings.calibration))
        if problems:
            raise at_places(problems)
        return self

    def phases(self) -> tuple[Phase, ...]:
        """The phases of training; without any set, one that leaves the backbone frozen, or has none."""
        if self.training.phases is not None:
            return tuple(self.training.phases)
        assert self.training.epochs is not None
        pretrained = registry.find("architecture", self.model.architecture.name).traits["pretrained"]
        return (Phase(epochs=self.training.epochs, train="head" if pretrained else "all"),)

    def to_yaml(self) -> str:
        """The resolved config with every default, as YAML that `load_config` reads back."""
        return dump_yaml(self.model_dump(mode="json"))


def load_config(path: Path, overrides: Iterable[str] = (), given: str = "command line") -> Config:
    """Read, override, check. Raises ConfigError with every problem and its line, or where its override was `given`."""
    source, overrides = read_yaml(path), list(overrides)
    training = source.data.get("training")
    changed = any(one.startswith("training.augment.") for one in overrides)
    # The name of a preset alone: the override of one setting must not do away with it.
    if changed and isinstance(training, dict) and isinstance(training.get("augment"), str):
        training["augment"] = {"preset": training["augment"]}
    return check(override(source, overrides, given))


def check(source: Source) -> Config:
    problems = list(source.problems)
    try:
        config = Config.model_validate_json(json.dumps(source.data))
    except ValidationError as error:
        problems += [line for e in error.errors(include_url=False) for line in sentences(e, Config, source)]
    if problems:
        raise ConfigError(sorted(dict.fromkeys(problems), key=_line))
    return config


def _line(problem: str) -> int:
    """The line that a sentence ends with, so that problems are read as the file is; the command line comes last."""
    found = re.search(r":(\d+)\)$", problem)
    return int(found.group(1)) if found else sys.maxsize


def config_schema() -> dict[str, Any]:
    """The JSON Schema of a config, for editors."""
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "cervinet config"}
