"""Features of a frozen backbone: right, computed once whatever stops or shares the work, known by what makes them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from cervinet.data.augment import Augmentation
from cervinet.data.feature_store import FeatureFile, Features
from cervinet.data.picture import Picture
from cervinet.data.store import Decoder, Images, Store
from cervinet.errors import DataError
from cervinet.models.build import build_model
from cervinet.progress import Silent
from cervinet.training.features import Views, fingerprint, frozen_features

SIZE = (32, 32)
PIXELS = np.random.default_rng(0).integers(0, 256, (100, *SIZE, 3), dtype=np.uint8)
STORE = Store(PIXELS, Path(), False)
PARTS = [np.arange(0, 100, 2), np.arange(1, 100, 4), np.arange(3, 100, 4)]
ONE = Views(1, 1, Augmentation())
FLIPS = Views(3, 1, Augmentation(horizontal_flip=0.5, vertical_flip=0.5))


class Heard(Silent):
    """Keeps what was said, and what was tracked how many times."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.tracked: list[tuple[str, int]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def track(self, items: Iterable, total: int, label: str) -> Iterator:
        self.tracked.append((label, total))
        return iter(items)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """The form of a network with a backbone, in small."""
    keras.utils.set_random_seed(1)
    image, pixels = keras.Input((*SIZE, 3), name="image"), keras.Input((*SIZE, 3))
    layers = keras.layers
    backbone = keras.Model(pixels, layers.Conv2D(8, 3, strides=2, activation="relu")(pixels), name="backbone")
    features = layers.GlobalAveragePooling2D(name="features")(backbone(layers.Rescaling(1 / 255)(image)))
    return keras.Model(image, layers.Dense(3, activation="softmax")(features))


@pytest.fixture
def compute(model: keras.Model, tmp_path: Path):
    """`compute()` gives the features of the pictures; its arguments change what is asked for."""

    def computed(images: Images = STORE, progress=None, folder="features", **changes) -> Features:
        asked = dict(model=model, key=("pictures", "float32"), parts=PARTS, views=ONE, batch=32) | changes
        return frozen_features(images=images, folder=tmp_path / folder, progress=progress or Silent(), **asked)

    return computed


