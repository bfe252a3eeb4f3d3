"""How far the engines of a run are from each other.

    python scripts/measure_parity.py RUN [IMAGE...]

Judges 64 pictures, those named or else the run's own test pictures, by each engine, and prints the largest difference
of a probability, between any two. The exit code is 1 where it is more than 1e-5.
"""

import sys
from itertools import combinations
from pathlib import Path

import numpy as np

from cervinet.inference.engine import TOLERANCE
from cervinet.inference.inputs import pictures_named
from cervinet.inference.predictor import Predictor
from cervinet.pictures import config_of, pictures_to_judge
from cervinet.progress import Silent
from cervinet.run import Run

COUNT = 64


def main() -> int:
    run, named = Run.open(Path(sys.argv[1])), sys.argv[2:]
    if named:
        pictures = pictures_named(named).pictures
    else:
        pictures = pictures_to_judge(config_of(run, None, ()), run, external=False, progress=Silent()).pictures()
    few = [pictures[row] for row in np.linspace(0, len(pictures) - 1, min(COUNT, len(pictures)), dtype=int)]
    found = {}
    for engine in ("onnx", "keras"):
        predictions = [one for one in Predictor.load(run, engine=engine).pictures(few) if not one.error]
        found[engine] = np.array([one.probabilities for one in predictions])
    worst = 0.0
    for first, second in combinations(found, 2):
        difference = np.abs(found[first] - found[second]).max()
        print(f"{first} and {second}: {len(found[first])} pictures, largest difference {difference:.1e}")
        worst = max(worst, difference)
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    raise SystemExit(main())
