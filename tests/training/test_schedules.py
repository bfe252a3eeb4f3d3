"""Learning-rate schedules against those of Keras, and what a user may write for them."""

import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from cervinet import registry
from cervinet.choice import Kind

STEPS = 7  # an epoch; a number that no power of two divides
EPOCHS = 12


def schedule(name, **options):
    return registry.find("schedule", name).function(**options)


def rates(name, *, start=1e-3, epochs=EPOCHS, steps=STEPS, **options):
    """The rate of every step of a phase."""
    rate = schedule(name, **options)
    return np.array([rate(start, step / steps, epochs, []) for step in range(epochs * steps)])


def of_keras(theirs):
    return np.array([float(theirs(step)) for step in range(EPOCHS * STEPS)])


def test_constant_is_the_start():
    assert set(rates("constant", start=0.02)) == {0.02}


class TestStep:
    def test_a_tenth_every_ten_epochs_from_1e_4_down_to_1e_7(self):
        rate = schedule("step", every=10, factor=0.1, floor=1e-7)
        found = [rate(1e-4, epoch, 100, []) for epoch in (0, 9, 10, 19, 20, 29, 30, 40, 99)]
        assert found == pytest.approx([1e-4, 1e-4, 1e-5, 1e-5, 1e-6, 1e-6, 1e-7, 1e-7, 1e-7])

    def test_these_are_the_defaults(self):
        assert [schedule("step")(1e-4, at, 100, []) for at in (9.9, 10, 50)] == pytest.approx([1e-4, 1e-5, 1e-7])

    @pytest.mark.parametrize(
        ("position", "drops"),
        [(0, 0), (9.999, 0), (10.0, 1), (10.001, 1), (sum([0.1] * 100), 1), (100 / 7 * 0.7, 1), (20.0, 2)],
    )
    def test_drops_at_the_very_border_of_an_epoch(self, position, drops):
        assert schedule("step", every=10, factor=0.5, floor=0)(1.0, position, 30, []) == 0.5**drops

    def test_is_the_staircase_of_keras(self):
        theirs = keras.optimizers.schedules.ExponentialDecay(1e-3, 3 * STEPS, 0.5, staircase=True)
        np.testing.assert_allclose(rates("step", every=3, factor=0.5), of_keras(theirs), rtol=1e-5)

    def test_a_floor_never_lifts_the_rate(self):
        assert set(rates("step", start=1e-8, floor=1e-7)) == {1e-8}


def test_exponential_is_that_of_keras():
    theirs = keras.optimizers.schedules.ExponentialDecay(1e-3, STEPS, 0.8)
    np.testing.assert_allclose(rates("exponential", factor=0.8), of_keras(theirs), rtol=1e-5)


def test_exponential_stops_at_its_floor():
    assert rates("exponential", factor=0.1, floor=2e-5)[-1] == 2e-5


class TestCosine:
    def test_is_that_of_keras(self):
        theirs = keras.optimizers.schedules.CosineDecay(1e-3, EPOCHS * STEPS)
        np.testing.assert_allclose(rates("cosine"), of_keras(theirs), rtol=1e-4, atol=1e-9)

    def test_with_a_rise_and_a_floor_is_that_of_keras(self):
        theirs = keras.optimizers.schedules.CosineDecay(
            2e-5, (EPOCHS - 3) * STEPS, alpha=0.02, warmup_target=1e-3, warmup_steps=3 * STEPS
        )
        np.testing.assert_allclose(rates("cosine", warmup=3, floor=2e-5), of_keras(theirs), rtol=1e-4)

    def test_a_rise_longer_than_the_phase_fills_it(self):
        rate = schedule("cosine", warmup=5)
        assert [rate(1.0, at, 2, []) for at in (0, 1, 2)] == pytest.approx([0.01, 0.505, 1])

    def test_it_begins_above_zero(self):
        theirs = keras.optimizers.schedules.CosineDecay(
            1e-5, (EPOCHS - 2) * STEPS, warmup_target=1e-3, warmup_steps=2 * STEPS
        )
        np.testing.assert_allclose(rates("cosine", warmup=2), of_keras(theirs), rtol=1e-4, atol=1e-9)


