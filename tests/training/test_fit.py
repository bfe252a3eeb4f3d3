"""The epoch loop: what is best, when it stops, what it refuses, and that one seed gives one run."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from cervinet.amount import Amount
from cervinet.data.augment import Augmentation
from cervinet.data.imbalance import Emphasis, class_weights, given, none, oversample
from cervinet.data.pipeline import Batches, batch_bounds
from cervinet.data.store import Store
from cervinet.errors import TrainingError
from cervinet.models.build import build_model
from cervinet.progress import Silent
from cervinet.training import checkpoint
from cervinet.training.checkpoint import EpochPaths, load_weights, save_epoch
from cervinet.training.compile import compile_model
from cervinet.training.devices import set_up
from cervinet.training.fit import Fit, Tracker, fit

NAN = float("nan")


def epochs_of(tracker: Tracker, values: list[float]) -> list[bool]:
    return [tracker.update({"epoch": n, tracker.monitor: value}) for n, value in enumerate(values, start=1)]


def test_a_lower_loss_is_better_and_a_higher_accuracy() -> None:
    loss, accuracy = Tracker("val_loss"), Tracker("val_accuracy")
    assert epochs_of(loss, [1.0, 0.8, 0.9, 0.7]) == [True, True, False, True]
    assert epochs_of(accuracy, [0.5, 0.6, 0.6, 0.4]) == [True, True, False, False]
    assert (loss.best_epoch, accuracy.best_epoch) == (4, 2)


def test_a_value_that_is_no_number_is_never_the_best_not_even_the_first() -> None:
    tracker = Tracker("val_loss")
    assert epochs_of(tracker, [NAN, float("-inf"), 2.0, NAN]) == [False, False, True, False]
    assert tracker.best_epoch == 3


def test_patience_counts_epochs_without_an_improvement_of_min_delta() -> None:
    tracker = Tracker("val_loss", patience=2, min_delta=0.1)
    stops = []
    for epoch, value in enumerate([1.0, 0.95, 0.8, 0.79, 0.78], start=1):
        tracker.update({"epoch": epoch, "val_loss": value})
        stops.append(tracker.stop)
    assert stops == [False, False, False, False, True]


def test_the_best_epoch_is_the_best_however_small_the_change() -> None:
    tracker = Tracker("val_loss", patience=2, min_delta=0.1)
    assert epochs_of(tracker, [1.0, 0.95, 0.96]) == [True, True, False]
    assert (tracker.best_epoch, tracker.stop) == (2, True)


def split(images: np.ndarray, rows: np.ndarray, emphasis: Emphasis | None = None) -> Batches:
    bounds = batch_bounds(emphasis.entries if emphasis else len(rows), 8, 1)
    return Batches(Store(images, Path(), False), rows, rows % 2, 2, (28, 28), bounds, emphasis)


def learn(
    seed: int,
    *,
    epochs: int = 2,
    learning_rate: float = 1e-3,
    tracker: Tracker | None = None,
    on_epoch=None,
    emphasis=None,
):
    device = set_up(seed=seed, precision="float32", xla="auto", deterministic=True)
    images = np.random.default_rng(0).integers(0, 256, (28, 28, 28, 3), dtype=np.uint8)
    images[1::2] //= 2
    model = build_model("skin_cnn", (28, 28, 3), 2)
    compile_model(
        model,
        optimizer="adam",
        optimizer_options={},
        learning_rate=learning_rate,
        loss="cross_entropy",
        loss_options={},
        xla=device.xla,
    )
    fitted = fit(
        model,
        split(images, np.arange(20), emphasis),
        split(images, np.arange(20, 28)),
        epochs=epochs,
        seed=seed,
        augmentation=Augmentation(horizontal_flip=0.5, rotation=Amount(20), brightness=Amount(0.1)),
        tracker=tracker or Tracker("val_loss"),
        progress=Silent(),
        on_epoch=on_epoch(model) if on_epoch else lambda history, best: None,
    )
    return model, fitted


def without_seconds(fitted: Fit) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in fitted.history]


def test_the_same_seed_gives_the_same_weights_and_history_and_another_seed_does_not() -> None:
    (model, fitted), (again, refitted), (other, _) = learn(3), learn(3), learn(4)
    assert without_seconds(fitted) == without_seconds(refitted)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), again.get_weights(), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))


EVEN = {"0": 10, "1": 10}


def test_weights_of_1_and_no_repeats_train_as_without_them() -> None:
    (model, fitted), (other, again) = learn(3), learn(3, emphasis=none(EVEN))
    assert without_seconds(fitted) == without_seconds(again)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))


def test_weights_change_the_loss_and_leave_accuracy_and_validation_as_they_are() -> None:
    # A learning rate too small to move anything: what differs is how the same network is measured.
    still = {"epochs": 1, "learning_rate": 1e-30}
    plain, doubled = (
        learn(3, **still, emphasis=emphasis)[1].history[0]
        for emphasis in (None, given(EVEN, weights={"0": 2.0, "1": 2.0}))
    )
    assert doubled["loss"] == pytest.approx(2 * plain["loss"], rel=1e-5)
    for name in ("accuracy", "val_loss", "val_accuracy"):
        assert doubled[name] == pytest.approx(plain[name], rel=1e-6)


RARE = {"0": 4, "1": 16}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("emphasis", "share"),
    [
        (none(RARE), 0.2),
        (oversample(RARE), 0.5),
        (class_weights(RARE), 0.5),
        (class_weights(RARE, by="effective_number", beta=0.9), 1 / (1 + 4 * (1 - 0.9**4) / (1 - 0.9**16))),
        (given(RARE, weights={"0": 12.0, "1": 1.0}), 0.75),
    ],
    ids=["none", "oversample", "balanced", "effective_number", "given"],
)
def test_where_pictures_tell_nothing_a_class_is_given_its_share_of_the_effective_count(emphasis, share) -> None:
    """The best constant prediction under cross-entropy is the share of each class in the loss."""
    set_up(seed=1, precision="float32", xla="auto", deterministic=True)
    inputs = keras.Input((28, 28, 3))
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(inputs / 255.0))
    model = keras.Model(inputs, outputs)
    compile_model(
        model,
        optimizer="adam",
        optimizer_options={},
        learning_rate=0.2,
        loss="cross_entropy",
        loss_options={},
        xla=False,
    )
    images = np.full((20, 28, 28, 3), 128, np.uint8)
    store, labels = Store(images, Path(), False), np.array([0] * 4 + [1] * 16)
    train = Batches(store, np.arange(20), labels, 2, (28, 28), (0, emphasis.entries), emphasis)
    fit(
        model,
        train,
        Batches(store, np.arange(20), labels, 2, (28, 28), (0, 20)),
        epochs=40,
        seed=1,
        augmentation=Augmentation(horizontal_flip=0.5),
        tracker=Tracker("val_loss"),
        progress=Silent(),
        on_epoch=lambda history, best: None,
    )
    assert float(model(images[:1].astype(np.float32))[0, 0]) == pytest.approx(share, abs=0.02)


def test_a_row_an_epoch_with_the_columns_of_history_csv() -> None:
    seen: list[tuple[int, bool]] = []
    _, fitted = learn(1, epochs=3, on_epoch=lambda model: lambda history, best: seen.append((len(history), best)))
    columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"]
    assert [list(row) for row in fitted.history] == [columns] * 3
    assert [row["epoch"] for row in fitted.history] == [1, 2, 3]
    assert fitted.history[0]["learning_rate"] == pytest.approx(1e-3)
    assert [n for n, _ in seen] == [1, 2, 3]
    assert seen[0][1]
    assert fitted.best_epoch == max(n for n, best in seen if best)


def test_training_stops_when_nothing_improves() -> None:
    _, fitted = learn(1, epochs=6, tracker=Tracker("val_loss", patience=1, min_delta=100))
    assert len(fitted.history) == 2


def test_a_loss_that_is_no_number_ends_training_with_its_place() -> None:
    with pytest.raises(TrainingError) as error:
        learn(1, learning_rate=1e30)
    assert error.value.exit_code == 6
    message = str(error.value)
    assert message.startswith("the training loss became nan at epoch 1, step ")
    assert message.endswith(
        "; training stopped and the best weights so far are kept: try a smaller training.learning_rate, or "
        "training.precision=float32"
    )


def break_the_first_step(monkeypatch: pytest.MonkeyPatch, reason: BaseException) -> list[str]:
    done = []

    class Bar:
        def advance(self, note: str) -> None:
            raise reason

        def close(self) -> None:
            done.append("closed")

    monkeypatch.setattr(Silent, "steps", lambda self, total, label: Bar())
    return done


def test_the_bar_is_closed_when_an_epoch_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    done = break_the_first_step(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        learn(1)
    assert done == ["closed"]


def test_memory_that_runs_out_ends_training_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    break_the_first_step(monkeypatch, tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"))
    with pytest.raises(TrainingError) as error:
        learn(1)
    assert str(error.value) == (
        "the memory of the device ran out in epoch 1; try a smaller training.batch_size or data.image_size"
    )


def test_best_and_last_weights_are_kept_apart(tmp_path: Path) -> None:
    paths = EpochPaths(best=tmp_path / "best.weights.h5", last=tmp_path / "last.weights.h5", history=tmp_path / "h.csv")
    kept: dict[str, list[np.ndarray]] = {}

    def on_epoch(model: keras.Model):
        def save(history: list[dict[str, float]], best: bool) -> None:
            pretended_best = len(history) == 2
            kept["best" if pretended_best else "last"] = model.get_weights()
            save_epoch(model, history, pretended_best, paths)

        return save

    model, _ = learn(1, epochs=3, on_epoch=on_epoch)
    for name, path in (("best", paths.best), ("last", paths.last)):
        load_weights(model, path)
        assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept[name], strict=True))
    assert len(paths.history.read_text().splitlines()) == 4


def test_a_full_disk_leaves_the_earlier_checkpoint_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_model("skin_cnn", (28, 28, 3), 2)
    paths = EpochPaths(best=tmp_path / "best.weights.h5", last=tmp_path / "last.weights.h5", history=tmp_path / "h.csv")
    save_epoch(model, [{"epoch": 1}], True, paths)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(self: keras.Model, path: Path, overwrite: bool) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save_weights", full)
    with pytest.raises(TrainingError) as error:
        checkpoint.save_epoch(model, [{"epoch": 1}, {"epoch": 2}], True, paths)
    assert str(error.value) == (
        f"epoch 2 could not be saved under {tmp_path}: the disk is full; the checkpoints before it are whole: "
        "make room and train again"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
