"""The loop over epochs and steps: what is best, when it stops, what it refuses, and what its numbers are."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from small import SIZE, Training, batches, network, pictures, same, silent, timeless, values

from cervinet.amount import Amount
from cervinet.data.augment import Augmentation
from cervinet.data.imbalance import class_weights, given, none, oversample
from cervinet.data.pipeline import Batches
from cervinet.data.store import Store
from cervinet.training.state import State, Tracker

NAN = float("nan")
AUGMENTED = Augmentation(horizontal_flip=0.5, rotation=Amount(20), brightness=Amount(0.1))
EVEN = {"0": 11, "1": 11}
RARE = {"0": 4, "1": 16}


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


def test_epochs_up_to_the_start_are_not_waited_for_but_may_be_the_best() -> None:
    tracker = Tracker("val_loss", patience=1, start_epoch=3)
    stops = []
    for epoch, value in enumerate([0.5, 0.6, 0.7, 0.8], start=1):
        tracker.update({"epoch": epoch, "val_loss": value})
        stops.append(tracker.stop)
    assert (stops, tracker.best_epoch) == ([False, False, False, True], 1)


def test_the_same_seed_gives_the_same_weights_and_history_and_another_seed_does_not() -> None:
    trainings = [Training(seed=seed, augmentation=AUGMENTED) for seed in (3, 3, 4)]
    learners = [training.learner() for training in trainings[:1]]
    states = [trainings[0].run(learner=learners[0])]
    for training in trainings[1:]:
        learners.append(training.learner())
        states.append(training.run(learner=learners[-1]))
    assert timeless(states[0]) == timeless(states[1])
    assert same(values(learners[0]), values(learners[1]))
    assert not same(values(learners[0]), values(learners[2]))


def test_weights_of_1_and_no_repeats_train_as_without_them() -> None:
    plain, listed = Training(), Training(train=batches(np.arange(22), emphasis=none(EVEN)))
    one, other = plain.learner(), listed.learner()
    assert timeless(plain.run(learner=one)) == timeless(listed.run(learner=other))
    assert same(values(one), values(other))


def test_weights_change_the_loss_and_leave_accuracy_and_validation_as_they_are() -> None:
    # A learning rate too small to move anything: what differs is how the same network is measured.
    plain, doubled = (
        Training(epochs=1, learning_rate=1e-30, train=batches(np.arange(22), emphasis=emphasis)).run().history[0]
        for emphasis in (None, given(EVEN, weights={"0": 2.0, "1": 2.0}))
    )
    assert doubled["loss"] == pytest.approx(2 * plain["loss"], rel=1e-5)
    for name in ("accuracy", "val_loss", "val_accuracy"):
        assert doubled[name] == pytest.approx(plain[name], rel=1e-6)


def test_penalties_teach_but_are_no_part_of_the_losses_that_are_told() -> None:
    still = {"epochs": 1, "learning_rate": 1e-30}
    plain, punished = (
        Training(**still, make=lambda penalty=penalty: network(penalty=penalty)).run().history[0]
        for penalty in (0.0, 10.0)
    )
    assert punished["loss"] == pytest.approx(plain["loss"], rel=1e-6)
    assert punished["val_loss"] == pytest.approx(plain["val_loss"], rel=1e-6)
    moving = Training(make=lambda: network(penalty=10.0), optimizer=keras.optimizers.SGD, epochs=4)
    kernels = []
    for training in (moving, Training(optimizer=keras.optimizers.SGD, epochs=4)):
        training.run()
        kernels.append(float(np.square(training.model.trainable_weights[0].numpy()).sum()))
    assert kernels[0] < kernels[1] / 2


def bright_or_dark() -> keras.Model:
    inputs = keras.Input((*SIZE, 3), name="image")
    logits = layers.Dense(2, name="logits")(layers.GlobalAveragePooling2D()(inputs / 255.0))
    return keras.Model(inputs, layers.Activation("softmax", name="probabilities")(logits))


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
    images = np.full((20, *SIZE, 3), 128, np.uint8)
    store, labels = Store(images, Path(), False), np.array([0] * 4 + [1] * 16)
    training = Training(
        epochs=60,
        learning_rate=0.1,
        augmentation=Augmentation(horizontal_flip=0.5),
        train=Batches(store, np.arange(20), labels, 2, SIZE, (0, emphasis.entries), emphasis),
        val=Batches(store, np.arange(20), labels, 2, SIZE, (0, 20)),
        make=bright_or_dark,
    )
    training.run()
    assert float(training.model(images[:1].astype(np.float32))[0, 0]) == pytest.approx(share, abs=0.02)


def test_a_row_an_epoch_with_the_columns_of_history_csv() -> None:
    seen: list[tuple[int, bool]] = []
    state = Training(epochs=3).run(silent(on_epoch=lambda state, best: seen.append((len(state.history), best))))
    columns = ["epoch", "phase", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"]
    assert [list(row) for row in state.history] == [columns] * 3
    assert [row["epoch"] for row in state.history] == [1, 2, 3]
    assert state.history[0]["learning_rate"] == pytest.approx(1e-2)
    assert [n for n, _ in seen] == [1, 2, 3]
    assert seen[0][1]
    assert state.tracker.best_epoch == max(n for n, best in seen if best)


def test_training_stops_when_nothing_improves() -> None:
    state = Training(epochs=6, tracker=Tracker("val_loss", patience=1, min_delta=100)).run()
    assert len(state.history) == 2


def test_a_validation_part_smaller_than_a_batch() -> None:
    training = Training(epochs=1, val=batches(np.array([22, 23, 25]), size=8))
    row = training.run().history[0]
    images, labels = pictures()[[22, 23, 25]].astype(np.float32), np.array([0, 1, 1])
    probabilities = training.model(images, training=False).numpy()
    assert row["val_loss"] == pytest.approx(-np.log(probabilities[np.arange(3), labels]).mean(), rel=1e-5)
    assert row["val_accuracy"] == pytest.approx((probabilities.argmax(axis=1) == labels).mean())


class Bar:
    closed = 0

    def advance(self, note: str) -> None: ...

    def close(self) -> None:
        Bar.closed += 1


def test_the_bar_is_closed_when_an_epoch_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(state: State, stop: bool) -> None:
        raise KeyboardInterrupt

    hooks = silent(on_step=interrupt)
    monkeypatch.setattr(hooks.progress, "steps", lambda *arguments: Bar(), raising=False)
    with pytest.raises(KeyboardInterrupt):
        Training().run(hooks)
    assert Bar.closed == 1


# Independent references: the same training written otherwise.


def without_surprises() -> keras.Model:
    """No batch normalisation, which sees each batch apart, and no dropout, which draws for each."""
    return network(norm=False, dropout=0)


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam])
@pytest.mark.parametrize("emphasis", [None, given(EVEN, weights={"0": 3.0, "1": 0.5})], ids=["plain", "sample weights"])
def test_accumulated_batches_learn_as_one_large_batch_the_shorter_last_one_too(optimizer, emphasis) -> None:
    # 22 pictures: batches of 4, 4, 4 | 4, 4, 2 against 12 | 10.
    rows = np.arange(22)
    small = Training(
        accumulate=3, train=batches(rows, 4, emphasis), make=without_surprises, optimizer=optimizer, epochs=3
    )
    large = Training(train=batches(rows, 12, emphasis), make=without_surprises, optimizer=optimizer, epochs=3)
    states = small.run(), large.run()
    assert (states[0].steps, states[1].steps, states[0].updates, states[1].updates) == (18, 6, 6, 6)
    for one, other in zip(small.model.get_weights(), large.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
    for name in ("loss", "val_loss"):
        assert states[0].history[-1][name] == pytest.approx(states[1].history[-1][name], abs=1e-6)


def test_the_mean_of_the_weights_is_that_of_numpy() -> None:
    training = Training(accumulate=2, ema=0.6)
    learner, judged = training.learner(), []
    start = mean = [variable.numpy() for variable in training.model.trainable_variables]
    updates = 0

    def follow(state: State, stop: bool) -> None:
        nonlocal mean, updates
        if state.updates > updates:
            decay = min(0.6, (1 + updates) / (10 + updates))
            now = [variable.numpy() for variable in training.model.trainable_variables]
            mean = [decay * old + (1 - decay) * new for old, new in zip(mean, now, strict=True)]
            updates = state.updates

    def judge(state: State, best: bool) -> None:
        judged.append([variable.numpy() for variable in training.model.trainable_variables])
        for one, other in zip(judged[-1], mean, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)

    training.run(silent(on_step=follow, on_epoch=judge), learner)
    assert (updates, len(judged)) == (6, 2)
    after = [variable.numpy() for variable in training.model.trainable_variables]
    assert not same(after, judged[-1])  # the weights themselves go on learning
    assert not same(mean, start)


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam])
def test_it_learns_as_keras_fit_on_the_same_pictures_in_the_same_order(optimizer) -> None:
    training = Training(make=lambda: network(dropout=0, penalty=0.01), optimizer=optimizer)
    training.learner()
    start = training.model.get_weights()
    state = training.run()
    reference = network(dropout=0, penalty=0.01)
    reference.set_weights(start)
    reference.compile(optimizer(1e-2), loss="categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    data = training.train
    for epoch in range(2):
        one_epoch = data.training(training.seed, epoch, training.augmentation)
        reference.fit(one_epoch, epochs=1, verbose=0, shuffle=False)
    for one, other in zip(training.model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-6)
    images, labels = pictures()[22:].astype(np.float32), np.eye(2)[np.arange(22, 30) % 2]
    _, accuracy = reference.evaluate(images, labels, verbose=0)
    probabilities = reference.predict(images, verbose=0)
    row = state.history[-1]
    assert row["val_loss"] == pytest.approx(-np.log((probabilities * labels).sum(axis=1)).mean(), abs=1e-5)
    assert row["val_accuracy"] == pytest.approx(accuracy)