def expected(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    """The backbone by hand: scaled before and averaged after it in NumPy."""
    return np.asarray(model.get_layer("backbone")(pixels / 255, training=False), np.float64).mean(axis=(1, 2))


def test_features_are_what_the_backbone_makes_of_each_picture(compute, model: keras.Model) -> None:
    np.testing.assert_allclose(compute()[np.arange(100)], expected(model, PIXELS), rtol=1e-4, atol=1e-5)


def test_features_of_a_network_of_keras_are_its_own(compute) -> None:
    keras.utils.set_random_seed(1)
    network = build_model("vgg16", (*SIZE, 3), 3)
    scaled = keras.applications.vgg16.preprocess_input(PIXELS.astype(np.float32))
    by_hand = np.asarray(network.get_layer("vgg16")(scaled, training=False), np.float64).mean(axis=(1, 2))
    np.testing.assert_allclose(compute(model=network).views[0], by_hand, rtol=1e-4, atol=1e-5)


def test_they_are_computed_once_and_then_said_to_be_from_the_cache(compute) -> None:
    first, again = Heard(), Heard()
    features = compute(progress=first)
    assert (first.tracked, first.said) == ([("Computing features (once)", 4)], [])
    np.testing.assert_array_equal(compute(progress=again).views[0], features.views[0])
    assert (again.tracked, again.said) == ([], ["Features of 100 pictures from the cache"])


def test_another_division_of_the_same_pictures_shares_them(compute) -> None:
    compute()
    heard = Heard()
    compute(parts=[PARTS[1], PARTS[2], PARTS[0]], progress=heard)
    assert heard.said == ["Features of 100 pictures from the cache"]


def test_only_training_pictures_have_augmented_views_each_by_seed_view_and_row(compute, model, tmp_path) -> None:
    features = compute(views=FLIPS)
    rows = PARTS[0]
    for view in (1, 2):
        pixels = [FLIPS.augmentation.apply(PIXELS[row], seed=1, epoch=view, index=int(row)) for row in rows]
        found = features.views[view]
        np.testing.assert_allclose(found[rows], expected(model, np.stack(pixels)), rtol=1e-4, atol=1e-5)
        assert not found[PARTS[1]].any()
        assert not found[PARTS[2]].any()
    np.testing.assert_array_equal(features.views[0], compute(folder="other").views[0])


def test_other_views_are_other_features_and_the_pictures_as_they_are_stay(compute) -> None:
    compute(views=FLIPS)
    for views, batches in (
        (FLIPS, 0),
        (replace(FLIPS, count=4), 2),
        (replace(FLIPS, seed=2), 4),
        (replace(FLIPS, augmentation=Augmentation(vertical_flip=0.5)), 4),
        (ONE, 0),
    ):
        heard = Heard()
        compute(views=views, progress=heard)
        assert sum(total for _, total in heard.tracked) == batches


def test_a_pass_that_was_killed_goes_on_and_ends_the_same(compute) -> None:
    whole = compute(folder="whole", views=FLIPS)
    done: list[None] = []

    def end_after_three() -> None:
        done.append(None)
        if len(done) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute(views=FLIPS, on_batch=end_after_three)
    heard = Heard()
    after = compute(progress=heard, views=FLIPS)
    assert heard.tracked == [("Computing features (once)", 8 - 3)]
    for one, other in zip(whole.views, after.views, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_row_that_was_written_in_part_is_computed_again(compute, tmp_path: Path) -> None:
    whole = np.array(compute().views[0])
    (path,) = (tmp_path / "features").glob("*.f32")
    with path.open("r+b") as file:
        file.seek(70 * 8 * 4 + 8)
        file.write(b"\0" * 24)
    heard = Heard()
    np.testing.assert_array_equal(compute(progress=heard).views[0], whole)
    assert heard.tracked == [("Computing features (once)", 1)]


def test_what_another_process_has_computed_by_then_is_not_computed_again(compute, monkeypatch) -> None:
    class Meanwhile(Silent):
        def track(self, items: Iterable, total: int, label: str) -> Iterator:
            compute()  # as if by another process, all at once
            monkeypatch.setattr(FeatureFile, "write", lambda self, rows, values: pytest.fail("written again"))
            return iter(items)

    features = compute(progress=Meanwhile())
    np.testing.assert_array_equal(features.views[0], compute().views[0])


@pytest.mark.parametrize("key", [("others", "float32"), ("pictures", "mixed_bfloat16")])
def test_other_pixels_and_another_precision_are_other_features(compute, key: tuple[str, str]) -> None:
    compute()
    heard = Heard()
    compute(progress=heard, key=key)
    assert heard.tracked == [("Computing features (once)", 4)]


def prints(model: keras.Model) -> str:
    return fingerprint(keras.Model(model.input, model.get_layer("features").output))


def test_a_backbone_is_known_by_its_weights_and_layers_not_by_their_names_or_its_head() -> None:
    def build(seed: int, **options: object) -> str:
        keras.utils.set_random_seed(seed)
        return prints(build_model("vgg16", (*SIZE, 3), options.pop("classes", 3), options=options))

    same = build(1)
    assert build(1) == same
    assert build(1, dense=[8], dropout=0.5, classes=7) == same
    assert len({same, build(2), build(1, pooling="max"), build(1, pooling="flatten")}) == 4


def test_the_least_change_of_a_weight_or_of_the_scaling_makes_other_features(model: keras.Model) -> None:
    def build(scale: float) -> keras.Model:
        image = keras.Input((*SIZE, 3))
        output = model.get_layer("backbone")(keras.layers.Rescaling(scale)(image))
        return keras.Model(image, keras.layers.GlobalAveragePooling2D(name="features")(output))

    one, same, other = build(1 / 255), build(1 / 255), build(1 / 127.5)
    assert one.layers[1].name != same.layers[1].name
    before = prints(one)
    assert prints(same) == before
    assert prints(other) != before
    bias = model.get_layer("backbone").weights[-1]
    kept = bias.numpy()
    bias.assign(kept + 1e-7)
    assert prints(one) != before
    bias.assign(kept)
    assert prints(one) == before


def test_a_flattened_output_is_kept_as_one_row(compute) -> None:
    keras.utils.set_random_seed(1)
    flat = build_model("vgg16", (64, 32, 3), 3, options={"pooling": "flatten"})
    tall = np.concatenate([PIXELS, PIXELS[::-1]], axis=1)
    assert compute(Store(tall, Path(), False), model=flat).views[0].shape == (100, 2 * 1 * 512)


def test_a_picture_that_cannot_be_read_is_named(compute, pictures) -> None:
    names = [f"{number}.png" for number in range(4)]
    root = pictures(names, size=SIZE)
    paths = [root / name for name in names]
    paths[2].write_text("no picture")
    decoder = Decoder([Picture(path) for path in paths], SIZE, ())
    with pytest.raises(DataError) as error:
        compute(decoder, parts=[np.arange(4)])
    first, second = str(error.value).splitlines()
    assert first == "1 of 4 pictures cannot be read; replace or remove them:"
    assert second.startswith(f"  '{paths[2]}' must be a JPEG")


def test_pictures_in_no_part_are_not_computed(compute) -> None:
    heard = Heard()
    features = compute(parts=[np.arange(5, 40)], progress=heard)
    assert (features.views[0].shape, heard.tracked) == ((100, 8), [("Computing features (once)", 2)])
    assert not features.views[0][40:].any()
    assert compute().views[0].any(axis=1).all()
