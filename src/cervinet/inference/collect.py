"""Rows of a manifest and what a network said of them → a table of predictions."""

from collections.abc import Sequence

import numpy as np

from cervinet.data.feature_store import Features
from cervinet.data.headers import picture_size
from cervinet.data.manifest import Manifest
from cervinet.data.picture import Picture
from cervinet.data.store import Images
from cervinet.data.subclasses import Subclasses, sublabels
from cervinet.errors import ImageError
from cervinet.evaluation.predictions import Predictions, Unreadable
from cervinet.inference.predicting import Prediction, said
from cervinet.inference.predictor import Predictor


def predict_rows(predictor: Predictor, manifest: Manifest, images: Images | Features, split: str) -> Predictions:
    """Predictions for a split whose prepared pictures, or features, are at hand, by row number of the manifest."""
    rows = manifest.part(split).index.to_numpy()
    answers = predictor.rows(images, rows) if len(rows) else ()
    found = [
        said(manifest.root / manifest.table["image"][row], answer) for row, answer in zip(rows, answers, strict=True)
    ]
    return collect(manifest.take(rows), found, split, predictor.card.subclasses)


def collect(manifest: Manifest, found: Sequence[Prediction], split: str, subclasses: Subclasses = ()) -> Predictions:
    """One prediction for each row of the manifest, in its order; those with an error stand apart.

    `subclasses` are those of the network.
    """
    good = np.array([not prediction.error for prediction in found], bool)
    read = [prediction for prediction in found if not prediction.error]
    table, groups = manifest.table, manifest.groups()
    index = {name: number for number, name in enumerate(manifest.classes)}
    shape = (len(read), len(manifest.classes))
    spreads = [prediction.spread for prediction in read if prediction.spread is not None]
    finer, fine = sublabels(table, subclasses), np.array([p.subclasses for p in read], np.float64)
    return Predictions(
        images=tuple(table["image"][good]),
        groups=tuple(groups[good]),
        labels=np.array(table["label"][good].map(index), np.int64),
        probabilities=np.array([p.probabilities for p in read], np.float64).reshape(shape),
        classes=manifest.classes,
        split=split,
        unreadable=tuple(Unreadable(image, p.error) for image, p in zip(table["image"], found, strict=True) if p.error),
        logits=np.array([p.logits for p in read], np.float64).reshape(shape),
        sublabels=tuple(finer[good].fillna("")) if finer.notna().any() else None,
        subclasses=tuple(name for name, _ in subclasses),
        subclass_probabilities=fine.reshape(len(read), len(subclasses)) if subclasses else None,
        spread=np.array(spreads) if spreads else None,
        attributes=_attributes(manifest.take(np.flatnonzero(good))),
    )


def _attributes(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """What subgroups can be made of: the site where it is known, and the sides of the pictures, in pixels."""
    site = manifest.table["site"]
    sizes = [_size(picture) for picture in manifest.pictures()]
    sides = {"height": tuple(height for height, _ in sizes), "width": tuple(width for _, width in sizes)}
    return ({"site": tuple(site.fillna(""))} if site.notna().any() else {}) | sides


def _size(picture: Picture) -> tuple[str, str]:
    """Height and width as text; empty for a file that was there when it was prepared, and is no longer."""
    if picture.pixels is not None:
        height, width = picture.pixels.shape[:2]
    else:
        try:
            height, width = picture_size(picture.path)
        except ImageError:
            return "", ""
    return str(height), str(width)
