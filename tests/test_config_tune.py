"""The settings of `tune`: what may be searched, and the sentence for each way to get one wrong."""

from pathlib import Path

import pytest

from cervinet.config import load_config
from cervinet.config_tune import Values
from cervinet.errors import ConfigError
from cervinet.tuning.space import config_of_trial, load_tuned, written


@pytest.fixture
def path(tmp_path, monkeypatch):
    """`path(tune, more)` writes x.yaml, whose second line holds the search."""
    monkeypatch.chdir(tmp_path)

    def written_config(tune, more=""):
        Path("x.yaml").write_text(f"data: {{root: pictures}}\ntune: {tune}\n{more}", encoding="utf-8")
        return Path("x.yaml")

    return written_config


def problems(function, *arguments):
    with pytest.raises(ConfigError) as error:
        function(*arguments)
    return error.value.problems


def test_a_config_has_no_search_unless_it_says_so(path):
    assert load_config(path("")).tune is None


def test_a_search_has_its_settings(path):
    space = "{training.learning_rate: {log: [1e-5, 1e-2]}, training.optimizer: {choices: [adam, {sgd: {momentum: 1}}]}}"
    found = load_config(path(f"{{space: {space}}}")).tune
    assert found.startup == 10
    assert found.space == {
        "training.learning_rate": Values(log=[1e-5, 1e-2]),
        "training.optimizer": Values(choices=["adam", {"sgd": {"momentum": 1}}]),
    }


def test_the_resolved_config_reads_back(path, tmp_path):
    config = load_config(path("{space: {training.batch_size: {range: [8, 32]}}, startup: 4}"))
    (tmp_path / "y.yaml").write_text(config.to_yaml())
    assert load_config(tmp_path / "y.yaml") == config


ONE_OF = "must hold one of `range: [lowest, highest]`, `log: [lowest, highest]`, `choices: [a, b]`"


