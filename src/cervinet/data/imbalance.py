"""Classes of unequal size: how often the pictures of each class come in an epoch of training, and what each weighs.

A function of the kind "imbalance" takes the number of training pictures of each class and gives an `Emphasis`. It is
asked after the split, for the training part alone: repeated before the split, a picture would be learnt and tested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from cervinet.data.manifest import Manifest
from cervinet.errors import ConfigError
from cervinet.registry import did_you_mean, find, register

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Emphasis:
    """What an epoch of training makes of each class, in the order of the network's output.

    Attributes:
        pictures: how many there are, int64 (classes,).
        targets: how many come in an epoch, the same picture several times where there are fewer, int64 (classes,).
        weights: of each picture in the loss, float64 (classes,).
    """

    pictures: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]

    @property
    def entries(self) -> int:
        """How many pictures an epoch has, repeats counted."""
        return int(self.targets.sum())

    @property
    def weighted(self) -> bool:
        return not np.array_equal(self.weights, np.ones_like(self.weights))

    def list_entries(
        self, labels: NDArray[np.int64], *, seed: int, epoch: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pictures of an epoch, not yet shuffled.

        Each class comes whole as many times as it fits into its target; what is left is drawn without replacement,
        anew for each (seed, epoch).

        Args:
            labels: class of each picture, int64 (n,).
            seed: of the run.
            epoch: counted from 0.

        Returns:
            Places in `labels`, and the number of the copy of that picture counted from 0; both int64 (entries,).
        """
        places, copies = [], []
        for label, target in enumerate(self.targets):
            members = np.flatnonzero(labels == label)
            whole, rest = divmod(int(target), max(len(members), 1))
            drawn = np.random.default_rng((seed, epoch, label)).permutation(members)[:rest]
            places += [*[members] * whole, drawn]
            copies += [np.repeat(np.arange(whole), len(members)), np.full(len(drawn), whole)]
        place, copy = np.concatenate(places).astype(np.int64), np.concatenate(copies).astype(np.int64)
        order = np.lexsort((place, copy))
        return place[order], copy[order]


@dataclass(frozen=True)
class EffectiveCount:
    """What became of one class.

    Attributes:
        name: of the class.
        pictures: in the training part.
        entries: how many of them an epoch has, repeats counted.
        weight: of each in the loss.
        effective: entries × weight, what the class counts in the loss of an epoch.
    """

    name: str
    pictures: int
    entries: int
    weight: float
    effective: float


def emphasis_of(manifest: Manifest, name: str, options: Mapping[str, Any]) -> Emphasis:
    """What the function of this name makes of the training part. Raises ConfigError as that function does."""
    return _of_labels(manifest.part("train")["label"], manifest, name, options)


def check_emphasis(manifest: Manifest, name: str, options: Mapping[str, Any]) -> None:
    """Raises a ConfigError of `emphasis_of` that can be told before the pictures are divided."""
    _of_labels(manifest.table["label"], manifest, name, options)


def _of_labels(labels: pd.Series, manifest: Manifest, name: str, options: Mapping[str, Any]) -> Emphasis:
    counts = labels.value_counts()
    function = find("imbalance", name).function
    emphasis: Emphasis = function({one: int(counts.get(one, 0)) for one in manifest.classes}, **options)
    return emphasis


def effective_counts(emphasis: Emphasis, classes: Sequence[str]) -> list[EffectiveCount]:
    """A row a class, in the order of the network's output."""
    return [
        EffectiveCount(name, int(pictures), int(entries), float(weight), float(entries * weight))
        for name, pictures, entries, weight in zip(
            classes, emphasis.pictures, emphasis.targets, emphasis.weights, strict=True
        )
    ]


@register("imbalance")
def none(counts: Counts) -> Emphasis:
    """Every picture once, all of the same weight."""
    pictures = _numbers(counts)
    return Emphasis(pictures, pictures, np.ones(len(pictures)))


@register("imbalance")
def oversample(counts: Counts) -> Emphasis:
    """Random oversampling: pictures of smaller classes come several times an epoch, up to the size of the largest.

    Each repeat is augmented anew. Japkowicz & Stephen 2002, Intelligent Data Analysis 6; compared with class weights
    by Buda et al. 2018, arXiv:1710.05381.
    """
    pictures = _numbers(counts)
    return Emphasis(pictures, np.where(pictures > 0, pictures.max(), 0), np.ones(len(pictures)))


@register("imbalance")
def class_weights(
    counts: Counts,
    *,
    by: Literal["balanced", "effective_number"] = "balanced",
    beta: Annotated[float, Field(ge=0, lt=1)] = 0.999,
) -> Emphasis:
    """Weights in the loss: balanced gives every class the same sum, effective_number less to the rare ones.

    balanced: pictures ÷ (classes × pictures of the class), King & Zeng 2001, Political Analysis 9. effective_number:
    in proportion to (1 - beta) ÷ (1 - beta ** pictures of the class), Cui et al. 2019, arXiv:1901.05555. Both have a
    mean of 1 over the pictures, so that the learning rate keeps its meaning. A class without pictures gets none.
    """
    pictures = _numbers(counts)
    there = pictures > 0
    sizes = pictures[there].astype(float)
    weights = np.zeros(len(pictures))
    weights[there] = 1 / sizes if by == "balanced" else effective_weights(sizes, beta)
    weights *= pictures.sum() / (weights * pictures).sum()
    return Emphasis(pictures, pictures, weights)


@register("imbalance")
def given(counts: Counts, *, weights: dict[str, Annotated[float, Field(ge=0)]]) -> Emphasis:
    """A weight in the loss for every class, used as it is.

    Raises:
        ConfigError: a class has no weight, a name is no class, or nothing would be learnt.
    """
    place = "`training.imbalance.given.weights`"
    if unknown := next((name for name in weights if name not in counts), None):
        raise ConfigError(f"{place} names '{unknown}', which is no class{did_you_mean(unknown, counts)}")
    if missing := [name for name in counts if name not in weights]:
        raise ConfigError(f"{place} must have a weight for every class; it has none for {', '.join(missing)}")
    pictures, values = _numbers(counts), np.array([weights[name] for name in counts], float)
    if not (values * pictures).any():
        raise ConfigError(f"{place} must be above 0 for a class that has training pictures; got {dict(weights)}")
    return Emphasis(pictures, pictures, values)


def effective_weights(pictures: NDArray[Any], beta: float) -> NDArray[np.float64]:
    """(1 - beta) ÷ (1 - beta ** pictures) of each class; pictures are at least 1. Cui et al. 2019, arXiv:1901.05555."""
    return np.asarray((1 - beta) / (1 - beta ** np.asarray(pictures, float)))


def _numbers(counts: Counts) -> NDArray[np.int64]:
    return np.array(list(counts.values()), np.int64)
