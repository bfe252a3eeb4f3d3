"""What `model.json` says: everything needed to use the weights of a run without its config."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Average = Literal["probability", "logit"]


@dataclass(frozen=True)
class Member:
    """A network of an ensemble.

    Attributes:
        folder: its files, from the directory of the ensemble.
        weight: its share, from 0 to 1; those of all members sum to one.
        source: the directory of the run that it was copied from.
    """

    folder: str
    weight: float
    source: str


@dataclass(frozen=True)
class ModelCard:
    """Everything needed to use the weights without the config (`model.json`).

    Attributes:
        classes: in the order of the output.
        image_size: (height, width); of an ensemble, those of its first member.
        preprocess: fixed steps, as (name, options); of an ensemble, each step that any member takes.
        not_deployable: why new pictures cannot be treated like those of training; empty where they can.
        architecture: registered name, or "ensemble".
        note: says of what kind the training pictures were where they were not real; empty for real ones.
        versions: of the packages that made the model.
        hashes: SHA-256 of each model file.
        views: mirror images and quarter turns of each picture whose probabilities are averaged; of an ensemble, those
            of every member, or 1 where the members differ, each of which has its own.
        subclasses: (sub-class, class) in the order of the network's sub-class probabilities, if it has any.
        members: of an ensemble; none for a single network.
        average: what of the members is averaged.
        calibration: method, values, n: how logits become probabilities; empty: by softmax alone.
        choices: thresholds that were settled on validation pictures, as `evaluation.choices` keeps them.
        gate: limits of what is taken for a picture like those of training, as `inference.gate` keeps them; empty: any.
        descriptions: what a class means, in words, by its name.
        onnx: of `model.onnx`: `pictures` and `largest_difference` of the comparison with Keras; or `why` there is none.
    """

    classes: tuple[str, ...]
    image_size: tuple[int, int]
    preprocess: tuple[tuple[str, dict[str, Any]], ...]
    architecture: str
    note: str = ""
    not_deployable: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    views: int = 1
    subclasses: tuple[tuple[str, str], ...] = ()
    members: tuple[Member, ...] = ()
    average: Average = "probability"
    calibration: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    gate: dict[str, Any] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    onnx: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def common_views(cards: Iterable["ModelCard"]) -> int:
        views = {card.views for card in cards}
        return views.pop() if len(views) == 1 else 1

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ModelCard":
        """What `asdict` and JSON made of a card. Raises KeyError, TypeError or ValueError where it is none."""
        return cls(
            **{
                **values,
                "classes": tuple(values["classes"]),
                "image_size": tuple(values["image_size"]),
                "preprocess": tuple((name, options) for name, options in values["preprocess"]),
                "hashes": dict(values["hashes"]),
                "subclasses": tuple((name, label) for name, label in values.get("subclasses", ())),
                "members": tuple(Member(**member) for member in values.get("members", ())),
            }
        )
