"""How often the intervals hold the truth, and how long they take; for docs/decisions/0004-intervals.md.

    python scripts/measure_intervals.py

Every group has one class, a level of its own and four images around it, so that accuracy and AUROC of the
population are known in closed form. The same data are evaluated by group and as if each image were a group.
"""

import json
import math
import resource
import time
from dataclasses import replace

import numpy as np

from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.predictions import Predictions

SEPARATION, BETWEEN_GROUPS, WITHIN_GROUPS, PER_GROUP = 1.5, 0.8, 0.6, 4


def normal_cdf(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def simulate(groups: int, seed: int) -> Predictions:
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(groups) % 2, PER_GROUP)
    level = np.repeat(random.normal(0, BETWEEN_GROUPS, groups), PER_GROUP)
    score = SEPARATION * (labels - 0.5) + level + random.normal(0, WITHIN_GROUPS, len(labels))
    second = 1 / (1 + np.exp(-score))
    images = tuple(map(str, range(len(labels))))
    members = tuple(str(image // PER_GROUP) for image in range(len(labels)))
    return Predictions(images, members, labels, np.stack([1 - second, second], axis=1), ("a", "b"), "test")


def coverage(groups: int, *, repetitions: int = 500, draws: int = 1000) -> dict[str, float]:
    spread = math.hypot(BETWEEN_GROUPS, WITHIN_GROUPS)
    truth = {
        "accuracy": normal_cdf(SEPARATION / 2 / spread),
        "auroc_macro": normal_cdf(SEPARATION / (spread * math.sqrt(2))),
    }
    held = {f"{metric} by {unit}": 0 for metric in truth for unit in ("group", "image")}
    for seed in range(repetitions):
        given = simulate(groups, seed)
        for unit, predictions in (("group", given), ("image", replace(given, groups=given.images))):
            metrics = evaluate(predictions, draws=draws, seed=seed).metrics
            for metric, value in truth.items():
                found = metrics[metric]
                if found.lower is not None and found.upper is not None:
                    held[f"{metric} by {unit}"] += found.lower <= value <= found.upper
    return {name: count / repetitions for name, count in held.items()}


def speed(images: int, classes: int) -> dict[str, float]:
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, images)
    names = tuple(map(str, range(images)))
    probabilities = random.dirichlet(np.ones(classes), images)
    given = Predictions(names, names, labels, probabilities, tuple(map(str, range(classes))), "test")
    start = time.perf_counter()
    evaluate(given)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(time.perf_counter() - start, 2), "peak_mib_of_process": round(peak)}


if __name__ == "__main__":
    for images, classes in ((222, 3), (100_000, 3), (100_000, 26)):
        print(json.dumps({"images": images, "classes": classes, "draws": 2000, **speed(images, classes)}))
    for groups in (10, 20, 50, 200):
        print(json.dumps({"groups": groups, "images": groups * PER_GROUP, "coverage": coverage(groups)}))
