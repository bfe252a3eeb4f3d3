"""Weights from files of every kind and from ImageNet, and what is said of what does not fit."""

import re
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras2 import layers_of, named, write_keras2

from cervinet.errors import CervinetError, ConfigError
from cervinet.models import weights as module
from cervinet.models.backbones import build_backbone
from cervinet.models.build import build_model
from cervinet.models.weights import fetch_imagenet, load_weights


def same(model: keras.Model, weights: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights, strict=True))


def randomized(network: keras.Model) -> keras.Model:
    """With other numbers in every weight, statistics and biases too, so that no exchange goes unseen."""
    rng = np.random.default_rng(0)
    network.set_weights([rng.uniform(0.1, 1, w.shape).astype("float32") for w in network.weights])
    return network


@pytest.fixture(scope="module")
def donor() -> keras.Model:
    return randomized(build_backbone("resnet50", (32, 32), None))


@pytest.fixture(scope="module")
def untrained() -> tuple[keras.Model, list[np.ndarray]]:
    network = build_model("resnet50", (32, 64, 3), 5)
    return network, network.get_weights()


@pytest.fixture
def model(untrained: tuple[keras.Model, list[np.ndarray]]) -> keras.Model:
    """With the weights that it was made with."""
    network, weights = untrained
    network.set_weights(weights)
    return network


@pytest.fixture(scope="module")
def other_run() -> keras.Model:
    return randomized(build_model("resnet50", (32, 32, 3), 7, options={"dense": [16]}))


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".h5"])
def test_weights_of_a_whole_network_come_back(tmp_path, suffix: str) -> None:
    trained = randomized(build_model("skin_cnn", (28, 28, 3), 3))
    path = tmp_path / f"trained{suffix}"
    trained.save_weights(path) if suffix == ".weights.h5" else trained.save(path)
    model = build_model("skin_cnn", (28, 28, 3), 3)
    loaded = load_weights(model, "skin_cnn", str(path))
    assert same(model, trained.get_weights())
    assert str(loaded) == f"loaded 16 of 16 layers from {path}"
    assert same(build_model("skin_cnn", (28, 28, 3), 3, str(path)), trained.get_weights())


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".h5"])
def test_a_bare_backbone_fits_under_any_head_and_at_any_size(tmp_path, donor, model, suffix: str) -> None:
    path = tmp_path / f"resnet50{suffix}"
    donor.save_weights(path) if suffix == ".weights.h5" else donor.save(path)
    head = model.get_layer("logits").get_weights()
    loaded = load_weights(model, "resnet50", str(path))
    assert same(model.get_layer("resnet50"), donor.get_weights())
    assert same(model.get_layer("logits"), head)
    assert str(loaded) == f"loaded 106 of 107 layers from {path}; not in it: logits"


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".h5"])
def test_the_backbone_of_another_run_is_taken_and_its_head_is_not(tmp_path, model, other_run, suffix: str) -> None:
    trained, path = other_run, tmp_path / f"model{suffix}"
    trained.save_weights(path) if suffix == ".weights.h5" else trained.save(path)
    loaded = load_weights(model, "resnet50", str(path))
    assert same(model.get_layer("resnet50"), trained.get_layer("resnet50").get_weights())
    assert (len(loaded.layers), loaded.absent, loaded.reshaped) == (106, (), ("logits",))
    assert "; of another shape there: logits; only there: " in str(loaded)


def test_a_network_that_keras_built_flat_gives_its_backbone(tmp_path, donor, model) -> None:
    x = keras.layers.GlobalAveragePooling2D()(donor.output)
    keras.Model(donor.input, keras.layers.Dense(1000, name="predictions")(x)).save(tmp_path / "flat.keras")
    loaded = load_weights(model, "resnet50", str(tmp_path / "flat.keras"))
    assert same(model.get_layer("resnet50"), donor.get_weights())
    assert (loaded.absent, loaded.reshaped, loaded.spare) == ((), ("logits",), ())


@pytest.mark.parametrize(("whole", "cut"), [(False, False), (True, True)])
def test_a_keras_2_file_is_read_by_names_whatever_their_order(tmp_path, donor, model, whole, cut) -> None:
    groups = {name: named(name, arrays) for name, arrays in reversed(layers_of(donor).items())}
    groups["predictions"] = named("predictions", {"kernel": np.zeros((2048, 1000)), "bias": np.zeros(1000)})
    path = write_keras2(tmp_path / "imagenet.h5", groups, whole=whole, cut=cut)
    loaded = load_weights(model, "resnet50", str(path))
    assert same(model.get_layer("resnet50"), donor.get_weights())
    assert str(loaded) == f"loaded 106 of 107 layers from {path}; not in it: logits; only there: predictions"


