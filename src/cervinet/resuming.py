"""Whether a run can go on, and from where: with the settings, the pictures and the classes that it began with."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cervinet import assembly, environment, pictures
from cervinet.config import Config, check, load_config
from cervinet.data.manifest import Manifest
from cervinet.errors import ConfigError, DataError, UsageError
from cervinet.files import sha256
from cervinet.progress import Progress
from cervinet.run import Run
from cervinet.yaml_source import override, parse_yaml, read_yaml

if TYPE_CHECKING:
    from cervinet.training.checkpoint import Saved
    from cervinet.training.devices import Device

_VERSIONS = ("cervinet", "tensorflow", "keras")


def settings(run: Run, config: Path | None, overrides: Sequence[str]) -> Config:
    """The config of a run to go on with, longer if `training.epochs` says so.

    Args:
        run: to go on with.
        config: a file that should say the same as the run's own, or None.
        overrides: settings of the command line.

    Raises:
        ConfigError: something else than `training.epochs` would change.
        UsageError: the run is finished.
    """
    own = check(read_yaml(run.config))
    if own.training.phases and any(one.startswith("training.epochs=") for one in overrides):
        raise ConfigError(
            f"`training.epochs` cannot be set for {run.path}: its `training.phases` say how long it is; train a new run"
        )
    if config:
        given = load_config(config, overrides)
        wanted = assembly.with_whole_paths(given.model_copy(update={"classes": given.classes or own.classes}))
    else:
        wanted = check(override(read_yaml(run.config), overrides))
    _refuse_changes(own, wanted, run)
    if run.status() == "finished" and wanted.training.epochs == own.training.epochs:
        longer = (
            f"; ask for more epochs, as in training.epochs={2 * own.training.epochs}" if own.training.epochs else ""
        )
        raise UsageError(f"{run.path} is finished{longer or ': its phases say how long it is'}, or train a new run")
    return wanted


def saved_state(run: Run, config: Config, progress: Progress) -> "Saved | None":
    """The newest whole checkpoint of a run, None where it has none.

    Raises:
        ConfigError: `config` differs from the settings that the checkpoint was made with.
        DataError: the division of the pictures does.
        UsageError: there are no more epochs to train.
    """
    from cervinet.training.checkpoint import Checkpoints

    saved = Checkpoints(run.checkpoints, run.best).newest(progress.say)
    if saved is None:
        if run.status() == "finished":
            raise UsageError(f"{run.path} is finished and has no checkpoint to go on from; train a new run")
        return None
    state, then = saved.state, check(parse_yaml(saved.facts["config"], str(saved.folder)))
    _refuse_changes(then, config, run)
    if not run.splits.is_file() or sha256(run.splits) != saved.facts["splits"]:
        raise DataError(f"{run.splits} is not as it was when {run.path} was trained; bring it back, or train a new run")
    wanted, begun = (sum(phase.epochs for phase in one.phases()) for one in (config, then))
    done = state.epoch + (state.step > 0)
    if wanted < done:
        raise ConfigError(f"`training.epochs` must be at least {done}, as many as {run.path} has begun; got {wanted}")
    if wanted > begun and state.tracker.stop:
        raise UsageError(
            f"{run.path} stopped early after epoch {state.epoch}, with no better {state.tracker.monitor} for "
            f"{state.tracker.waited} epochs, and would not go on; train a new run with a longer "
            "training.early_stopping.patience"
        )
    _warn_of_versions(saved.facts["versions"], progress)
    return saved


def same_pictures(run: Run, config: Config, saved: "Saved", progress: Progress) -> Manifest:
    """The pictures of a run as it divided them. Raises DataError where they, or their labels, are others by now."""
    manifest = pictures.own_pictures(config, run, progress)
    if pictures.regions_digest(config, manifest) != saved.facts["regions"]:
        raise DataError(
            f"the boxes, masks or finer classes of the pictures are not those that {run.path} was trained with; bring "
            "them back, or train a new run"
        )
    return manifest


def facts(config: Config, manifest: Manifest, run: Run, device: "Device") -> dict[str, Any]:
    """What a checkpoint says of the run that it belongs to."""
    return {
        "config": run.config.read_text("utf-8"),
        "splits": sha256(run.splits) if run.splits.is_file() else "",
        "regions": pictures.regions_digest(config, manifest),
        "precision": device.precision,
        "versions": environment.versions(),
    }


def _refuse_changes(own: Config, wanted: Config, run: Run) -> None:
    found = [
        (key, old, new)
        for key, old, new in changes(own.model_dump(mode="json"), wanted.model_dump(mode="json"))
        if key != "training.epochs"
    ]
    if found:
        lines = "\n".join(f"  {key}: {old} in the run, {new} now" for key, old, new in found)
        raise ConfigError(
            f"{run.path} can go on only with the settings it began with, but for training.epochs; put these back, or "
            f"train a new run:\n{lines}"
        )


def changes(own: Any, wanted: Any, key: str = "") -> Iterator[tuple[str, str, str]]:
    """(dotted key, value in the run, value now) of each setting that differs."""
    if isinstance(own, dict) and isinstance(wanted, dict):
        for name in {**own, **wanted}:
            yield from changes(own.get(name), wanted.get(name), f"{key}.{name}".lstrip("."))
    elif own != wanted:
        yield key, _shown(own), _shown(wanted)


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _warn_of_versions(then: dict[str, str], progress: Progress) -> None:
    now = environment.versions()
    changed = [f"{name} {then.get(name)}, now {now.get(name)}" for name in _VERSIONS if then.get(name) != now.get(name)]
    if changed:
        progress.say(
            f"Warning: the run began with {'; '.join(changed)}: it may go on differently from a run in one piece."
        )
