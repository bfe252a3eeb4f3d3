"""Predictions for tests of what is made of them."""

import numpy as np

from cervinet.evaluation.predictions import Predictions


def table(labels, probabilities, *, groups=None, classes=None, split="test", **more):
    """Each image is its own group unless `groups` are given."""
    probabilities, labels = np.asarray(probabilities, float), np.asarray(labels)
    names = tuple(f"{row}.jpg" for row in range(len(labels)))
    return Predictions(
        images=names,
        groups=names if groups is None else tuple(map(str, groups)),
        labels=labels.astype(np.int64),
        probabilities=probabilities,
        classes=tuple(classes or (f"Type_{number + 1}" for number in range(probabilities.shape[1]))),
        split=split,
        **more,
    )


def in_turn(images, classes=3, *, seed=0, strength=1.5, per_group=2):
    """Images of the classes A, B, … in turn, and probabilities that know the more of them the greater `strength` is."""
    random = np.random.default_rng(seed)
    labels = np.arange(images) % classes
    logits = random.normal(0, 1, (images, classes))
    logits[np.arange(images), labels] += strength
    powers = np.exp(logits)
    groups = [f"g{row // per_group}" for row in range(images)]
    return table(labels, powers / powers.sum(axis=1, keepdims=True), groups=groups, classes="ABCDE"[:classes])


def random_table(images, classes=3, *, seed=0, per_group=1, **more):
    """Probabilities that know something of the labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, images)
    logits = random.normal(size=(images, classes))
    logits[np.arange(images), labels] += 1.2
    powers = np.exp(logits)
    groups = None if per_group == 1 else np.arange(images) // per_group
    return table(labels, powers / powers.sum(axis=1, keepdims=True), groups=groups, **more)