@pytest.mark.parametrize("scope", ["", "resnet50/"])
def test_a_keras_2_file_with_the_backbone_as_one_layer_gives_it(tmp_path, donor, model, scope: str) -> None:
    inner = [pair for name, arrays in layers_of(donor).items() for pair in named(name, arrays, scope=scope)]
    inner.sort(key=lambda pair: "moving" in pair[0])  # Keras 2 wrote what does not learn last
    head = {"kernel": np.zeros((2048, 4)), "bias": np.zeros(4)}
    groups = {"input_1": [], "resnet50": inner, "logits": named("logits", head)}
    loaded = load_weights(model, "resnet50", str(write_keras2(tmp_path / "run.h5", groups, whole=True)))
    assert same(model.get_layer("resnet50"), donor.get_weights())
    assert (len(loaded.layers), loaded.reshaped, loaded.spare) == (106, ("logits",), ())


def test_names_that_keras_made_up_are_counted_anew(tmp_path) -> None:
    donor = randomized(build_backbone("inception_v3", (75, 75), None))
    groups = {}
    for name, arrays in layers_of(donor).items():
        kind, _, number = name.rpartition("_") if name[-1].isdigit() and name != "conv2d" else (name, "", "0")
        later = f"{kind}_{int(number) + 4711}"
        groups[later] = named(later, arrays)
    groups["dense_3"] = named("dense_3", {"kernel": np.zeros((2048, 2)), "bias": np.zeros(2)})
    model = build_model("inception_v3", (75, 80, 3), 2)
    loaded = load_weights(model, "inception_v3", str(write_keras2(tmp_path / "inception.h5", groups)))
    assert same(model.get_layer("inception_v3"), donor.get_weights())
    assert (len(loaded.layers), loaded.absent, loaded.spare) == (188, ("logits",), ("dense_3",))


def test_mobilenet_is_known_by_its_names_in_keras_2_too(tmp_path) -> None:
    donor = randomized(build_backbone("mobilenet_v3_large", (32, 32), None))
    groups = {}
    for name, arrays in layers_of(donor).items():
        old = re.sub(r"_bn$", "/BatchNorm", name)
        old = re.sub(r"^(expanded_conv(?:_\d+)?)_", r"\1/", old).replace("squeeze_excite_conv", "squeeze_excite/Conv")
        old = re.sub(r"^conv", "Conv", old)
        if "depthwise_conv" in old or old.endswith("/depthwise"):
            arrays = {"depthwise_kernel": arrays["kernel"]}
        groups[old] = named(old, arrays)
    assert {"Conv_1/BatchNorm", "expanded_conv/depthwise", "expanded_conv_14/squeeze_excite/Conv_1"} <= set(groups)
    model = build_model("mobilenet_v3_large", (32, 32, 3), 2)
    loaded = load_weights(model, "mobilenet_v3_large", str(write_keras2(tmp_path / "mobilenet.h5", groups)))
    assert same(model.get_layer("mobilenet_v3_large"), donor.get_weights())
    assert (loaded.absent, loaded.spare) == (("logits",), ())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xception", "efficientnetv2_b0", "convnext_tiny", "densenet161"])
def test_other_backbones_come_back_from_files_of_a_run(tmp_path, name: str) -> None:
    trained, model = randomized(build_model(name, (71, 71, 3), 7)), build_model(name, (71, 75, 3), 3)
    trained.save_weights(tmp_path / "run.weights.h5")
    trained.save(tmp_path / "run.h5")
    before = model.get_weights()
    for path in (tmp_path / "run.weights.h5", tmp_path / "run.h5"):
        model.set_weights(before)
        loaded = load_weights(model, name, str(path))
        assert same(model.get_layer(name), trained.get_layer(name).get_weights())
        assert (loaded.absent, loaded.reshaped, loaded.spare) == ((), ("logits",), ())


def test_a_file_of_keras_2_13_with_its_own_word_for_layers_is_read(tmp_path) -> None:
    trained = randomized(build_model("skin_cnn", (28, 28, 3), 3))
    trained.save_weights(tmp_path / "old.weights.h5")
    with h5py.File(tmp_path / "old.weights.h5", "r+") as file:
        file.move("layers", "_layer_checkpoint_dependencies")
    model = build_model("skin_cnn", (28, 28, 3), 3, str(tmp_path / "old.weights.h5"))
    assert same(model, trained.get_weights())


def test_the_last_layer_of_a_network_from_scratch_may_have_other_classes(tmp_path) -> None:
    trained, model = build_model("skin_cnn", (28, 28, 3), 4), build_model("skin_cnn", (28, 28, 3), 3)
    trained.save(tmp_path / "four.keras")
    loaded = load_weights(model, "skin_cnn", str(tmp_path / "four.keras"))
    assert same(model, [*trained.get_weights()[:-2], *model.get_layer("logits").get_weights()])
    assert str(loaded) == f"loaded 15 of 16 layers from {tmp_path / 'four.keras'}; of another shape there: logits"


