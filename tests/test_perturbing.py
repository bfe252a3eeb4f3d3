"""Damaged pictures on their way to a network: a planted one that looks at nothing but the light."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from cervinet.data.manifest import Manifest, table_of
from cervinet.data.perturb import DAMAGES, damaged
from cervinet.data.preprocess import prepare
from cervinet.errors import DataError, ImageError
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.robustness import what_hurts_most
from cervinet.inference.predicting import Prediction
from cervinet.model_card import Member, ModelCard
from cervinet.perturbing import perturbed
from cervinet.progress import Silent

HOW = Resampling(draws=200, confidence=0.95, seed=0)
CARD = ModelCard(("dark", "bright"), (24, 24), (("stretch", {}),), "planted")


class ByLight:
    """Calls a picture bright whose mean is above 110."""

    def __init__(self, card=CARD):
        self.card, self.seen = card, []

    def pictures(self, pictures):
        for picture in pictures:
            try:
                image = prepare(picture, self.card.image_size, self.card.preprocess)
            except ImageError as error:
                yield Prediction(picture.path, error=str(error))
                continue
            self.seen.append((picture, image))
            bright = 1 / (1 + np.exp((110 - image.mean()) / 10))
            yield Prediction(picture.path, np.array([1 - bright, bright]), np.zeros(2))


def written(folder, count=18):
    """Pictures of a mean of 60 or 160, with a pattern."""
    rows, random = [], np.random.default_rng(0)
    for number in range(count):
        label = CARD.classes[number % 2]
        image = np.full((48, 64, 3), (60, 160)[number % 2]) + random.normal(0, 20, (6, 8, 3)).repeat(8, 0).repeat(8, 1)
        cv2.imwrite(str(folder / f"{number}.png"), image.clip(0, 255).astype(np.uint8))
        rows.append({"image": f"{number}.png", "label": label, "group": f"p{number // 3}"})
    return Manifest(table_of(rows), folder, CARD.classes)


def predictions_of(manifest, predictor):
    found = list(predictor.pictures(manifest.pictures()))
    predictor.seen.clear()
    return Predictions(
        images=tuple(manifest.table["image"]),
        groups=tuple(manifest.groups()),
        labels=np.array([CARD.classes.index(label) for label in manifest.table["label"]]),
        probabilities=np.array([one.probabilities for one in found]),
        classes=CARD.classes,
        split="test",
    )


def test_what_the_network_looks_at_hurts_and_nothing_else_does(tmp_path):
    manifest, predictor = written(tmp_path), ByLight()
    predictions = predictions_of(manifest, predictor)
    found = perturbed(predictor, manifest, predictions, HOW, Silent())
    assert found.undamaged["accuracy"].value == 1
    falls = {kind: [step.fall["accuracy"].value for step in found.of(kind)] for kind in found.kinds()}
    assert falls["darker"] == [0, -0.5, -0.5, -0.5, -0.5]
    assert falls["brighter"][-1] == -0.5
    for kind in ("blur", "JPEG compression", "noise", "less contrast", "rotation"):
        assert falls[kind] == [0] * 5
    said = what_hurts_most(found)
    assert said.startswith(
        "What hurts most is darker (65 % of the brightness): the accuracy falls from 1.000 to 0.500,"
    )
    assert said.endswith(
        " At no step do these lower it by more than chance explains: blur, JPEG compression, noise, less contrast, "
        "warmer light, colder light, rotation, scale."
    )
    assert (found.images, found.groups) == (18, 6)


def test_every_damage_of_every_picture_reaches_the_network_decoded_once(tmp_path, monkeypatch):
    from cervinet.data import picture

    manifest, predictor = written(tmp_path, 4), ByLight()
    predictions, read = predictions_of(manifest, predictor), []
    real = picture.read_bytes
    monkeypatch.setattr(picture, "read_bytes", lambda path: read.append(path.name) or real(path))
    perturbed(predictor, manifest, predictions, HOW, Silent())
    assert read == ["0.png", "1.png", "2.png", "3.png"]
    assert len(predictor.seen) == 4 * len(DAMAGES)
    expected = damaged(manifest.pictures()[1].read(), DAMAGES[7])
    np.testing.assert_array_equal(predictor.seen[len(DAMAGES) + 7][0].pixels, expected)


def test_no_more_than_a_few_damaged_pictures_are_made_ahead(tmp_path, monkeypatch):
    from cervinet import perturbing

    manifest, predictor = written(tmp_path, 3), ByLight()
    predictions, made = predictions_of(manifest, predictor), []
    real = perturbing.damaged
    monkeypatch.setattr(perturbing, "cores", lambda: 64)
    monkeypatch.setattr(perturbing, "damaged", lambda *a, **k: made.append(len(predictor.seen)) or real(*a, **k))
    perturbed(predictor, manifest, predictions, HOW, Silent())
    ahead = [number - seen for number, seen in enumerate(sorted(made))]
    assert max(ahead) <= 5 * perturbing.MOST_AT_ONCE


def test_pictures_that_could_not_be_read_before_are_passed_over(tmp_path):
    manifest, predictor = written(tmp_path, 6), ByLight()
    kept = manifest.take(np.array([0, 1, 2, 4, 5]))
    predictions = predictions_of(kept, predictor)
    (tmp_path / "3.png").write_bytes(b"nothing")
    found = perturbed(predictor, manifest, predictions, HOW, Silent())
    assert found.images == 5
    assert found.steps[0].metrics["accuracy"].n == 5


def test_predictions_of_other_pictures_are_refused(tmp_path):
    manifest, predictor = written(tmp_path, 6), ByLight()
    predictions = predictions_of(manifest, predictor)
    turned = replace(predictions, images=predictions.images[::-1])
    with pytest.raises(DataError) as caught:
        perturbed(predictor, manifest, turned, HOW, Silent())
    assert str(caught.value) == (
        "only predictions of the 6 pictures at hand, in their order, can be compared with damaged ones; got 6 "
        "predictions"
    )


def test_a_picture_that_is_gone_since_is_an_error(tmp_path):
    manifest, predictor = written(tmp_path, 6), ByLight()
    predictions = predictions_of(manifest, predictor)
    (tmp_path / "2.png").write_bytes(b"nothing")
    with pytest.raises(ImageError, match=r"2\.png' must be a JPEG, PNG, TIFF, .* 6e 6f 74 68"):
        perturbed(predictor, manifest, predictions, HOW, Silent())


@pytest.mark.parametrize(("members", "side"), [((), 50), ((Member("members/1", 1.0, "run"),), 400)])
def test_a_large_jpeg_is_reduced_as_for_the_network_and_whole_for_an_ensemble(tmp_path, members, side):
    """Members of an ensemble may want other sizes, of which its card knows the first only."""
    cv2.imwrite(str(tmp_path / "0.jpg"), np.full((400, 400, 3), 60, np.uint8))
    manifest = Manifest(table_of([{"image": "0.jpg", "label": "dark"}]), tmp_path, CARD.classes)
    predictor = ByLight(replace(CARD, members=members))
    perturbed(predictor, manifest, predictions_of(manifest, predictor), HOW, Silent())
    assert {picture.pixels.shape for picture, _ in predictor.seen} == {(side, side, 3)}


def test_a_region_turns_about_itself(tmp_path):
    """A red square in a corner, boxed: whatever the rotation, the box is about as red as before."""
    image = np.full((120, 160, 3), 90, np.uint8)
    image[10:41, 10:41] = 30, 30, 250  # as OpenCV writes
    cv2.imwrite(str(tmp_path / "0.png"), image)
    row = {"image": "0.png", "label": "dark", "box_x": 10, "box_y": 10, "box_w": 31, "box_h": 31}
    manifest = Manifest(table_of([row]), tmp_path, CARD.classes)
    steps = (("crop_to_box", {"margin": 0.0, "without": "error"}), ("stretch", {}))
    predictor = ByLight(replace(CARD, preprocess=steps))
    predictions = predictions_of(manifest, predictor)
    perturbed(predictor, manifest, predictions, HOW, Silent())
    turned = [image for damage, (_, image) in zip(DAMAGES, predictor.seen, strict=True) if damage.kind == "rotation"]
    for image in turned:
        assert (image[..., 0] > 150).mean() > 0.8
