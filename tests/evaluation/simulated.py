"""Predictions of an over-confident network, for tests of what is chosen on them."""

import numpy as np

from cervinet.evaluation.predictions import Predictions


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def simulated(seed=0, *, images=120, classes=("normal", "CIN1", "CIN2+"), per_group=2, labels=None, sharp=2.5):
    """Logits that are `sharp` times too large, of `images` images of `images / per_group` patients."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, len(classes), images) if labels is None else np.asarray(labels)
    logits = random.normal(size=(len(truth), len(classes)))
    logits[np.arange(len(truth)), truth] += 1.5
    logits *= sharp
    return Predictions(
        images=tuple(f"{number}.jpg" for number in range(len(truth))),
        groups=tuple(f"{number // per_group}" for number in range(len(truth))),
        labels=truth.astype(np.int64),
        probabilities=softmax(logits),
        classes=tuple(classes),
        split="test",
        logits=logits,
    )
