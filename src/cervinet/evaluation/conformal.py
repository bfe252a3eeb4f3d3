"""Prediction sets that hold the true class as often as promised (split conformal prediction).

The images of a patient resemble each other, so that 300 images of 30 women are no 300 witnesses; the women are
exchangeable. Each group therefore weighs 1 however many images it has, each of its images 1 / size, and the new woman,
of whom nothing is known, weighs 1 more at infinity (hierarchical conformal prediction, Lee, Barber & Willett 2023,
after Dunn, Wasserman & Ramdas 2023). The promise is that of one image, picked at random from a new group, the set holds
the true class with at least the given probability, over the choice of validation groups and of the new one. Where every
image is its own group, this is the usual quantile: the ⌈(n + 1) · coverage⌉th smallest score.

Two things the promise does not cover: it takes new patients to be like those of validation, and the validation images
to be used for nothing else, while they also chose the epoch and the calibration. Coverage is measured for that reason.

References: Lee, Barber & Willett, Distribution-free inference with hierarchical data, arXiv:2306.06342, 2023; Dunn,
Wasserman & Ramdas, Distribution-free prediction sets for two-layer hierarchical models, J. Am. Stat. Assoc. 118:2491,
2023; Sadinle, Lei & Wasserman, Least ambiguous set-valued classifiers, J. Am. Stat. Assoc. 114:223, 2019 (lac); Romano,
Sesia & Candès, Classification with valid and adaptive coverage, NeurIPS 2020 (aps); Vovk, Conditional validity of
inductive conformal predictors, ACML 2012 (class by class).
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.means import Parts, mean_estimates
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array

Score = Literal["lac", "aps"]
SCORES: tuple[Score, ...] = ("lac", "aps")


@dataclass(frozen=True)
class SetRule:
    """How sets are made.

    Attributes:
        score: lac (smallest sets) or aps (adapts to difficulty).
        conditional: one threshold a class, so that the promise holds for each class by itself.
        coverage: promised, in (0, 1).
        thresholds: one, or one a class (inf where the validation images of a class are too few to promise anything).
        n: validation images.
        groups: validation groups.
    """

    score: Score
    conditional: bool
    coverage: float
    thresholds: tuple[float, ...]
    n: int
    groups: int

    def sets(self, probabilities: Array) -> NDArray[np.bool_]:
        """Which classes are in each set.

        A set is never empty: where no class is near enough to the validation images, it is the most probable one
        (`empty` says where). That can only raise the coverage.

        Args:
            probabilities: float64 `(n, classes)`, as those that the rule was fitted on.

        Returns:
            bool `(n, classes)`.
        """
        sets = self._inside(probabilities)
        lacking = np.flatnonzero(~sets.any(axis=1))
        sets[lacking, probabilities[lacking].argmax(axis=1)] = True
        return sets

    def empty(self, probabilities: Array) -> NDArray[np.bool_]:
        """bool `(n,)`: where no class is inside its threshold, so that the set is the most probable class alone."""
        empty: NDArray[np.bool_] = np.logical_not(self._inside(probabilities).any(axis=1))
        return empty

    @property
    def needed(self) -> int:
        """Groups below which nothing can be promised: 9 for a coverage of 0.9."""
        return math.ceil(self.coverage / (1 - self.coverage) - 1e-9)

    def _inside(self, probabilities: Array) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = np.less_equal(scores(self.score, probabilities), self.thresholds)
        return inside


@dataclass(frozen=True)
class Coverage:
    """What a rule gives on the judged images.

    Attributes:
        rule: how the sets were made.
        coverage: share of the images whose set holds their class.
        size: mean number of classes in a set.
        single: share of the images whose set is one class.
        per_class: class → coverage of its images.
        by_group: coverage of one image picked at random from each group, which is what is promised.
        completed: share of the images for which no class was inside, and whose set is the most probable one.
    """

    rule: SetRule
    coverage: Estimate
    size: Estimate
    single: Estimate
    per_class: dict[str, Estimate]
    by_group: Estimate | None = None
    completed: Estimate | None = None

    def remarks(self) -> tuple[str, ...]:
        """What must be said of the promise: where there is none, and where it was not kept."""
        rule, promised = self.rule, f"{100 * self.rule.coverage:g} %"
        unbounded = [math.isinf(threshold) for threshold in rule.thresholds]
        said = []
        if rule.conditional and any(unbounded):
            names = [repr(name) for name, without in zip(self.per_class, unbounded, strict=True) if without]
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            said.append(
                f"in every set, because a promise of {promised} needs validation images of a class from {rule.needed} "
                f"groups or more: {', '.join(names[:3])}{more}"
            )
        elif any(unbounded):
            said.append(
                f"every class is in every set: a promise of {promised} needs {rule.needed} validation groups or more; "
                f"there are {rule.groups}"
            )
        judged = [("the judged images", self.by_group or self.coverage)]
        if rule.conditional:
            judged = [(f"the images of {name!r}", found) for name, found in self.per_class.items()]
        for name, found in judged:
            if found.value is not None and found.upper is not None and found.upper < rule.coverage:
                said.append(
                    f"the sets of {name} hold the true class in {100 * found.value:.1f} %, less often than the "
                    f"{promised} promised: the validation images were easier by chance, or these are not like them"
                )
        return tuple(said)

    def to_json(self) -> dict[str, Any]:
        """The rule and the estimates: plain numbers, text and null (for an infinite threshold)."""
        names = ("rule", "coverage", "by_group", "size", "single", "completed", "per_class")
        found = {name: one for name in names if (one := getattr(self, name)) is not None}
        return {name: plain(one) for name, one in (found | {"remarks": self.remarks()}).items()}


def scores(score: Score, probabilities: Array) -> Array:
    """How strange each class would be, float64 `(n, classes)` in [0, 1], of probabilities of the same shape.

    lac: 1 less the probability. aps: the sum of the probabilities of all more probable classes (of equal ones those
    before it), which is the level from which on a set that is filled from the most probable class downwards holds this
    class. Romano et al. add a random part of the class's own probability. None is added here, so that a picture has one
    set and not one a run: the promise is kept, and where the most probable class is right more often than promised the
    sets are that class alone, and hold the true one more often than asked. With all of it added, as other libraries
    have it, sets of sure answers are empty, or larger by a class than they need be.
    """
    if score == "lac":
        return 1 - probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    before = np.hstack([np.zeros((len(sums), 1)), sums[:, :-1]])
    found = np.empty_like(before)
    np.put_along_axis(found, order, before, axis=1)
    return found


def fit_sets(validation: Predictions, coverage: float) -> list[SetRule]:
    """LAC and APS, each over all classes and class by class; groups, not images, are exchangeable.

    Class by class, the groups are those with images of the class, each of which weighs 1 / how many of it the group
    has. Where they are fewer than coverage / (1 - coverage), nothing can be promised but by a set that always holds the
    class: its threshold is inf.
    """
    members, groups = validation.members()
    rules = []
    for score in SCORES:
        own = scores(score, validation.probabilities)[np.arange(len(members)), validation.labels]
        for conditional in (False, True):
            parts = [validation.labels == index for index in range(len(validation.classes))]
            thresholds = tuple(
                _threshold(own[part], members[part], coverage)
                for part in (parts if conditional else [np.full(len(members), True)])
            )
            rules.append(SetRule(score, conditional, coverage, thresholds, len(members), groups))
    return rules


def _threshold(own: Array, members: NDArray[np.int64], coverage: float) -> float:
    """The lowest score that at least `coverage` of the weight lies at or below; inf where that is the new group's."""
    _, place, sizes = np.unique(members, return_inverse=True, return_counts=True)
    order = np.argsort(own, kind="stable")
    below = np.cumsum(1 / sizes[place[order]])
    first = np.searchsorted(below, coverage * (len(sizes) + 1) - 1e-9)  # 0.7 × 10 is not to ask for more than 7
    return float(own[order[first]]) if first < len(own) else math.inf


def covered(rule: SetRule, predictions: Predictions, how: Resampling) -> Coverage:
    """Judge a rule on predictions whose images did not make it."""
    sets, labels = rule.sets(predictions.probabilities), predictions.labels
    held, size = sets[np.arange(len(sets)), labels], sets.sum(axis=1)
    members, _ = predictions.members()
    share = 1 / np.bincount(members)[members]
    one = np.ones(len(sets))
    parts: dict[str, Parts] = {
        "coverage": (held, one),
        "size": (size, one),
        "single": (size == 1, one),
        "by_group": (held * share, share),
        "completed": (rule.empty(predictions.probabilities), one),
    }
    undefined = dict.fromkeys(parts, "there are no images")
    for index, name in enumerate(predictions.classes):
        of_class = labels == index
        parts[f"of {name}"] = (held & of_class, of_class)
        undefined[f"of {name}"] = f"no image is of {name!r}"
    found = mean_estimates(predictions, parts, undefined, how)
    per_class = {name: found.pop(f"of {name}") for name in predictions.classes}
    return Coverage(rule=rule, per_class=per_class, **found)
