"""The settings of `training`: what each means, and the sentence for each way to get one wrong."""

from pathlib import Path

import pytest

from cervinet.choice import Choice
from cervinet.config import load_config
from cervinet.config_training import Checkpoint, Phase, Top
from cervinet.errors import ConfigError

MINIMAL = "data: {root: pictures}\nmodel: {architecture: vgg16}\n"


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def loaded(training="", *overrides):
        Path("x.yaml").write_text(f"{MINIMAL}training: {training}\n", encoding="utf-8")
        return load_config(Path("x.yaml"), overrides)

    return loaded


@pytest.fixture
def problems(load):
    def found(training, *overrides):
        with pytest.raises(ConfigError) as error:
            load(training, *overrides)
        return error.value.problems

    return found


def test_what_is_not_set_has_its_default(load):
    training = load("{}").training
    assert (training.epochs, training.phases) == (30, None)
    assert training.schedule == Choice("constant")
    assert (training.clip_norm, training.ema, training.early_stopping) == (None, None, None)
    assert training.checkpoint.due() == (5.0, "minute")


@pytest.mark.parametrize(
    ("every", "due"),
    [
        ("5 minutes", (5, "minute")),
        ("1 minute", (1, "minute")),
        ("0.5 minutes", (0.5, "minute")),
        ("200 steps", (200, "step")),
        ("1 epoch", (1, "epoch")),
    ],
)
def test_checkpoints_are_due_by_time_steps_or_epochs(every, due):
    assert Checkpoint(every=every).due() == due


def test_a_schedule_has_its_options(load):
    assert load("{schedule: {step: {every: 5}}}").training.schedule == Choice(
        "step", {"every": 5, "factor": 0.1, "floor": 1e-7}
    )


class TestPhases:
    def test_without_any_a_backbone_stays_frozen(self, load):
        assert load("{epochs: 7}").phases() == (Phase(epochs=7, train="head"),)

    def test_without_any_a_network_from_scratch_learns_in_whole(self, load):
        assert load("{}", "model.architecture=cervix_cnn").phases() == (Phase(epochs=30, train="all"),)

    @pytest.mark.parametrize(
        ("written", "train"),
        [("head", "head"), ("all", "all"), ("{blocks: 2}", Top(blocks=2)), ("{layers: 10}", Top(layers=10))],
    )
    def test_train_is_the_head_all_or_the_top(self, load, written, train):
        config = load(f"{{phases: [{{epochs: 3}}, {{epochs: 5, train: {written}, learning_rate: 1e-5}}]}}")
        assert config.phases() == (Phase(epochs=3), Phase(epochs=5, train=train, learning_rate=1e-5))

    def test_the_resolved_config_reads_back(self, load, tmp_path):
        config = load("{phases: [{epochs: 3}, {epochs: 5, train: {blocks: 2}, layer_decay: 0.8}]}")
        (tmp_path / "y.yaml").write_text(config.to_yaml())
        assert load_config(tmp_path / "y.yaml") == config


PHASE = "training.phases.0"


