"""A run's phases of training, one after the other: each with the part of the network that learns in it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from cervinet import frozen, registry
from cervinet.config import Config
from cervinet.config_training import Phase
from cervinet.data.augment import Augmentation
from cervinet.data.feature_store import Features
from cervinet.data.imbalance import Emphasis, emphasis_of
from cervinet.data.manifest import Manifest
from cervinet.data.store import Images
from cervinet.files import write_atomically
from cervinet.models.objective import objective_of
from cervinet.progress import Progress
from cervinet.run import Run

if TYPE_CHECKING:
    import keras

    from cervinet.data.pipeline import Batches
    from cervinet.training.devices import Device
    from cervinet.training.fit import Course, Hooks
    from cervinet.training.learner import Learner
    from cervinet.training.state import State

_REDRAW_SECONDS = 10


@dataclass(frozen=True)
class Material:
    """What all phases learn from."""

    config: Config
    manifest: Manifest
    images: Images
    device: "Device"


def build_network(config: Config, manifest: Manifest, progress: Progress) -> "keras.Model":
    """The network with its first weights, of which is said where they come from."""
    from cervinet.models.build import build_model
    from cervinet.models.weights import load_weights

    wanted, settings = config.model, config.training.loss
    name, size = wanted.architecture.name, (*config.data.image_size, 3)
    head = objective_of(manifest, settings.name, settings.options).head
    model = build_model(name, size, len(manifest.classes), "none", wanted.architecture.options, head)
    if wanted.weights != "none":
        progress.say(f"Weights: {load_weights(model, name, wanted.weights)}")
    _let_learn(config, model, config.phases()[0])
    return model


def _let_learn(config: Config, model: "keras.Model", phase: Phase) -> None:
    from cervinet.models.freezing import set_trainable

    set_trainable(model, _backbone(config), phase.train, phase.batch_norm)


def _backbone(config: Config) -> str | None:
    name = config.model.architecture.name
    return name if registry.find("architecture", name).traits["pretrained"] else None


def fit_network(material: Material, model: "keras.Model", run: Run, progress: Progress) -> int:
    """Train phase by phase, then put the best weights back; the best epoch, counted from 1."""
    from cervinet.report.write import write_progress
    from cervinet.training.checkpoint import load_weights
    from cervinet.training.fit import fit

    config = material.config
    hooks = _Hooks(material, model, run, progress)
    state = first_state(config)
    phases = config.phases()
    frozen.announce_frozen(config, progress)
    while True:
        phase = phases[state.phase]
        learner = learner_of(material, model, phase)
        fit(learner, *_batches(material, model, phase, progress), state, course_of(config, phase), hooks.hooks())
        if state.phase + 1 == len(phases):
            break
        state.next_phase()
        load_weights(model, run.best)
    write_progress(state.history, config.training.monitor, run.progress_plot, material.manifest.note)
    load_weights(model, run.best)
    return state.tracker.best_epoch


def first_state(config: Config) -> "State":
    """Where a run begins."""
    from cervinet.training.state import State, Tracker

    monitor, stopping = config.training.monitor, config.training.early_stopping
    if stopping is None:
        return State(Tracker(monitor))
    return State(Tracker(monitor, stopping.patience, stopping.min_delta, stopping.start_epoch))


def learner_of(material: Material, model: "keras.Model", phase: Phase) -> "Learner":
    """The part of the network that learns in a phase, with a new optimizer."""
    from cervinet.models.freezing import layer_rates
    from cervinet.training.learner import Learner, forward_of, head_forward
    from cervinet.training.optimizers import make_optimizer

    config, device = material.config, material.device
    settings = config.training
    objective = objective_of(material.manifest, settings.loss.name, settings.loss.options)
    fixed = _backbone(config) if phase.train == "head" else None
    options, clip = settings.optimizer.options, settings.clip_norm
    with device.scope():
        _let_learn(config, model, phase)
        rates = layer_rates(model, _backbone(config), phase.layer_decay) if phase.layer_decay < 1 else None
        return Learner(
            model,
            head_forward(model) if frozen.uses_features(config, phase) else forward_of(model, fixed),
            objective.loss,
            make_optimizer(settings.optimizer.name, options, 1.0, clip_norm=clip, rates=rates),
            class_targets=objective.head.of_classes,
            accumulates=settings.accumulate > 1,
            ema=settings.ema,
            xla=device.xla,
            strategy=device.strategy,
        )


def course_of(config: Config, phase: Phase) -> "Course":
    from cervinet.training.fit import Course

    settings = config.training
    return Course(
        epochs=phase.epochs,
        learning_rate=phase.learning_rate or settings.learning_rate,
        schedule=registry.find("schedule", settings.schedule.name).function(**settings.schedule.options),
        accumulate=settings.accumulate,
        seed=config.seed,
        augmentation=Augmentation(**settings.augment.changes()),
        total=sum(one.epochs for one in config.phases()),
    )


def _batches(material: Material, model: "keras.Model", phase: Phase, progress: Progress) -> tuple["Batches", "Batches"]:
    """Of the training and of the validation part: of pictures, or of what the model as it is makes of them."""
    from cervinet.data.pipeline import batches_of

    config, manifest, images = material.config, material.manifest, material.images
    source: Images | Features = images
    if frozen.uses_features(config, phase):
        source = frozen.open_features(config, manifest, images, model, material.device, progress)
    settings, size = config.training, config.data.image_size
    emphasis = emphasis_of(manifest, settings.imbalance.name, settings.imbalance.options)
    subclasses = objective_of(manifest, settings.loss.name, settings.loss.options).subclasses

    def part(split: str, emphasis: Emphasis | None) -> "Batches":
        parts = material.device.parts
        return batches_of(manifest, source, split, size, settings.batch_size, parts, emphasis, subclasses)

    return part("train", emphasis), part("val", None)


class _Hooks:
    """What is written while the network learns."""

    def __init__(self, material: Material, model: "keras.Model", run: Run, progress: Progress) -> None:
        self._material, self._model, self._run, self._progress = material, model, run, progress
        self._drawn = time.perf_counter()

    def hooks(self) -> "Hooks":
        from cervinet.training.fit import Hooks

        return Hooks(self._progress, lambda: False, lambda state, stop: None, self._on_epoch, lambda state: None)

    def _on_epoch(self, state: "State", best: bool) -> None:
        from cervinet.report.write import write_progress
        from cervinet.training.checkpoint import not_saved, save_weights

        run = self._run
        try:
            if best:
                save_weights(self._model, run.best)
            write_atomically(run.history, pd.DataFrame(state.history).to_csv(index=False).encode())
        except OSError as error:
            raise not_saved(error, state.epoch + 1, run.best.parent) from None
        # Drawing takes a tenth of a second: after every epoch where epochs are long, less often where not.
        if time.perf_counter() - self._drawn > _REDRAW_SECONDS:
            monitor, note = self._material.config.training.monitor, self._material.manifest.note
            write_progress(state.history, monitor, run.progress_plot, note)
            self._drawn = time.perf_counter()
