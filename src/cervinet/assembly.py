"""A Config's settings handed to the components that train and judge; `pictures.py` does so for the data.

Each function takes what came before and plain values out of the Config; `workflow.py` calls them in order. TensorFlow
is imported by the functions that need it.
"""

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cervinet import environment, registry
from cervinet.config import Config
from cervinet.data.manifest import Manifest
from cervinet.errors import UsageError
from cervinet.files import replacing, write_atomically, write_json
from cervinet.inference.views import views_words
from cervinet.model_card import ModelCard
from cervinet.models.objective import objective_of
from cervinet.pictures import fixed_steps
from cervinet.progress import Progress
from cervinet.run import Run
from cervinet.training.cluster import Cluster, find_cluster

if TYPE_CHECKING:
    import keras

    from cervinet.inference.predictor import Predictor
    from cervinet.training.checkpoint import Saved
    from cervinet.training.devices import Device


def cluster() -> Cluster:
    """The processes that train together, by the environment of this one."""
    return find_cluster(os.environ)


def check_alone(what: str) -> None:
    """Raises a UsageError where other processes are to work with this one on what only one can do."""
    if cluster().workers:
        raise UsageError(f"{what} runs in one process; start it without TF_CONFIG and not by srun with several tasks")


def set_up_device(config: Config, progress: Progress, precision: str | None = None) -> "Device":
    """Settle what the network runs on, and join the other processes that train it, where there are any.

    A run that goes on keeps the precision that it began with.
    """
    from cervinet.training.devices import set_up

    settings, joined = config.training, cluster()
    if joined.workers:
        progress.say(f"Waiting for the other workers: {', '.join(joined.workers[1:])}")
    return set_up(
        seed=config.seed,
        precision=precision or settings.precision,
        xla=settings.xla,
        deterministic=settings.deterministic,
        cluster=joined,
    )


def agree(device: "Device", config: Config, manifest: Manifest, saved: "Saved | None") -> None:
    """Raises a TrainingError when the processes that train together would not do the same."""
    from cervinet.training import company

    settings = config.model_dump_json(
        exclude={
            "data": {"root": True, "cache": True, "split": {"file", "val_root", "test_root"}},
            "model": {"weights"},
        }
    )
    versions = json.dumps([environment.versions(), device.precision, device.xla])
    checkpoint = saved.digest if saved else ""
    pictures = manifest.table.to_csv(index=False)
    facts = {"settings": settings, "pictures": pictures, "versions": versions, "checkpoints": checkpoint}
    company.agree(device.cluster, device.strategy, facts)


def agree_on_weights(device: "Device", model: "keras.Model") -> None:
    """Raises a TrainingError when the processes that train together begin with other weights."""
    from cervinet.training import company

    if device.cluster.workers:
        sums = [sha256(weights.tobytes()).hexdigest() for weights in model.get_weights()]
        company.agree(device.cluster, device.strategy, {"first weights": " ".join(sums)})


def meet(device: "Device") -> None:
    """Wait for the other processes that train; one that leaves early would be taken for dead."""
    from cervinet.training import company

    company.meet(device.cluster, device.strategy)


def watched(device: "Device", run: Run | None) -> AbstractContextManager[None]:
    """While other processes train with this one: a TrainingError says which of them is gone.

    `run`: to go on with; None where nothing is kept.
    """
    from cervinet.training import company

    if run is None:
        return company.watched(device.cluster, "start the same command on every machine again")
    where = run.path if device.cluster.chief else "RUN"
    return company.watched(device.cluster, f"go on with `cervinet train --resume {where}`, started on every machine")


def check_weights(config: Config) -> None:
    """Raises a ConfigError when `model.weights` names a file that is not there."""
    from cervinet.models.weights import check_weights

    check_weights(config.model.weights)


def save_model(config: Config, manifest: Manifest, model: "keras.Model", run: Run) -> "Predictor":
    """Write the network for use: float32, with its card."""
    from cervinet.inference.keras_engine import KerasEngine
    from cervinet.inference.predictor import Predictor
    from cervinet.models.build import in_float32

    architecture, loss = config.model.architecture, config.training.loss
    objective = objective_of(manifest, loss.name, loss.options)
    model = in_float32(model, architecture.name, architecture.options, objective.head)
    with replacing(run.model) as temporary:
        model.save(temporary)
    card = ModelCard(
        classes=manifest.classes,
        image_size=config.data.image_size,
        preprocess=fixed_steps(config),
        architecture=architecture.name,
        note=manifest.note,
        not_deployable=not_deployable(config),
        versions=environment.versions(),
        subclasses=objective.subclasses,
        views=config.evaluation.views,
        descriptions=config.descriptions,
    )
    return Predictor(KerasEngine(model, card.image_size), card)


def not_deployable(config: Config) -> str:
    """Why new pictures cannot be treated like those of training; empty where they can."""
    drawn = [s.name for s in config.data.preprocess if registry.find("preprocess", s.name).traits.get("from_experts")]
    return f"{drawn[0]} needs masks that experts draw, which new pictures do not have" if drawn else ""


def write_config(config: Config, classes: Sequence[str], run: Run) -> None:
    """Write down first what is to be done: a run without it could not go on."""
    settled = with_whole_paths(config.model_copy(update={"classes": list(classes)}))
    write_atomically(run.config, settled.to_yaml().encode())


def write_environment(config: Config, run: Run, device: "Device", resumed: bool) -> None:
    """On what the run was made; where it goes on, its beginning stays, and this is added."""
    found = environment.describe(seed=config.seed, device=device.name, precision=device.precision)
    if resumed and run.environment.is_file():
        begun = json.loads(run.environment.read_text("utf-8"))
        found = begun | {"resumed": [*begun.get("resumed", []), found]}
    write_json(run.environment, found)


def with_whole_paths(config: Config) -> Config:
    """The config as it holds from any folder."""
    data, weights = config.data, config.model.weights
    paths = {name: getattr(data.split, name) for name in ("file", "val_root", "test_root")}
    split = data.split.model_copy(update={name: path and path.resolve() for name, path in paths.items()})
    whole = {"root": data.root and data.root.resolve(), "cache": data.cache and data.cache.resolve(), "split": split}
    named = weights in ("none", "imagenet")
    model = config.model if named else config.model.model_copy(update={"weights": str(Path(weights).resolve())})
    file = config.evaluation.subgroup_file
    evaluation = config.evaluation.model_copy(update={"subgroup_file": file and file.resolve()})
    return config.model_copy(update={"data": data.model_copy(update=whole), "model": model, "evaluation": evaluation})


def caption(manifest: Manifest, card: ModelCard) -> str:
    """What must be said with every result on these pictures from this network or ensemble."""
    networks = f"{len(card.members)} networks" if card.members else ""
    return ", ".join(filter(None, (manifest.caption(), networks, views_words(card.views))))
