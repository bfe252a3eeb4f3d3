"""The figures of README on the cervix pictures: all folds of a cross-validation judged together.

    python scripts/measure_folds.py FOLDS                       # as metrics.json has it
    python scripts/measure_folds.py FOLDS --views 1             # judged again, with so many views of each picture
    python scripts/measure_folds.py FOLDS --without-val 1 2     # without the validation pictures of these folds

FOLDS is the directory of a finished `cervinet crossval` without repeats. The last is for settings that were chosen on
those validation parts: their pictures are test pictures of other folds. Prints one JSON object.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from cervinet.data.split_file import read_splits
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.evaluation.predictions import Predictions

CERVINET = str(Path(sys.executable).with_name("cervinet"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folds", type=Path)
    parser.add_argument("--views", type=int)
    parser.add_argument("--without-val", type=int, nargs="+", default=[])
    arguments = parser.parse_args()
    runs = sorted(arguments.folds.glob("fold-*"))
    predictions = together([predicted(run, arguments.views) for run in runs])
    left_out = set[str]()
    for number in arguments.without_val:
        splits = read_splits(arguments.folds / f"fold-{number}" / "splits.csv")
        left_out |= set(splits.index[splits["split"] == "val"])
    kept = np.flatnonzero([image not in left_out for image in predictions.images])
    found = evaluate(taken(predictions, kept), Resampling(draws=2000, confidence=0.95, seed=1))
    metrics = {name: found.metrics[name] for name in ("log_loss", "accuracy", "auroc_macro")}
    rounded = {name: [round(v, 3) for v in (one.value, one.lower, one.upper)] for name, one in metrics.items()}
    print(json.dumps({"images": found.images, **rounded}))


def predicted(run: Path, views: int | None) -> Predictions:
    """The test predictions of a fold, as it has them or made again."""
    if views is None:
        return read_predictions(run / "predictions_test.csv")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "again"
        command = [CERVINET, "evaluate", str(run), "--views", str(views), "--out", str(out), "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return read_predictions(out / "predictions_test.csv")


def together(parts: list[Predictions]) -> Predictions:
    return replace(
        parts[0],
        images=tuple(image for part in parts for image in part.images),
        groups=tuple(group for part in parts for group in part.groups),
        labels=np.concatenate([part.labels for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        logits=None,
    )


def taken(predictions: Predictions, rows: np.ndarray) -> Predictions:
    return replace(
        predictions,
        images=tuple(predictions.images[row] for row in rows),
        groups=tuple(predictions.groups[row] for row in rows),
        labels=predictions.labels[rows],
        probabilities=predictions.probabilities[rows],
    )


if __name__ == "__main__":
    main()
