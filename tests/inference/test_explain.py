"""Heat maps against their definitions, written out by hand, and against what they must and must not show."""

from dataclasses import asdict
from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from cervinet.errors import CervinetError, UsageError
from cervinet.evaluation.localisation import of_one
from cervinet.inference.explain import Explainer
from cervinet.inference.feature_map import with_map
from cervinet.model_card import Member, ModelCard
from cervinet.models.build import build_model, in_float32
from cervinet.models.heads import Head
from cervinet.registry import available
from cervinet.run import Run

SIZE = (12, 16)
CLASSES = ("a", "b", "c")


def card(size=SIZE, **more):
    return ModelCard(CLASSES, size, (("stretch", {}),), "tiny", **more)


def images(number=5, size=SIZE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (number, *size, 3), np.uint8)


def tiny(size=SIZE, *, dense=0, nested=False):
    """Two convolutions, a pooling between them, a global average; signed maps, so that the ReLU of the heat matters."""
    keras.utils.set_random_seed(4)
    inputs = keras.Input((*size, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(inputs))
    x = layers.Conv2D(5, 3, padding="same", name="last")(layers.MaxPooling2D()(x))
    if nested:
        inner = keras.Model(inputs, x, name="backbone")
        inputs = keras.Input((*size, 3))
        x = inner(inputs)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    if dense:
        x = layers.Dense(dense, activation="relu", name="hidden")(x)
    logits = layers.Dense(3, name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="probabilities")(logits), name="tiny")


def maps_of(model, pictures):
    last = keras.Model(model.input, model.get_layer("last").output)
    return last(pictures.astype(np.float32), training=False).numpy()


def enlarged(heat, size=SIZE):
    return tf.image.resize(heat[..., None], size).numpy()[..., 0]


@pytest.mark.parametrize("label", [0, 2])
def test_behind_a_global_average_grad_cam_is_the_class_activation_map(label):
    model, pictures = tiny(), images()
    kernel = model.get_layer("logits").kernel.numpy()
    maps = maps_of(model, pictures)
    expected = np.maximum(maps @ kernel[:, label], 0) / (maps.shape[1] * maps.shape[2])
    assert (expected == 0).any()
    assert expected.max() > 0
    found = Explainer([model], card(), "grad_cam").heat(pictures, np.full(5, label))
    assert (found.dtype, found.shape) == (np.float32, (5, *SIZE))
    np.testing.assert_allclose(found, enlarged(expected), rtol=1e-4, atol=1e-7)


