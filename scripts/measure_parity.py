"""How far the engines of a run, and its network in every format, are from each other.

    python scripts/measure_parity.py RUN [FOLDER]

Judges 64 pictures, those of a folder or else the run's own test pictures, by each engine and by each part of each
export, the latter in a process of their own, and prints the largest and the mean difference of a probability to Keras
and on how many pictures the class is the same. The exit code is 1 where a bound is not kept.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cervinet.export_plan import Plan, file_of, plan, prepared
from cervinet.exporters.agreement import agreements
from cervinet.exporters.export import Given
from cervinet.exporters.fresh_process import answers
from cervinet.inference.engine import TOLERANCE
from cervinet.inference.predictor import Predictor
from cervinet.progress import Silent
from cervinet.registry import available
from cervinet.run import Run

COUNT = 64


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", help="of pictures; by default the run's own test pictures")
    arguments = parser.parse_args()
    run, kept = Run.open(arguments.run), True
    for name, n, largest, mean, same, why_not in rows(run, arguments.folder):
        print(f"{name:28} {n} pictures  largest {largest:.1e}  mean {mean:.1e}  same class {same}  {why_not}")
        kept = kept and not why_not
    return int(not kept)


def rows(run: Run, folder: Path | None) -> Iterator[tuple[str, int, float, float, int, str]]:
    keras = Predictor.of_network(run, engine="keras")
    plans = [plan(run, name, None, folder, Silent()) for name in available("exporter")]
    shown, pixels = prepared(plans[0].compared, plans[0].source.card, COUNT)
    given = Given(pixels, [file_of(picture) for picture in shown])
    yield between_engines(run, keras, pixels)
    for planned in plans:
        for one in exported(planned, keras, given):
            yield f"{planned.exporter.name}: {one.part}", one.n, one.largest, one.mean, one.same_class, one.why_not


def between_engines(run: Run, keras: Predictor, pixels: np.ndarray) -> tuple[str, int, float, float, int, str]:
    found = [one.probabilities(pixels).probabilities for one in (keras, Predictor.of_network(run, engine="onnx"))]
    away = np.abs(found[0] - found[1])
    same = int((found[0].argmax(axis=1) == found[1].argmax(axis=1)).sum())
    why_not = "" if away.max() <= TOLERANCE else f"{TOLERANCE:.0e} is allowed"
    return "engine onnx", len(pixels), float(away.max()), float(away.mean()), same, why_not


def exported(planned: Plan, keras: Predictor, given: Given) -> list:
    own, calibrated = keras.engine(given.pixels), keras.probabilities(given.pixels)
    with tempfile.TemporaryDirectory(prefix="cervinet-") as room:
        written = planned.exporter.function(planned.source, Path(room))
        found = answers(planned.exporter.name, Path(room), given)
        return agreements(written.parts, found, own, calibrated)


if __name__ == "__main__":
    raise SystemExit(main())