class TestPlateau:
    @pytest.mark.parametrize("seed", range(20))
    def test_is_reduce_lr_on_plateau_of_keras(self, seed):
        random = np.random.default_rng(seed)
        scores = np.cumsum(random.normal(0.01, 0.1, 60)).round(2)
        scores[random.integers(1, 60, 2)] = math.nan  # Keras never gets over one in the very first epoch
        patience, factor = int(random.integers(1, 5)), 0.5
        optimizer = keras.optimizers.SGD(1e-2)
        reference = keras.callbacks.ReduceLROnPlateau(
            monitor="score", mode="max", patience=patience, factor=factor, min_lr=1e-4, min_delta=0.02
        )
        reference.set_model(SimpleNamespace(optimizer=optimizer))
        reference.on_train_begin()
        ours = schedule("plateau", patience=patience, factor=factor, floor=1e-4, min_delta=0.02)
        expected = []
        for epoch, score in enumerate(scores):
            reference.on_epoch_end(epoch, {"score": score})
            expected.append(float(optimizer.learning_rate.numpy()))
        found = [ours(1e-2, epoch + 1, 60, list(scores[: epoch + 1])) for epoch in range(60)]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        assert len(set(found)) > 2

    def test_the_defaults_are_those_of_keras(self):
        theirs = keras.callbacks.ReduceLROnPlateau()
        ours = registry.find("schedule", "plateau").options().model_dump()
        names = {"patience": "patience", "factor": "factor", "floor": "min_lr", "min_delta": "min_delta"}
        assert ours == {name: getattr(theirs, their) for name, their in names.items()}


class TestOneCycle:
    def test_falls_as_the_cosine_of_keras_and_rises_as_it_mirrored(self):
        found = rates("one_cycle", epochs=10, steps=30, rise=0.4, start_divisor=10, end_divisor=100)
        fall = keras.optimizers.schedules.CosineDecay(1e-3, 180, alpha=0.01)
        np.testing.assert_allclose(found[120:], [float(fall(step)) for step in range(180)], rtol=1e-4)
        rise = keras.optimizers.schedules.CosineDecay(1e-3, 120, alpha=0.1)
        np.testing.assert_allclose(found[:120], [float(rise(120 - step)) for step in range(120)], rtol=1e-4)

    def test_begins_at_a_25th_and_ends_at_a_hundred_thousandth(self):
        rate = schedule("one_cycle")
        assert [rate(1.0, at, 10, []) for at in (0, 3, 10)] == pytest.approx([0.04, 1, 1e-5])


@pytest.mark.parametrize("name", registry.available("schedule"))
@pytest.mark.parametrize("start", [1e-9, 1e-3, 10.0])
@pytest.mark.parametrize("epochs", [1, 2, 300])
@pytest.mark.parametrize("warmup", [0, 2])
def test_a_rate_is_above_zero_until_the_end_and_never_above_the_start(name, start, epochs, warmup):
    rate = schedule(name, **({"warmup": warmup} if name == "cosine" else {}))
    positions = np.linspace(0, epochs, 200)
    found = [rate(start, at, epochs, [-1.0] * int(at)) for at in positions]
    assert np.isfinite(found).all()
    assert min(found[:-1]) > 0
    assert 0 <= found[-1] <= max(found) <= start * (1 + 1e-12)


@pytest.mark.parametrize("options", [{}, {"warmup": 2}])
def test_a_floor_holds_everywhere(options):
    assert rates("cosine", floor=1e-5, **options).min() >= 1e-5 * (1 - 1e-12)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"step": {"every": 0}}, "must be greater than 0"),
        ({"step": {"factor": 1}}, "must be less than 1"),
        ({"cosine": {"warmup": 0.5}}, "must be a valid integer"),
        ({"cosine": {"floor": -1e-5}}, "must be greater than or equal to 0"),
        ({"plateau": {"patience": "3"}}, "must be a valid integer"),
        ({"one_cycle": {"rise": 0}}, "must be greater than 0"),
        ({"exponential": {"faktor": 0.9}}, "is not a setting (did you mean 'factor'?)"),
        ("cosin", "names an unknown schedule 'cosin' (did you mean 'cosine'?)"),
    ],
)
def test_options_are_checked(value, words):
    with pytest.raises(Exception, match="is not valid") as caught:
        Kind("schedule").parse(value)
    assert [problem[1] for problem in caught.value.context["problems"]] == [words]