def test_grad_cam_plus_plus_is_its_formula_by_derivatives_of_every_order():
    """Equations 19 and 21 of the paper, with Y the exponential of the logit, each derivative by itself."""
    size, label = (8, 8), 1
    model, picture = tiny(size, dense=6), images(1, size)
    (maps,) = maps_of(model, picture).astype(np.float64)
    hidden, logits = (model.get_layer(name) for name in ("hidden", "logits"))
    kernels = [(one.kernel.numpy().astype(np.float64), one.bias.numpy()) for one in (hidden, logits)]

    def y(values):
        x = tf.nn.relu(tf.reduce_mean(values, axis=(0, 1))[None] @ kernels[0][0] + kernels[0][1])
        return tf.exp((x @ kernels[1][0] + kernels[1][1])[0, label])

    weights = np.zeros(5)
    for i, j, k in product(*map(range, maps.shape)):
        place = np.zeros(maps.shape)
        place[i, j, k] = 1
        shift = tf.Variable(0.0, dtype=tf.float64)
        with tf.GradientTape() as third, tf.GradientTape() as second:
            with tf.GradientTape() as first:
                value = y(tf.constant(maps) + shift * place)
            one = first.gradient(value, shift)
            two = second.gradient(one, shift)
        three = third.gradient(two, shift) if two is not None else None
        if not one.numpy():
            continue
        below = 2 * two.numpy() + maps[:, :, k].sum() * three.numpy()
        weights[k] += two.numpy() / below * max(one.numpy(), 0)
    expected = np.maximum(maps @ weights, 0) / y(tf.constant(maps)).numpy()
    found = Explainer([model], card(size), "grad_cam_plus_plus").heat(picture, np.array([label]))
    assert expected.max() > 0
    np.testing.assert_allclose(found, enlarged(expected[None], size), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("method", ["grad_cam", "grad_cam_plus_plus"])
def test_a_batch_gives_what_its_pictures_give_alone(method):
    explainer, pictures = Explainer([tiny(dense=6)], card(), method), images(19)
    asked = np.arange(19) % 3
    alone = [explainer.heat(pictures[n : n + 1], asked[n : n + 1])[0] for n in range(19)]
    np.testing.assert_allclose(explainer.heat(pictures, asked), alone, rtol=1e-4, atol=1e-7)


def test_the_predicted_class_is_asked_about_unless_another_is():
    model, pictures = tiny(dense=6), images(8)
    explainer = Explainer([model], card(), "grad_cam")
    best = model(pictures, training=False).numpy().argmax(axis=1)
    np.testing.assert_array_equal(explainer.predicted(pictures), best)
    np.testing.assert_array_equal(explainer.heat(pictures), explainer.heat(pictures, best))
    assert np.abs(explainer.heat(pictures) - explainer.heat(pictures, (best + 1) % 3)).max() > 0


def test_a_backbone_may_be_a_model_within_the_model():
    plain, nested = (Explainer([tiny(nested=one)], card(), "grad_cam") for one in (False, True))
    pictures = images()
    np.testing.assert_allclose(nested.heat(pictures), plain.heat(pictures), rtol=1e-5)


@pytest.mark.slow
def test_a_saved_backbone_is_explained_as_it_was(tmp_path):
    model, pictures = build_model("mobilenet_v3_large", (64, 64, 3), 3), images(2, (64, 64))
    expected = Explainer([model], card((64, 64)), "grad_cam").heat(pictures, np.array([0, 1]))
    model.save(tmp_path / "model.keras")
    Run(tmp_path).write_card(card((64, 64)))
    found = Explainer.load(Run(tmp_path), "grad_cam").heat(pictures, np.array([0, 1]))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("kind", ["softmax", "sigmoid", "conditional", "cumulative", "hierarchical"])
def test_every_head_can_be_asked_about_each_class(kind):
    classes = 2 if kind == "sigmoid" else 3
    head = Head(kind, classes, (1, 2, 1) if kind == "hierarchical" else ())
    model = build_model("breast_cnn", (16, 16, 3), classes, head=head)
    found = Explainer([model], card((16, 16)), "grad_cam").heat(images(4, (16, 16)), np.array([0, 1, 1, 0]))
    assert np.isfinite(found).all()
    assert found.max() > 0


def test_a_network_trained_in_half_precision_is_explained_in_single():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        trained = build_model("breast_cnn", (16, 16, 3), 3)
    finally:
        keras.config.set_dtype_policy(policy)
    saved = in_float32(trained, "breast_cnn", {})
    explainer = Explainer([saved], card((16, 16)), "grad_cam")
    assert {one.dtype for one in with_map(saved).outputs} == {"float32"}
    own = build_model("breast_cnn", (16, 16, 3), 3)
    own.set_weights(trained.get_weights())
    again = Explainer([own], card((16, 16)), "grad_cam")
    pictures = images(3, (16, 16))
    np.testing.assert_array_equal(explainer.heat(pictures), again.heat(pictures))


DEEPER = ("densenet161", "densenet201", "efficientnetv2_b1", "efficientnetv2_b2", "efficientnetv2_b3", "resnet101")
"""The same as another one but for the number of blocks, and slow to build."""
ARCHITECTURES = [name for name in available("architecture") if name not in DEEPER]
SMALL = ["skin_cnn", "cervix_gap", "mobilenet_v3_large"]


def smallest(name):
    side = available("architecture")[name].traits["smallest"]
    return side, build_model(name, (side, side, 3), 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_has_a_map_at_its_smallest_size(name):
    keras.backend.clear_session()
    _, height, width, _ = with_map(smallest(name)[1]).output_shape[0]
    assert min(height, width) >= 4, "a map of fewer cells tells no places apart"


@pytest.mark.parametrize(
    "name",
    [*SMALL, *(pytest.param(name, marks=pytest.mark.slow) for name in ("resnet50v2",))],
)
def test_heat_is_as_large_as_the_picture(name):
    keras.backend.clear_session()
    side, model = smallest(name)
    found = Explainer([model], card((side, side)), "grad_cam").heat(images(1, (side, side)))
    assert found.shape == (1, side, side)
    assert np.isfinite(found).all()
    assert (found >= 0).all()


def operation(tensor):
    return tensor._keras_history.operation.name


@pytest.mark.parametrize(
    ("name", "side", "layer", "shape"),
    [
        ("vgg16", 64, "block5_conv3", (4, 4, 512)),
        ("resnet50v2", 128, "post_relu", (4, 4, 2048)),
        ("densenet121", 128, "relu", (4, 4, 1024)),
        ("mobilenet_v3_large", 128, None, (4, 4, 960)),
        ("cervix_cnn", 192, None, (4, 4, 128)),
        ("convnext_tiny", 128, "layer_normalization", (4, 4, 768)),
    ],
)
@pytest.mark.slow
def test_the_map_is_the_last_convolution_where_there_is_room(name, side, layer, shape):
    keras.backend.clear_session()
    found = with_map(build_model(name, (side, side, 3), 3)).outputs[0]
    assert found.shape[1:] == shape
    assert layer is None or operation(found) == layer


def branched():
    """After the last layer that all goes through, two branches that only meet behind global averages."""
    inputs = keras.Input((16, 16, 3))
    whole = layers.Conv2D(4, 3, padding="same", name="whole")(inputs)
    branches = [layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, padding="same")(whole)) for _ in range(2)]
    logits = layers.Dense(3, name="logits")(layers.Concatenate()(branches))
    return keras.Model(inputs, layers.Softmax()(logits))


