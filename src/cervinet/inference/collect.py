"""Rows of a manifest and what a network said of them → a table of predictions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from cervinet.data.decoding import decode_all
from cervinet.data.feature_store import Features
from cervinet.data.headers import picture_size
from cervinet.data.manifest import Manifest
from cervinet.data.picture import Picture
from cervinet.data.store import Images
from cervinet.data.subclasses import Subclasses, sublabels
from cervinet.errors import ImageError
from cervinet.evaluation.flagged import FLAGS_COLUMN, flags_text
from cervinet.evaluation.predictions import Predictions, Unreadable
from cervinet.inference.answers import Answers
from cervinet.inference.gate import Gate
from cervinet.inference.predicting import Prediction, said
from cervinet.inference.predictor import Predictor
from cervinet.inference.verdict import Judge


def predict_rows(predictor: Predictor, manifest: Manifest, images: Images | Features, split: str) -> Predictions:
    """Predictions for a split whose prepared pictures, or features, are at hand, by row number of the manifest.

    Where the card has a gate, it says what it would say of the files.
    """
    rows = manifest.part(split).index.to_numpy()
    part = manifest.take(rows)
    if not len(rows):
        return collect(part, [], split, predictor.card.subclasses)
    answers = predictor.rows(images, rows)
    if not predictor.card.gate:
        found = [said(path, answer) for path, answer in zip(part.paths(), answers, strict=True)]
        return collect(part, found, split, predictor.card.subclasses)
    return collect(part, list(_gated(predictor, part, answers)), split, predictor.card.subclasses, gated=True)


def _gated(predictor: Predictor, part: Manifest, answers: Answers) -> Iterator[Prediction]:
    """The pictures are read again: how much one was enlarged stands in no store."""
    gate, verdict = Gate.from_json(predictor.card.gate), Judge(predictor.card)
    outcomes = decode_all(part.pictures(), predictor.prepare)
    for row, ((picture, prepared), answer) in enumerate(zip(outcomes, answers, strict=True)):
        if isinstance(prepared, ImageError):  # it was there when it was prepared
            yield said(picture.path, answer)
            continue
        assert prepared.quality is not None
        if answer.unlike is None and prepared.look is not None:
            embedding = None if answers.embedding is None else answers.embedding[row : row + 1]
            scores = predictor.unlike(prepared.look[None], embedding)
            answer = answer if scores is None else replace(answer, unlike=float(scores[0]))
        flags = gate.flags(prepared.quality, answer.unlike)
        yield said(picture.path, answer, verdict.one(answer.probabilities, flags))


def collect(
    manifest: Manifest,
    found: Sequence[Prediction],
    split: str,
    subclasses: Subclasses = (),
    gated: bool = False,
) -> Predictions:
    """One prediction for each row of the manifest, in its order; those with an error stand apart.

    Args:
        manifest: of the pictures.
        found: of each row.
        split: its name.
        subclasses: those of the network.
        gated: whether the flags of the predictions are those of a gate.
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
        attributes=_attributes(manifest.take(np.flatnonzero(good))) | (_flags(read) if gated else {}),
    )


def _attributes(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """What subgroups can be made of: the site where it is known, and the sides of the pictures, in pixels."""
    site = manifest.table["site"]
    sizes = [_size(picture) for picture in manifest.pictures()]
    sides = {"height": tuple(height for height, _ in sizes), "width": tuple(width for _, width in sizes)}
    return ({"site": tuple(site.fillna(""))} if site.notna().any() else {}) | sides


def _flags(found: Sequence[Prediction]) -> dict[str, tuple[str, ...]]:
    """What a gate says: its flags, and the score of the last; empty where it was not asked."""
    scores = tuple("" if one.unlike is None else f"{one.unlike:.6g}" for one in found)
    said = {FLAGS_COLUMN: tuple("" if one.verdict is None else flags_text(one.verdict.flags) for one in found)}
    return said | ({"unlike": scores} if any(scores) else {})


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