@pytest.mark.parametrize(
    ("training", "sentence"),
    [
        (
            "{phases: [{epochs: 1, train: haed}]}",
            f"`{PHASE}.train` must be head, all, {{blocks: N}} or {{layers: N}}; got 'haed'",
        ),
        (
            "{phases: [{epochs: 1, train: 3}]}",
            f"`{PHASE}.train` must be head, all, {{blocks: N}} or {{layers: N}}; got 3",
        ),
        (
            "{phases: [{epochs: 1, train: [head]}]}",
            f"`{PHASE}.train` must be head, all, {{blocks: N}} or {{layers: N}}; got ['head']",
        ),
        (
            "{phases: [{epochs: 1, train: }]}",
            f"`{PHASE}.train` must be head, all, {{blocks: N}} or {{layers: N}}",
        ),
        (
            "{phases: [{epochs: 1, train: {blocks: 0}}]}",
            f"`{PHASE}.train.blocks` must be greater than 0; got 0",
        ),
        (
            "{phases: [{epochs: 1, train: {blocks: two}}]}",
            f"`{PHASE}.train.blocks` must be a valid integer; got 'two'",
        ),
        (
            "{phases: [{epochs: 1, train: {block: 2}}]}",
            f"`{PHASE}.train.block` is not a setting (did you mean 'blocks'?)",
        ),
        (
            "{phases: [{epochs: 1, train: {}}]}",
            f"`{PHASE}.train` must hold either `blocks` or `layers`; got {{}}",
        ),
        (
            "{phases: [{epochs: 1, train: {blocks: 1, layers: 2}}]}",
            f"`{PHASE}.train` must hold either `blocks` or `layers`; got {{'blocks': 1, 'layers': 2}}",
        ),
        ("{phases: [{train: all}]}", f"`{PHASE}.epochs` is missing"),
        ("{phases: [{epochs: 0}]}", f"`{PHASE}.epochs` must be greater than 0; got 0"),
        (
            "{phases: [{epochs: 1, rate: 0.1}]}",
            f"`{PHASE}.rate` is not a setting (known: epochs, learning_rate, train, batch_norm, layer_decay)",
        ),
        ("{phases: [{epochs: 1, learning_rate: 0}]}", f"`{PHASE}.learning_rate` must be greater than 0; got 0"),
        ("{phases: [{epochs: 1, batch_norm: on}]}", f"`{PHASE}.batch_norm` must be 'frozen' or 'trained'; got 'on'"),
        (
            "{phases: [{epochs: 1, layer_decay: 1.5}]}",
            f"`{PHASE}.layer_decay` must be less than or equal to 1; got 1.5",
        ),
        ("{phases: []}", "`training` must hold at least one phase under `phases`"),
        ("{phases: {epochs: 1}}", "`training.phases` must be a list, as in [a, b]; got {'epochs': 1}"),
        (
            "{epochs: 3, phases: [{epochs: 1}]}",
            "`training` must hold `epochs` or `phases`, not both: the phases say how long each is",
        ),
        ("{epochs: 0}", "`training.epochs` must be greater than 0; got 0"),
        ("{batch_size: 0}", "`training.batch_size` must be greater than 0; got 0"),
        ("{accumulate: 0}", "`training.accumulate` must be greater than 0; got 0"),
        ("{learning_rate: -1}", "`training.learning_rate` must be greater than 0; got -1"),
        ("{learning_rate: .inf}", "`training.learning_rate` must be a finite number; got inf"),
        ("{clip_norm: 0}", "`training.clip_norm` must be greater than 0; got 0"),
        ("{ema: 1}", "`training.ema` must be less than 1; got 1"),
        (
            "{schedule: cosin}",
            "`training.schedule` names an unknown schedule 'cosin' (did you mean 'cosine'?)",
        ),
        ("{schedule: {step: {every: 0}}}", "`training.schedule.step.every` must be greater than 0; got 0"),
        (
            "{schedule: {step: {evry: 3}}}",
            "`training.schedule.step.evry` is not a setting (did you mean 'every'?)",
        ),
        (
            "{optimizer: {lion: {weight_decay: -0.1}}}",
            "`training.optimizer.lion.weight_decay` must be greater than or equal to 0; got -0.1",
        ),
        (
            "{optimizer: {adam: {weight_decay: 0.1}}}",
            "`training.optimizer.adam.weight_decay` is not a setting (known: beta_1, beta_2, epsilon, amsgrad)",
        ),
        ("{feature_cache: 1}", "`training.feature_cache` must be a valid boolean; got 1"),
        ("{feature_views: 0}", "`training.feature_views` must be greater than 0; got 0"),
        ("{monitor: val_auc}", "`training.monitor` must be 'val_loss' or 'val_accuracy'; got 'val_auc'"),
        (
            "{early_stopping: {start_epoch: -1}}",
            "`training.early_stopping.start_epoch` must be greater than or equal to 0; got -1",
        ),
        (
            "{early_stopping: {patience: 0}}",
            "`training.early_stopping.patience` must be greater than 0; got 0",
        ),
        (
            "{early_stopping: {min_delta: -0.1}}",
            "`training.early_stopping.min_delta` must be greater than or equal to 0; got -0.1",
        ),
        (
            "{early_stopping: true}",
            "`training.early_stopping` must hold `key: value` lines; got True",
        ),
        *(
            (
                f"{{checkpoint: {{every: {every}}}}}",
                "`training.checkpoint.every` must be as in '5 minutes', '200 steps' or '1 epoch'; got " + shown,
            )
            for every, shown in [("5", "5"), ("0 steps", "'0 steps'"), ("1.5 epochs", "'1.5 epochs'"), ("2 h", "'2 h'")]
        ),
        ("{tensorboard: 1}", "`training.tensorboard` must be a valid boolean; got 1"),
        (
            "{precision: half}",
            "`training.precision` must be 'auto', 'float32', 'mixed_float16' or 'mixed_bfloat16'; got 'half'",
        ),
        ("{xla: maybe}", "`training.xla` must be true, false or auto; got 'maybe'"),
        (
            "{xla: true}",
            "`training` can have `xla: true` only with `deterministic: false`: XLA gives no promise of equal runs",
        ),
        (
            "{loss: class_balanced, imbalance: oversample}",
            "`training` can have `loss: class_balanced` or `imbalance: oversample`, not both: each makes up for rare "
            "classes, together they do it twice",
        ),
        ("{deterministic: never}", "`training.deterministic` must be a valid boolean; got 'never'"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(problems, training, sentence):
    assert problems(training) == [f"{sentence} (x.yaml:3)"]


def test_a_network_without_a_backbone_has_no_head_to_train_alone(problems):
    phases = "{phases: [{epochs: 1, train: all}, {epochs: 1}, {epochs: 1, train: {blocks: 1}}]}"
    assert problems(phases, "model.architecture=cervix_cnn") == [
        f"`training.phases.{number}.train` must be all for `cervix_cnn`, which has no backbone (x.yaml:3)"
        for number in (1, 2)
    ]
