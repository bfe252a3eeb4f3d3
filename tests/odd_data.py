"""Predictions as they come where something is rare, missing or degenerate, for tests that nothing falls over them."""

from dataclasses import replace

import numpy as np

from cervinet.evaluation.predictions import Predictions

TWO = ("negative", "positive")
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")


def made(seed, *, images=48, classes=("normal", "CIN1", "CIN2+"), per_group=2, labels=None):
    random = np.random.default_rng(seed)
    truth = random.integers(0, len(classes), images) if labels is None else np.asarray(labels)
    n = len(truth)
    logits = 2 * random.normal(size=(n, len(classes))) + 2 * np.eye(len(classes))[truth]
    return of_logits(
        Predictions(
            images=tuple(f"{number}.jpg" for number in range(n)),
            groups=tuple(str(number // per_group) for number in range(n)),
            labels=truth.astype(np.int64),
            probabilities=np.full(logits.shape, 1 / len(classes)),
            classes=tuple(classes),
            split="test",
            attributes={
                "site": tuple("AB"[number // per_group % 2] if number % 7 else "" for number in range(n)),
                "width": tuple(str(600 + number) for number in range(n)),
            },
        ),
        logits,
    )


def of_logits(given, logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return replace(given, probabilities=powers / powers.sum(axis=1, keepdims=True), logits=logits)


def with_subclasses(seed):
    given = made(seed)
    share = np.random.default_rng(seed).random((len(given.images), 1))
    first = given.probabilities[:, :1]
    names = ("normal a", "normal b", *given.classes[1:])
    return replace(
        given,
        sublabels=tuple(names[label + 1] if label else names[row % 2] for row, label in enumerate(given.labels)),
        subclasses=names,
        subclass_probabilities=np.hstack([first * share, first * (1 - share), given.probabilities[:, 1:]]),
    )


def repeated(seed, classes):
    given = made(seed, classes=classes)
    again = made(seed + 10, classes=classes, labels=given.labels)
    return replace(
        given,
        images=given.images * 2,
        groups=given.groups * 2,
        labels=np.tile(given.labels, 2),
        probabilities=np.vstack([given.probabilities, again.probabilities]),
        logits=None,
        repeats=np.repeat([0, 1], len(given.images)),
        attributes={name: texts * 2 for name, texts in given.attributes.items()},
    )


def never_predicted(seed):
    given = made(seed)
    return of_logits(given, given.logits - [0, 0, 60])


def certain(seed, shift):
    """Probabilities of exactly 0 and 1: of the class `shift` places beyond the true one."""
    given = made(seed)
    return of_logits(given, 2000 * np.eye(3)[(given.labels + shift) % 3])


def certain_of_some(seed):
    given = made(seed, classes=TWO)
    return replace(given, probabilities=np.eye(2)[given.predicted], logits=None)


ODD = {
    "two classes": lambda seed: made(seed, classes=TWO),
    "26 classes": lambda seed: made(seed, classes=LETTERS),
    "one class of three": lambda seed: made(seed, labels=[1] * 24),
    "the negative class alone": lambda seed: made(seed, classes=TWO, labels=[0] * 24),
    "the positive class alone": lambda seed: made(seed, classes=TWO, labels=[1] * 24),
    "one group": lambda seed: made(seed, labels=[2] * 12, per_group=12),
    "one group of several classes": lambda seed: made(seed, per_group=48),
    "one image": lambda seed: made(seed, labels=[0]),
    "no two images of a group": lambda seed: made(seed, per_group=1),
    "one positive": lambda seed: made(seed, classes=TWO, labels=[0] * 23 + [1]),
    "repeats": lambda seed: repeated(seed, ("normal", "CIN1", "CIN2+")),
    "repeats of two classes": lambda seed: repeated(seed, TWO),
    "no logits": lambda seed: replace(made(seed), logits=None),
    "spread": lambda seed: replace(made(seed), spread=np.random.default_rng(seed).random(48)),
    "equal spread": lambda seed: replace(made(seed), spread=np.zeros(48)),
    "sub-classes": with_subclasses,
    "certain and right": lambda seed: certain(seed, 0),
    "certain and wrong": lambda seed: certain(seed, 1),
    "certain, right or wrong": certain_of_some,
    "equal probabilities": lambda seed: of_logits(made(seed), np.zeros((48, 3))),
    "a class that is never predicted": never_predicted,
}
