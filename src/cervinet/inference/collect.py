"""Rows of a manifest and what a network said of them → a table of predictions."""

from collections.abc import Sequence

import numpy as np

from cervinet.data.manifest import Manifest
from cervinet.data.store import Images
from cervinet.evaluation.predictions import Predictions, Unreadable
from cervinet.inference.predictor import Prediction, Predictor


def predict_rows(predictor: Predictor, manifest: Manifest, images: Images, split: str) -> Predictions:
    """Predictions for a split whose prepared pictures are at hand, by row number of the manifest."""
    rows = manifest.part(split).index.to_numpy()
    found = [
        Prediction(manifest.root / manifest.table["image"][row], *values)
        for row, *values in zip(rows, *predictor.rows(images, rows), strict=True)
    ]
    return collect(manifest.take(rows), found, split)


def collect(manifest: Manifest, found: Sequence[Prediction], split: str) -> Predictions:
    """One prediction for each row of the manifest, in its order; those with an error stand apart."""
    good = np.array([not prediction.error for prediction in found], bool)
    read = [prediction for prediction in found if not prediction.error]
    table, groups = manifest.table, manifest.groups()
    index = {name: number for number, name in enumerate(manifest.classes)}
    shape = (len(read), len(manifest.classes))
    return Predictions(
        images=tuple(table["image"][good]),
        groups=tuple(groups[good]),
        labels=np.array(table["label"][good].map(index), np.int64),
        probabilities=np.array([p.probabilities for p in read], np.float64).reshape(shape),
        classes=manifest.classes,
        split=split,
        unreadable=tuple(Unreadable(image, p.error) for image, p in zip(table["image"], found, strict=True) if p.error),
        logits=np.array([p.logits for p in read], np.float64).reshape(shape),
    )
