"""Training with a frozen backbone: the same with and without kept features, phase after phase."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from cervinet import learning, workflow
from cervinet.config import Config, check
from cervinet.data.phantoms.phantom import write_phantoms
from cervinet.frozen import announce_frozen, uses_features
from cervinet.pictures import open_images, read_manifest
from cervinet.progress import Silent
from cervinet.run import Run
from cervinet.yaml_source import Source, override

pytestmark = pytest.mark.usefixtures("blank_figures", "no_onnx")


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def config(root: Path | str = "pictures", *changes: str) -> Config:
    data = {"root": str(root), "image_size": [32, 32], "cache": str(Path(root).parent / "cache")}
    training = {"epochs": 3, "batch_size": 8, "learning_rate": 1e-2}
    source = {
        "data": data,
        "model": {"architecture": "vgg16"},
        "training": training,
        "evaluation": {"draws": 100, "report": False, "calibration": "none"},
    }
    return check(override(Source(source), changes))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(
        tmp_path_factory.mktemp("frozen") / "pictures", count=45, size=(32, 32), photographs=2, seed=1
    )


WARNING = (
    "Warning: the backbone vgg16 is frozen at random weights and learns nothing useful; set model.weights to imagenet "
    "or to a file, or let it train by training.phases, unless this is a trial"
)
WEIGHTS = "model.weights=vgg16.weights.h5"
TWO = "training.phases=[{epochs: 1}, {epochs: 1, train: all}]"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([], [WARNING]),
        ([WEIGHTS], []),
        (["training.epochs=", TWO], []),
        (["model.architecture=skin_cnn"], []),
        (["training.epochs=", "training.phases=[{epochs: 1, train: all}]", "training.augment=light"], []),
        (
            [WEIGHTS, "training.augment={horizontal_flip: 0.5}"],
            [
                "While the backbone is frozen, training.augment is not used: set training.feature_views above 1, or "
                "training.feature_cache=false"
            ],
        ),
        ([WEIGHTS, "training.augment={horizontal_flip: 0.5}", "training.feature_views=4"], []),
        ([WEIGHTS, "training.augment={horizontal_flip: 0.5}", "training.feature_cache=false"], []),
        (
            [WEIGHTS, "training.feature_views=4"],
            ["training.feature_views is not used: without training.augment all views are the same"],
        ),
        (
            [WEIGHTS, "training.augment={mixup: 0.2}"],
            [
                "The frozen backbone runs anew in each epoch: its features cannot be computed once where "
                "training.augment has mixup or cutmix"
            ],
        ),
    ],
)
def test_what_a_frozen_backbone_means_is_said(changes: list[str], said: list[str]) -> None:
    heard = Heard()
    announce_frozen(config("pictures", *changes), heard)
    assert heard.said == said


@pytest.mark.parametrize(
    ("changes", "used"),
    [
        ([], [True]),
        (["training.feature_cache=false"], [False]),
        (["training.augment={cutmix: 1}"], [False]),
        (["training.epochs=", TWO], [True, False]),
        (["training.epochs=", "training.phases=[{epochs: 1, train: {blocks: 1}}]"], [False]),
        (["model.architecture=skin_cnn"], [False]),
    ],
)
def test_features_are_used_where_the_whole_backbone_is_frozen(changes: list[str], used: list[bool]) -> None:
    wanted = config("pictures", *changes)
    assert [uses_features(wanted, phase) for phase in wanted.phases()] == used


def learnt(run: Run) -> tuple[list[np.ndarray], np.ndarray]:
    """The weights of a run's network, and its history without what times anything."""
    history = pd.read_csv(run.history)
    return keras.models.load_model(run.model).get_weights(), history.drop(columns="seconds").to_numpy()


@pytest.mark.slow
def test_kept_features_change_nothing_but_the_time(pictures: Path, tmp_path: Path) -> None:
    runs = {}
    for name in ("true", "false"):
        runs[name] = Run(tmp_path / name)
        settings = [f"training.feature_cache={name}", "model.architecture={vgg16: {dense: [16], dropout: 0.5}}"]
        workflow.train(config(pictures, *settings), runs[name].path, Silent())
    (with_weights, with_history), (weights, history) = learnt(runs["true"]), learnt(runs["false"])
    np.testing.assert_allclose(with_history, history, rtol=1e-4, atol=1e-5)
    for kept, computed in zip(with_weights, weights, strict=True):
        np.testing.assert_allclose(kept, computed, atol=1e-5)
    assert_predicted_by_the_saved_network(pictures, runs["true"])