@pytest.mark.parametrize(
    ("tune", "sentence"),
    [
        ("{}", "`tune.space` is missing"),
        (
            "{space: {}}",
            "`tune.space` must be one setting at least, as in training.batch_size: {choices: [16, 32]}; got {}",
        ),
        ("{space: {a.b: {}}}", f"`tune.space.a.b` {ONE_OF}"),
        ("{space: {a.b: {range: [1, 2], log: [1, 2]}}}", f"`tune.space.a.b` {ONE_OF}"),
        ("{space: {a.b: 3}}", "`tune.space.a.b` must hold `key: value` lines; got 3"),
        ("{space: {a.b: {rnage: [1, 2]}}}", "`tune.space.a.b.rnage` is not a setting (did you mean 'range'?)"),
        ("{space: {a.b: {range: 3}}}", "`tune.space.a.b.range` must be a list, as in [a, b]; got 3"),
        (
            "{space: {a.b: {range: [2, 1]}}}",
            "`tune.space.a.b.range` must be two numbers, the lower one first; got [2, 1]",
        ),
        (
            "{space: {a.b: {range: [1, 1]}}}",
            "`tune.space.a.b.range` must be two numbers, the lower one first; got [1, 1]",
        ),
        (
            "{space: {a.b: {range: [1, 2, 3]}}}",
            "`tune.space.a.b.range` must be two numbers, the lower one first; got [1, 2, 3]",
        ),
        (
            "{space: {a.b: {range: [0, true]}}}",
            "`tune.space.a.b.range` must be two numbers, the lower one first; got [0, True]",
        ),
        ("{space: {a.b: {log: [0, 1]}}}", "`tune.space.a.b.log` must be two numbers above 0; got [0, 1]"),
        ("{space: {a.b: {choices: [1]}}}", "`tune.space.a.b.choices` must be at least two different values; got [1]"),
        (
            "{space: {a.b: {choices: [x, x]}}}",
            "`tune.space.a.b.choices` must be at least two different values; got ['x', 'x']",
        ),
        (
            "{space: {a.b: {range: [0, 1]}}, startup: 0}",
            "`tune.startup` must be greater than 0; got 0",
        ),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(path, tune, sentence):
    assert problems(load_config, path(tune)) == [f"{sentence} (x.yaml:2)"]


SAME = (
    "must be of model or training, or data.image_size or data.preprocess: all trials are judged on the same pictures "
    "by the same `training.monitor`"
)


@pytest.mark.parametrize(
    ("space", "sentence"),
    [
        (
            "{training.lerning_rate: {log: [1e-5, 1e-2]}}",
            "`training.lerning_rate` is not a setting (did you mean 'learning_rate'?)",
        ),
        ("{training.learning_rate: {range: [-1, 1]}}", "`training.learning_rate` must be greater than 0; got -1"),
        ("{training.batch_size: {range: [8.5, 16]}}", "`training.batch_size` must be a valid integer; got 8.5"),
        ("{training.augment.rotation: {range: [0, 999]}}", None),
        (
            "{training.optimizer: {choices: [adam, adan]}}",
            "`training.optimizer` names an unknown optimizer 'adan' (did you mean 'adam'?)",
        ),
        (
            "{training.schedule.step.every: {range: [0, 5]}}",
            "`training.schedule.step.every` must be greater than 0; got 0",
        ),
        (
            "{model.architecture.cervix_cnn.nothing: {range: [0, 5]}}",
            "`model.architecture.cervix_cnn.nothing` is not a setting (there are none)",
        ),
        ("{data.split.val: {range: [0.1, 0.2]}}", f"`tune.space.data.split.val` {SAME}"),
        ("{seed: {range: [1, 9]}}", f"`tune.space.seed` {SAME}"),
        ("{training.monitor: {choices: [val_loss, val_accuracy]}}", f"`tune.space.training.monitor` {SAME}"),
        (
            "{training.loss.cross_entropy.label_smoothing: {range: [0.0, 0.1]}}",
            "`tune.space.training.loss.cross_entropy.label_smoothing` needs `training.monitor: val_accuracy`: values "
            "of different losses cannot be compared",
        ),
    ],
)
def test_a_setting_that_cannot_be_searched_is_named_with_its_line(path, space, sentence):
    found = problems(load_tuned, path(f"{{space: {space}}}"), ())
    if sentence is None:
        sentence = "`training.augment.rotation` must be less than or equal to 180; got 999"
    assert found == [f"{sentence} (x.yaml:2)"]


def test_all_of_them_are_named_at_once(path):
    space = "{training.lr: {range: [0, 1]}, training.batch_size: {choices: [0, 8, x]}}"
    assert problems(load_tuned, path(f"{{space: {space}}}"), ()) == [
        "`training.lr` is not a setting (known: " + ", ".join(_settings_of_training()) + ") (x.yaml:2)",
        "`training.batch_size` must be greater than 0; got 0 (x.yaml:2)",
        "`training.batch_size` must be a valid integer; got 'x' (x.yaml:2)",
    ]


def _settings_of_training():
    from cervinet.config_training import Training

    return Training.model_fields


def test_one_setting_within_another_is_refused(path):
    space = "{training.optimizer: {choices: [adam, sgd]}, training.optimizer.sgd.momentum: {range: [0.0, 0.9]}}"
    assert problems(load_tuned, path(f"{{space: {space}}}"), ()) == [
        "`tune.space.training.optimizer.sgd.momentum` lies within `tune.space.training.optimizer`; keep one of them "
        "(x.yaml:2)"
    ]


def test_losses_may_be_searched_by_accuracy(path):
    space = "{training.loss.cross_entropy.label_smoothing: {range: [0.0, 0.1]}}"
    config, tune = load_tuned(path(f"{{space: {space}}}"), ["training.monitor=val_accuracy"])
    assert (config.training.monitor, list(tune.space)) == ("val_accuracy", list(tune.space))


def test_a_config_without_a_search_says_how_to_write_one(path):
    assert problems(load_tuned, path(""), ()) == [
        "`tune` is missing in x.yaml; it says where to look, as in tune: {space: {training.learning_rate: "
        "{log: [1e-5, 1e-2]}}}"
    ]


def test_the_config_of_a_trial_has_its_values_and_no_search(path):
    tuned = path("{space: {training.batch_size: {range: [8, 32]}}}")
    values = {
        "training.batch_size": 12,
        "training.optimizer": {"sgd": {"momentum": 0.9}},
        "training.learning_rate": 1e-5,
    }
    config = config_of_trial(tuned, ["training.epochs=3"], values)
    training = config.training
    assert (training.batch_size, training.learning_rate, training.epochs) == (12, 1e-5, 3)
    assert (training.optimizer.name, training.optimizer.options["momentum"]) == ("sgd", 0.9)
    assert config.tune is None


@pytest.mark.parametrize(
    ("value", "text"), [(1e-05, "1.0e-05"), ("1e-5", "'1e-5'"), ({"sgd": {"momentum": 0.9}}, "{sgd: {momentum: 0.9}}")]
)
def test_a_value_is_written_as_a_config_reads_it(value, text):
    assert written(value) == text
