"""A run's phases of training, one after the other: each with the part of the network that learns in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cervinet import registry
from cervinet.config import Config
from cervinet.config_training import Phase
from cervinet.data.augment import Augmentation
from cervinet.data.imbalance import emphasis_of
from cervinet.data.manifest import Manifest
from cervinet.data.store import Images
from cervinet.interruption import Interrupted, requests_to_end
from cervinet.keeping import Keeper
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


def build_network(config: Config, manifest: Manifest, *, weights: bool = True) -> "keras.Model":
    """The network of a config, with the weights that it names unless others are to be put in."""
    from cervinet.models.build import build_model

    wanted = config.model
    return build_model(
        wanted.architecture.name,
        (*config.data.image_size, 3),
        len(manifest.classes),
        wanted.weights if weights else "none",
        wanted.architecture.options,
    )


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
    from cervinet.report.write import write_progress
    from cervinet.training.checkpoint import load_weights
    from cervinet.training.faults import place
    from cervinet.training.fit import fit

    config, phases = material.config, material.config.phases()
    state = saved.state if saved else first_state(config)
    with requests_to_end() as asked:
        keeper = Keeper(material, model, run, progress, state, asked)
        keeper.begin(saved)
        while True:
            phase = phases[state.phase]
            learner = learner_of(material, model, phase)
            train, val = _batches(material)
            if saved:
                saved.put_into(learner.variables())
                saved = None
                over = phase is phases[-1] and (state.tracker.stop or state.epoch == state.began + phase.epochs)
                progress.say("All epochs are done." if over else f"Going on at {place(state, train.steps)}.")
            keeper.turn_to(learner, train.steps)
            try:
                fit(learner, train, val, state, course_of(config, phase), keeper.hooks())
            except Interrupted:
                keeper.save()
                raise
            if state.phase + 1 == len(phases):
                break
            state.next_phase()
            load_weights(model, run.best)
        keeper.end()
    write_progress(state.history, config.training.monitor, run.progress_plot, material.manifest.note)
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
    from cervinet.training.learner import Learner, forward_of

    config, device = material.config, material.device
    settings = config.training
    backbone = config.model.architecture.name if phase.train == "head" else None
    with device.scope():
        return Learner(
            model,
            forward_of(model, backbone),
            registry.find("loss", settings.loss.name).function(**settings.loss.options),
            registry.find("optimizer", settings.optimizer.name).function(1.0, **settings.optimizer.options),
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


def _batches(material: Material) -> tuple["Batches", "Batches"]:
    """Of the training and of the validation part."""
    from cervinet.data.pipeline import batches_of

    config, manifest = material.config, material.manifest
    settings, size = config.training, config.data.image_size
    emphasis = emphasis_of(manifest, settings.imbalance.name, settings.imbalance.options)
    replicas = material.device.replicas
    train = batches_of(manifest, material.images, "train", size, settings.batch_size, replicas, emphasis)
    return train, batches_of(manifest, material.images, "val", size, settings.batch_size, replicas)
