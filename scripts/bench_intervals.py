"""Every metric of generated predictions with its interval, timed, as JSON: `scripts/bench_intervals.py 100000 3`.

The two numbers are images and classes. Each image is its own group, which is the slowest case; 2,000 draws.
"""

import json
import sys
import time

import numpy as np

from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions

HOW = Resampling(draws=2000, confidence=0.95, seed=0)


def generated(images: int, classes: int) -> Predictions:
    random = np.random.default_rng(0)
    labels, probabilities = random.integers(0, classes, images), random.dirichlet(np.ones(classes), images)
    names = tuple(map(str, range(images)))
    return Predictions(names, names, labels, probabilities, tuple(map(str, range(classes))), "test")


def main(images: int, classes: int) -> None:
    given = generated(images, classes)
    start, used = time.perf_counter(), time.process_time()
    found = evaluate(given, HOW)
    seconds = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - used}
    values = len(found.metrics) + sum(map(len, found.per_class.values()))
    rounded = {name: round(value, 2) for name, value in seconds.items()}
    print(json.dumps({"images": images, "classes": classes, "draws": HOW.draws, "intervals": values, **rounded}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