def test_a_backbone_that_would_stay_random_is_one_sentence(tmp_path, donor) -> None:
    groups = {name: named(name, arrays) for name, arrays in layers_of(donor).items()}
    del groups["conv3_block1_1_conv"]
    groups["conv5_block3_3_bn"] = named("conv5_block3_3_bn", dict.fromkeys(("gamma", "beta"), np.zeros(7)))
    path = write_keras2(tmp_path / "less.h5", groups)
    with pytest.raises(ConfigError) as error:
        build_model("resnet50", (32, 32, 3), 3, str(path))
    assert str(error.value) == (
        f"`model.weights`: {path} does not fit `resnet50`: 2 of the 106 layers of the backbone resnet50 would stay "
        "random; not in it: conv3_block1_1_conv, logits; of another shape there: conv5_block3_3_bn"
    )
    build_model("skin_cnn", (28, 28, 3), 4).save_weights(other := tmp_path / "skin.weights.h5")
    with pytest.raises(ConfigError, match=r"105 of the 106 layers of the backbone resnet50 would stay random; not in "):
        build_model("resnet50", (32, 32, 3), 3, str(other))
    with pytest.raises(ConfigError, match=r"\d+ of the 15 layers of skin_cnn would stay random; "):
        build_model("skin_cnn", (28, 28, 3), 3, str(path))


def test_files_that_are_not_there_or_hold_no_weights_are_one_sentence(tmp_path) -> None:
    with pytest.raises(ConfigError) as missing:
        build_model("skin_cnn", (28, 28, 3), 3, str(tmp_path / "none.keras"))
    assert str(missing.value) == (
        f"`model.weights` must be none, imagenet or a file; there is no file {tmp_path / 'none.keras'}"
    )
    (tmp_path / "text.keras").write_text("no model")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme.txt", "no model")
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file["layers/table/vars/x"] = np.zeros(3)
    for name in ("text.keras", "other.keras", "table.h5"):
        start = f"`model.weights`: {tmp_path / name} cannot be read as weights of Keras: "
        with pytest.raises(ConfigError, match=re.escape(start) + r"\S[^\n]+$"):
            build_model("skin_cnn", (28, 28, 3), 3, str(tmp_path / name))


@pytest.mark.parametrize("kind", ["external array", "link to another file", "link within"])
def test_a_file_that_refers_to_other_files_is_refused(tmp_path, kind: str) -> None:
    model = build_model("skin_cnn", (28, 28, 3), 3)
    path = tmp_path / "trap.h5"
    write_keras2(path, {name: named(name, arrays) for name, arrays in layers_of(model).items()})
    with h5py.File(path, "r+") as file:
        layer = file["logits/logits"]
        shape = layer["bias:0"].shape
        del layer["bias:0"]
        if kind == "external array":
            (tmp_path / "secret").write_bytes(bytes(12))
            layer.create_dataset("bias:0", shape, "float32", external=[(str(tmp_path / "secret"), 0, 12)])
        elif kind == "link to another file":
            layer["bias:0"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/secret")
        else:
            layer["bias:0"] = h5py.SoftLink("/logits/logits/kernel:0")
    with pytest.raises(ConfigError) as error:
        load_weights(model, "skin_cnn", str(path))
    what = "no array of" if kind == "external array" else "not in"
    reason = f"logits/bias:0 is {what} this file"
    assert str(error.value) == f"`model.weights`: {path} cannot be read as weights of Keras: {reason}"


def test_what_a_keras_file_says_of_the_network_is_never_read(tmp_path) -> None:
    trained = build_model("skin_cnn", (28, 28, 3), 3)
    trained.save(tmp_path / "good.keras")
    with zipfile.ZipFile(tmp_path / "good.keras") as good, zipfile.ZipFile(tmp_path / "odd.keras", "w") as odd:
        odd.writestr("config.json", '{"class_name": "Lambda", "config": {"function": "not to be run"}}')
        odd.writestr("model.weights.h5", good.read("model.weights.h5"))
    assert same(build_model("skin_cnn", (28, 28, 3), 3, str(tmp_path / "odd.keras")), trained.get_weights())


def test_imagenet_weights_go_into_the_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    published = build_backbone("vgg16", (32, 32), None)
    monkeypatch.setattr(module, "build_backbone", lambda name, size, weights: published)
    model = build_model("vgg16", (32, 32, 3), 3)
    assert str(load_weights(model, "vgg16", "imagenet")) == "loaded 13 of 14 layers from ImageNet; not in it: logits"
    assert same(model.get_layer("vgg16"), published.get_weights())


def test_without_a_connection_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*arguments: object, **options: object) -> None:
        raise Exception("URL fetch failure on https://weights.invalid: unreachable")

    monkeypatch.setattr(module, "build_backbone", offline)
    with pytest.raises(CervinetError) as error:
        fetch_imagenet("vgg16")
    assert str(error.value) == (
        "the ImageNet weights of vgg16 could not be downloaded (URL fetch failure on https://weights.invalid: "
        "unreachable); on a machine with a connection run `cervinet weights fetch vgg16 --to DIR` and set "
        "model.weights=DIR/vgg16.weights.h5"
    )
