"""A run's phases of training, one after the other: each with the part of the network that learns in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cervinet import frozen, registry
from cervinet.config import Config
from cervinet.config_training import Phase
from cervinet.data.augment import Augmentation
from cervinet.data.feature_store import Features
from cervinet.data.imbalance import Emphasis, emphasis_of
from cervinet.data.manifest import Manifest
from cervinet.data.store import Images
from cervinet.interruption import Interrupted, requests_to_end
from cervinet.keeping import Keeper
from cervinet.models.objective import objective_of
from cervinet.progress import Progress
from cervinet.run import Run

if TYPE_CHECKING:
    import keras

    from cervinet.data.pipeline import Batches
    from cervinet.training.checkpoint import Saved
    from cervinet.training.devices import Device
    from cervinet.training.fit import Course
    from cervinet.training.learner import Learner
    from cervinet.training.state import State


@dataclass(frozen=True)
class Material:
    """What all phases learn from."""

    config: Config
    manifest: Manifest
    images: Images
    device: "Device"


def build_network(config: Config, manifest: Manifest, progress: Progress, *, weights: bool = True) -> "keras.Model":
    """The network of a config, with the weights that it names, of which it is said, unless others are to be put in."""
    from cervinet.models.build import build_model
    from cervinet.models.weights import load_weights

    wanted, settings = config.model, config.training.loss
    name, size = wanted.architecture.name, (*config.data.image_size, 3)
    head = objective_of(manifest, settings.name, settings.options).head
    model = build_model(name, size, len(manifest.classes), "none", wanted.architecture.options, head)
    if weights and wanted.weights != "none":
        progress.say(f"Weights: {load_weights(model, name, wanted.weights)}")
    _let_learn(config, model, config.phases()[0])
    return model


def _let_learn(config: Config, model: "keras.Model", phase: Phase) -> None:
    from cervinet.models.freezing import set_trainable

    set_trainable(model, _backbone(config), phase.train, phase.batch_norm)


def _backbone(config: Config) -> str | None:
    name = config.model.architecture.name
    return name if registry.find("architecture", name).traits["pretrained"] else None


def fit_network(
    material: Material, model: "keras.Model", run: Run, progress: Progress, saved: "Saved | None" = None
) -> int:
    """Train phase by phase, from the beginning or from a state that was saved; then put the best weights back.

    Returns:
        The best epoch, counted from 1.

    Raises:
        Interrupted: the process was asked to end; the state is saved.
        TrainingError: what `fit` raises, or the disk takes no more.
    """
    from cervinet.training.checkpoint import load_weights
    from cervinet.training.faults import place
    from cervinet.training.fit import fit

    config, phases = material.config, material.config.phases()
    state = saved.state if saved else first_state(config)
    frozen.announce_frozen(config, progress)
    with requests_to_end() as asked:
        keeper = Keeper(material, model, run, progress, state, asked)
        keeper.begin(saved)
        while True:
            phase = phases[state.phase]
            learner = learner_of(material, model, phase)
            if saved:
                saved.put_into(learner.variables())
            keeper.turn_to(learner)
            try:
                train, val = _batches(material, model, phase, progress, keeper.end_if_asked)
                keeper.steps = train.steps
                if saved:
                    saved = None
                    over = phase is phases[-1] and (state.tracker.stop or state.epoch == state.began + phase.epochs)
                    progress.say("All epochs are done." if over else f"Going on at {place(state, train.steps)}.")
                fit(learner, train, val, state, course_of(config, phase), keeper.hooks())
            except Interrupted:
                keeper.save()
                raise
            finally:
                keeper.write_best()
            if state.phase + 1 == len(phases):
                break
            state.next_phase()
            load_weights(model, run.best)
        keeper.end()
    load_weights(model, run.best)
    return state.tracker.best_epoch


def first_state(config: Config) -> "State":
    """Where a run begins."""
    from cervinet.training.state import State, Tracker

    stopping = config.training.early_stopping
    if stopping is None:
        return State(Tracker(config.training.monitor))
    return State(Tracker(config.training.monitor, stopping.patience, stopping.min_delta, stopping.start_epoch))


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


def _batches(
    material: Material, model: "keras.Model", phase: Phase, progress: Progress, on_batch: Callable[[str], None]
) -> tuple["Batches", "Batches"]:
    """Of the training and of the validation part: of pictures, or of what the model as it is makes of them."""
    from cervinet.data.pipeline import batches_of

    config, manifest, images = material.config, material.manifest, material.images
    source: Images | Features = images
    if frozen.uses_features(config, phase):
        source = frozen.open_features(
            config, manifest, images, model, material.device, progress, lambda: on_batch("all features were computed")
        )
    settings, size = config.training, config.data.image_size
    emphasis = emphasis_of(manifest, settings.imbalance.name, settings.imbalance.options)
    subclasses = objective_of(manifest, settings.loss.name, settings.loss.options).subclasses

    def part(split: str, emphasis: Emphasis | None) -> "Batches":
        parts = material.device.parts
        return batches_of(manifest, source, split, size, settings.batch_size, parts, emphasis, subclasses)

    return part("train", emphasis), part("val", None)