@pytest.mark.slow
def test_half_precision_is_judged_as_the_network_is_saved_in_float32(pictures: Path, tmp_path: Path) -> None:
    policy = keras.config.dtype_policy()
    try:
        workflow.train(config(pictures, "training.precision=mixed_bfloat16"), tmp_path / "run", Silent())
    finally:
        keras.config.set_dtype_policy(policy)
    assert_predicted_by_the_saved_network(pictures, Run(tmp_path / "run"))


def assert_predicted_by_the_saved_network(pictures: Path, run: Run) -> None:
    """The saved network is whole: from pixels it predicts what the run has written down."""
    model, manifest = keras.models.load_model(run.model), read_manifest(config(pictures))
    images = open_images(config(pictures), manifest, Silent())
    for split in ("val", "test"):
        written = pd.read_csv(run.predictions(split))
        rows = manifest.part(split).index.to_numpy()
        assert written["image"].tolist() == manifest.table["image"][rows].tolist()
        logits = written[[f"logit_Type_{number}" for number in (1, 2, 3)]].to_numpy()
        np.testing.assert_allclose(softmax(logits, axis=1), model.predict(images[rows], verbose=0), atol=1e-5)


@pytest.mark.slow
def test_a_run_after_a_broken_one_is_the_run_itself(pictures: Path, tmp_path: Path) -> None:
    class Breaks(Silent):
        def track(self, items, total, label):
            for number, item in enumerate(items):
                if label.startswith("Computing features") and number == 2:
                    raise KeyboardInterrupt
                yield item

    changes = ["training.augment={horizontal_flip: 0.5, rotation: 30}", "training.feature_views=3"]
    caches = [f"data.cache={tmp_path / name}" for name in ("one", "other")]
    with pytest.raises(KeyboardInterrupt):
        workflow.train(config(pictures, *changes, caches[0]), tmp_path / "broken", Breaks())
    found = []
    for cache in caches:
        run = Run(tmp_path / f"run-{len(found)}")
        workflow.train(config(pictures, *changes, cache), run.path, Silent())
        found.append(learnt(run))
    (weights, history), (other_weights, other_history) = found
    np.testing.assert_array_equal(history, other_history)
    for one, other in zip(weights, other_weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_each_phase_trains_its_part_and_begins_with_the_best_weights_so_far(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, learner_of = [], learning.learner_of

    def watched(material, model, phase):
        learner = learner_of(material, model, phase)
        weights, kept = model.get_weights(), Run(tmp_path / "run").best
        if kept.is_file():
            model.load_weights(kept)
            for one, other in zip(weights, model.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)
        learning_layers = {variable.path.split("/")[0] for variable in model.trainable_variables}
        started.append((learning_layers, model.get_layer("resnet50").get_weights()))
        return learner

    monkeypatch.setattr(learning, "learner_of", watched)
    # A rate at which the first phase ends in worse weights than its best.
    phases = "[{epochs: 3, learning_rate: 1.0}, {epochs: 1, train: {blocks: 1}, learning_rate: 1e-4}, {epochs: 1}]"
    settings = ["model.architecture=resnet50", "training.epochs=", f"training.phases={phases}"]
    run = Run(tmp_path / "run")
    workflow.train(config(pictures, *settings), run.path, Silent())
    history = pd.read_csv(run.history)
    assert history["phase"].tolist() == [1, 1, 1, 2, 3]
    assert history["learning_rate"].tolist() == pytest.approx([1.0] * 3 + [1e-4] + [1e-2])
    first, second, third = (layers for layers, _ in started)
    assert first == third == {"logits"}
    assert {"logits", "conv5_block1_1_conv", "conv5_block3_3_conv"} < second
    assert {layer.partition("_")[0] for layer in second} == {"logits", "conv5"}
    assert not any("bn" in layer for layer in second)
    before, after_head, after_block = (weights for _, weights in started)
    for one, other in zip(before, after_head, strict=True):
        np.testing.assert_array_equal(one, other)
    changed = [not np.array_equal(one, other) for one, other in zip(before, after_block, strict=True)]
    assert any(changed) == (history["val_loss"][:4].argmin() == 3)
