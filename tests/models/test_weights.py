"""Weights from files and from ImageNet, and what is said when they do not fit."""

import re

import keras
import numpy as np
import pytest

from cervinet.errors import CervinetError, ConfigError
from cervinet.models import build
from cervinet.models.backbones import build_backbone
from cervinet.models.build import build_model


def same(model: keras.Model, weights: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights, strict=True))


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_weights_of_a_whole_network_come_back(tmp_path, suffix: str) -> None:
    trained = build_model("skin_cnn", (28, 28, 3), 3)
    path = tmp_path / f"trained{suffix}"
    trained.save_weights(path) if suffix == ".weights.h5" else trained.save(path)
    assert same(build_model("skin_cnn", (28, 28, 3), 3, str(path)), trained.get_weights())


def test_backbone_weights_fit_under_any_head_and_at_any_size(tmp_path) -> None:
    backbone = build_backbone("resnet50", (64, 64), None)
    backbone.save_weights(tmp_path / "resnet50.weights.h5")
    model = build_model("resnet50", (32, 64, 3), 5, str(tmp_path / "resnet50.weights.h5"))
    assert same(model.get_layer("resnet50"), backbone.get_weights())


def test_the_backbone_of_another_run_is_taken_from_its_whole_model(tmp_path) -> None:
    trained = build_model("resnet50", (32, 32, 3), 7)
    trained.save(tmp_path / "model.keras")
    model = build_model("resnet50", (32, 32, 3), 3, str(tmp_path / "model.keras"))
    assert same(model.get_layer("resnet50"), trained.get_layer("resnet50").get_weights())


def test_weights_that_are_not_there_or_do_not_fit_are_one_sentence(tmp_path) -> None:
    with pytest.raises(ConfigError) as missing:
        build_model("skin_cnn", (28, 28, 3), 3, str(tmp_path / "none.keras"))
    assert str(missing.value) == (
        f"`model.weights` must be none, imagenet or a file; there is no file {tmp_path / 'none.keras'}"
    )
    build_model("skin_cnn", (28, 28, 3), 4).save(tmp_path / "four.keras")
    with pytest.raises(ConfigError) as other:
        build_model("skin_cnn", (28, 28, 3), 3, str(tmp_path / "four.keras"))
    assert str(other.value) == (
        f"`model.weights`: {tmp_path / 'four.keras'} does not fit `skin_cnn`: its 44 weight arrays have other shapes"
    )
    (tmp_path / "text.keras").write_text("no model")
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path / 'text.keras'} does not fit `skin_cnn`: ")):
        build_model("skin_cnn", (28, 28, 3), 3, str(tmp_path / "text.keras"))


def test_imagenet_weights_go_into_the_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    published = build_backbone("vgg16", (32, 32), None)

    def downloaded(name: str, size: tuple[int, int], weights: str | None) -> keras.Model:
        return published if weights == "imagenet" else build_backbone(name, size, weights)

    monkeypatch.setattr(build, "build_backbone", downloaded)
    model = build_model("vgg16", (32, 32, 3), 3, "imagenet")
    assert same(model.get_layer("vgg16"), published.get_weights())


def test_without_a_connection_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*arguments: object, **options: object) -> None:
        raise Exception("URL fetch failure on https://weights.invalid: unreachable")

    monkeypatch.setattr(build, "build_backbone", offline)
    with pytest.raises(CervinetError) as error:
        build.fetch_imagenet("vgg16")
    assert str(error.value) == (
        "the ImageNet weights of vgg16 could not be downloaded (URL fetch failure on https://weights.invalid: "
        "unreachable); on a machine with a connection run `cervinet weights fetch vgg16 --to DIR` and set "
        "model.weights=DIR/vgg16.weights.h5"
    )
