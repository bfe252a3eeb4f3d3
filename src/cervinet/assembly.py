"""A Config's settings handed to the components that train and judge; `pictures.py` does so for the data.

Each function takes what came before and plain values out of the Config; `workflow.py` calls them in order. TensorFlow
is imported by the functions that need it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from cervinet import environment, registry
from cervinet.config import Config
from cervinet.data.manifest import Manifest
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.predictions import Predictions
from cervinet.files import replacing, write_atomically
from cervinet.inference.views import views_words
from cervinet.model_card import ModelCard
from cervinet.pictures import fixed_steps
from cervinet.run import Run, write_json

if TYPE_CHECKING:
    import keras

    from cervinet.inference.predictor import Predictor
    from cervinet.training.devices import Device


def set_up_device(config: Config) -> "Device":
    from cervinet.training.devices import set_up

    settings = config.training
    return set_up(
        seed=config.seed, precision=settings.precision, xla=settings.xla, deterministic=settings.deterministic
    )


def check_weights(config: Config) -> None:
    """Raises a ConfigError when `model.weights` names a file that is not there."""
    from cervinet.models.build import check_weights

    check_weights(config.model.weights)


def save_model(config: Config, manifest: Manifest, model: "keras.Model", run: Run) -> "Predictor":
    """Write the network for use: float32, with its card."""
    from cervinet.inference.predictor import Predictor
    from cervinet.models.build import in_float32

    architecture = config.model.architecture
    model = in_float32(model, architecture.name, architecture.options)
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
        views=config.evaluation.views,
    )
    run.write_card(card)
    return Predictor(model, card)


def not_deployable(config: Config) -> str:
    """Why new pictures cannot be treated like those of training; empty where they can."""
    drawn = [s.name for s in config.data.preprocess if registry.find("preprocess", s.name).traits.get("from_experts")]
    return f"{drawn[0]} needs masks that experts draw, which new pictures do not have" if drawn else ""


def write_inputs(config: Config, manifest: Manifest, run: Run, device: "Device") -> None:
    """Write down what the run was made from, before it begins."""
    settled = with_whole_paths(config.model_copy(update={"classes": list(manifest.classes)}))
    write_atomically(run.config, settled.to_yaml().encode())
    write_json(
        run.environment,
        environment.describe(seed=config.seed, device=device.name, precision=device.precision),
    )


def with_whole_paths(config: Config) -> Config:
    """The config as it holds from any folder."""
    data, weights = config.data, config.model.weights
    paths = {name: getattr(data.split, name) for name in ("file", "val_root", "test_root")}
    split = data.split.model_copy(update={name: path and path.resolve() for name, path in paths.items()})
    whole = {"root": data.root and data.root.resolve(), "cache": data.cache and data.cache.resolve(), "split": split}
    named = weights in ("none", "imagenet")
    model = config.model if named else config.model.model_copy(update={"weights": str(Path(weights).resolve())})
    return config.model_copy(update={"data": data.model_copy(update=whole), "model": model})


def caption(manifest: Manifest, card: ModelCard) -> str:
    """What must be said with every result on these pictures from this network or ensemble."""
    networks = f"{len(card.members)} networks" if card.members else ""
    return ", ".join(filter(None, (manifest.caption(), networks, views_words(card.views))))


def judge(config: Config, predictions: Predictions, folder: Path, note: str) -> Evaluation:
    """Metrics and plots of predictions, written into a folder."""
    from cervinet.report.write import write_evaluation

    settings = config.evaluation
    return write_evaluation(
        predictions, folder, draws=settings.draws, confidence=settings.confidence, seed=config.seed, note=note
    )
