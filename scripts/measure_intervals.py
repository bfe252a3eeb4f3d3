"""How often the intervals hold the truth; for docs/decisions/0004-intervals.md. `bench_intervals.py` times them.

    python scripts/measure_intervals.py                                      # hours
    python scripts/measure_intervals.py --groups 10 --methods bca --images   # minutes

Every group has one class, a level of its own and four images around it, so that accuracy and AUROC of the
population are known in closed form. The same data are evaluated by group and as if each image were a group.
The calibration errors are of images without groups.
"""

import argparse
import json
import math
from dataclasses import replace

import numpy as np

from cervinet.evaluation.calibration_error import KINDS
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Estimate, Resampling
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


def coverage(groups: int, repetitions: int, method: str) -> dict[str, float]:
    """How often the intervals of accuracy and AUROC hold the truth, by group and as if each image were a group."""
    spread = math.hypot(BETWEEN_GROUPS, WITHIN_GROUPS)
    truth = {
        "accuracy": normal_cdf(SEPARATION / 2 / spread),
        "auroc_macro": normal_cdf(SEPARATION / (spread * math.sqrt(2))),
    }
    units = ("group", "image") if method == "percentile" else ("group",)
    held = {f"{metric} by {unit}": 0 for metric in truth for unit in units}
    for seed in range(repetitions):
        given = simulate(groups, seed)
        for unit in units:
            predictions = given if unit == "group" else replace(given, groups=given.images)
            metrics = evaluate(predictions, Resampling(1000, 0.95, seed, method)).metrics
            for metric, value in truth.items():
                held[f"{metric} by {unit}"] += holds(metrics[metric], value)
    return {name: count / repetitions for name, count in held.items()}


def calibrated(images: int, seed: int, sharper: float) -> Predictions:
    """Labels drawn from the stated probabilities, or from those of logits that are so much sharper."""
    random = np.random.default_rng((seed, images))
    logits = random.normal(size=(images, 3)) * 1.5
    stated, true = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in (logits, logits * sharper))
    labels = (random.random(images)[:, None] > true.cumsum(axis=1)).sum(axis=1)
    names = tuple(map(str, range(images)))
    return Predictions(names, names, labels, stated, ("a", "b", "c"), "test")


def calibration_coverage(images: int, repetitions: int, sharper: float) -> dict[str, list[float]]:
    """Of each kind of calibration error: of the population (a million images), mean found, share of intervals right."""
    of_all = evaluate(calibrated(1_000_000, 1, sharper), Resampling(0, 0.95, 0)).metrics
    sums = {kind: np.zeros(2) for kind in KINDS}
    for seed in range(repetitions):
        metrics = evaluate(calibrated(images, seed, sharper), Resampling(400, 0.95, seed)).metrics
        for kind in KINDS:
            sums[kind] += [metrics[kind].value, holds(metrics[kind], of_all[kind].value)]
    return {kind: [round(v, 3) for v in (of_all[kind].value, *sums[kind] / repetitions)] for kind in KINDS}


def holds(found: Estimate, truth: float) -> bool:
    return found.lower is not None and found.upper is not None and found.lower <= truth <= found.upper


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, nargs="*", default=[10, 20, 50, 200])
    parser.add_argument("--methods", nargs="*", default=["percentile", "bca"])
    parser.add_argument("--images", type=int, nargs="*", default=[200, 1000], help="of the calibration errors")
    parser.add_argument("--repetitions", type=int, default=500)
    arguments = parser.parse_args()
    for groups in arguments.groups:
        for method in arguments.methods:
            found = coverage(groups, arguments.repetitions, method)
            print(json.dumps({"groups": groups, "method": method, "coverage": found}), flush=True)
    for images in arguments.images:
        for sharper in (1.0, 0.6):
            found = calibration_coverage(images, arguments.repetitions, sharper)
            print(json.dumps({"images": images, "sharper": sharper, "true, found, held": found}), flush=True)


if __name__ == "__main__":
    main()