def test_no_branch_is_taken_for_the_whole():
    assert operation(with_map(branched()).outputs[0]) == "whole"


def test_where_every_map_is_small_the_largest_is_taken():
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, strides=2, name="three")(layers.ZeroPadding2D()(inputs))
    x = layers.Conv2D(4, 3, name="one")(x)
    model = keras.Model(inputs, layers.Softmax()(layers.Dense(3, name="logits")(layers.Flatten()(x))))
    assert operation(with_map(model).outputs[0]) == "three"


def test_a_network_without_maps_cannot_be_explained():
    inputs = keras.Input((*SIZE, 3))
    logits = layers.Dense(3, name="logits")(layers.Flatten()(inputs))
    with pytest.raises(CervinetError) as caught:
        Explainer([keras.Model(inputs, layers.Softmax()(logits), name="flat")], card(), "grad_cam")
    assert str(caught.value) == (
        "the network flat has no feature map that all of the picture passes through, and cannot be explained by class "
        "activation maps"
    )


class TestEnsemble:
    @pytest.fixture
    def saved(self, tmp_path):
        def write(sizes):
            run = Run(tmp_path)
            members = []
            for number, size in enumerate(sizes, start=1):
                folder = tmp_path / "members" / str(number)
                folder.mkdir(parents=True)
                keras.utils.set_random_seed(number)
                model = build_model("breast_cnn", (*size, 3), 3)
                model.save(folder / "model.keras")
                Run(folder).write_card(card(size))
                members.append(Member(f"members/{number}", [0.25, 0.75][number - 1], "x"))
            run.write_card(card(sizes[0], members=tuple(members)))
            return run

        return write

    def test_gives_the_weighted_mean_of_its_members_shares(self, saved):
        run = saved([(16, 16), (16, 16)])
        pictures, asked = images(3, (16, 16)), np.array([0, 1, 2])
        alone = [Explainer.load(Run(run.path / f"members/{n}"), "grad_cam").heat(pictures, asked) for n in (1, 2)]
        first, second = (one / one.sum(axis=(1, 2), keepdims=True) for one in alone)
        found = Explainer.load(run, "grad_cam").heat(pictures, asked)
        np.testing.assert_allclose(found, 0.25 * first + 0.75 * second, rtol=1e-4, atol=1e-9)

    def test_of_members_that_see_other_frames_has_none(self, saved):
        run = saved([(16, 16), (24, 16)])
        with pytest.raises(UsageError) as caught:
            Explainer.load(run, "grad_cam")
        assert str(caught.value) == (
            f"the networks of the ensemble {run.path} prepare pictures in different ways, so their heat maps cannot be "
            f"averaged; explain one of them, as in --run {run.path}/members/1"
        )


def test_random_weights_are_the_same_each_time_and_leave_no_trace():
    model, pictures, asked = tiny(dense=6), images(), np.zeros(5, np.int64)
    explainer = Explainer([model], card(), "grad_cam")
    before, heat = model.get_weights(), explainer.heat(pictures, asked)
    found = []
    for seed in (1, 1, 2):
        with explainer.randomised(seed):
            found.append(explainer.heat(pictures, asked))
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 0
    assert np.abs(found[0] - heat).max() > 0
    with pytest.raises(KeyError), explainer.randomised(0):
        raise KeyError
    for own, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, now)
    np.testing.assert_array_equal(explainer.heat(pictures, asked), heat)


@pytest.mark.slow
def test_the_heat_lies_on_what_the_network_had_to_look_at():
    """Half of the pictures have a bright square; a network that finds them looks at it."""
    random = np.random.default_rng(5)
    pictures = random.integers(0, 120, (240, 48, 48, 3), np.uint8)
    squares = np.zeros((240, 48, 48), bool)
    for row in range(0, 240, 2):
        top, left = random.integers(0, 38, 2)
        squares[row, top : top + 10, left : left + 10] = True
    pictures[squares] = 250
    labels = np.arange(240) % 2
    keras.utils.set_random_seed(0)
    inputs = keras.Input((48, 48, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (8, 16):
        x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(16, 3, padding="same", activation="relu")(x))
    model = keras.Model(inputs, layers.Softmax()(layers.Dense(2, name="logits")(x)))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(pictures[:200].astype(np.float32), labels[:200], epochs=12, batch_size=20, verbose=0)
    later = np.arange(200, 240, 2)
    for method in ("grad_cam", "grad_cam_plus_plus"):
        heat = Explainer([model], card((48, 48)), method).heat(pictures[later], np.zeros(20, np.int64))
        found = [of_one(one, square) for one, square in zip(heat, squares[later], strict=True)]
        mass, pointing = (np.mean([one[name] for one in found]) for name in ("mass", "pointing"))
        # Cells of 4 pixels and the linear enlargement carry heat past the square's edge.
        assert mass > 5 * squares[later].mean(), method
        assert pointing > 0.9, method


def test_what_is_said_of_the_card_is_kept():
    given = card(note="synthetic phantoms")
    assert asdict(Explainer([tiny()], given, "grad_cam").card) == asdict(given)
