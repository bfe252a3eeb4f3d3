"""A checkpoint is whole or it is not used, whatever stops its writing, and the best weights go with it."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from cervinet.errors import TrainingError
from cervinet.models.build import build_model
from cervinet.training.checkpoint import Checkpoints, load_weights, save_weights, saving
from cervinet.training.state import State, Tracker

FACTS = {"config": "name: run\n"}


def variables(number: float) -> list[tf.Variable]:
    return [tf.Variable(np.full((2, 3), number, np.float32)), tf.Variable(np.uint32(number)), tf.Variable(number > 1)]


def state(steps: int, *, best: int = 1) -> State:
    return State(Tracker("val_loss", best=-0.1 - 0.2, best_epoch=best), epoch=1, step=steps, steps=steps)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "best.weights.h5").write_bytes(b"best 1")
    return tmp_path


def checkpoints(folder: Path) -> Checkpoints:
    return Checkpoints(folder, folder / "best.weights.h5")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_saved_comes_back(folder: Path) -> None:
    checkpoints(folder).save(state(7), variables(4), FACTS)
    saved = checkpoints(folder).newest(pytest.fail)
    assert (saved.state, saved.facts, saved.folder) == (state(7), FACTS, folder / "step-00000007")
    found = variables(0)
    saved.put_into(found)
    assert [one.numpy().tolist() for one in found] == [one.numpy().tolist() for one in variables(4)]
    assert names(saved.folder) == ["best.weights.h5", "manifest.json", "state.json", "variables.npz"]


def test_minus_infinity_before_the_first_epoch_comes_back(folder: Path) -> None:
    first = State(Tracker("val_loss"), step=1, steps=1)
    checkpoints(folder).save(first, variables(1), FACTS)
    assert checkpoints(folder).newest(pytest.fail).state == first
    assert "best.weights.h5" not in names(folder / "step-00000001")


def test_two_are_kept_and_one_at_the_end(folder: Path) -> None:
    kept = checkpoints(folder)
    for steps in (8, 9, 10, 11):
        kept.save(state(steps), variables(steps), FACTS)
    assert names(folder) == ["best.weights.h5", "step-00000010", "step-00000011"]
    ended = State(Tracker("val_loss"), epoch=2, steps=11)
    kept.save(ended, variables(11), FACTS, keep=1)
    assert names(folder) == ["best.weights.h5", "step-00000011-judged"]
    assert kept.newest(pytest.fail).state == ended


def test_without_a_checkpoint_there_is_none(tmp_path: Path) -> None:
    assert checkpoints(tmp_path / "absent").newest(pytest.fail) is None


@pytest.mark.parametrize("name", ["state.json", "variables.npz", "best.weights.h5", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "removed"])
def test_a_damaged_one_is_passed_over_and_said(folder: Path, name: str, damage: str) -> None:
    for steps in (8, 9):
        (folder / "best.weights.h5").unlink()
        (folder / "best.weights.h5").write_bytes(b"best %d" % steps)
        checkpoints(folder).save(state(steps), variables(steps), FACTS)
    path = folder / "step-00000009" / name
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    if damage == "changed":
        place = content.index(b'":') if name == "manifest.json" else len(content) // 2
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    said: list[str] = []
    assert checkpoints(folder).newest(said.append).state == state(8)
    assert len(said) == 1
    assert said[0].startswith(f"Warning: the checkpoint {folder / 'step-00000009'} is damaged (")
    assert said[0].endswith("); looking for an older one.")
    if damage == "removed":
        assert f"({name} is missing)" in said[0]
    elif name != "manifest.json":
        assert f"({name} is not as it was written)" in said[0]


def test_the_best_weights_of_its_time_are_put_back_and_what_is_newer_is_removed(folder: Path) -> None:
    kept, best = checkpoints(folder), folder / "best.weights.h5"
    kept.save(state(8), variables(8), FACTS)
    shutil.copytree(folder / "step-00000008", folder / "step-00000009")
    (folder / ".0a1b2c3d-step-00000010").mkdir()
    (folder / ".0a1b2c3d-best.weights.h5").touch()
    with_better = folder / "better"
    with_better.write_bytes(b"best 2")
    os.replace(with_better, best)
    (folder / "step-00000009" / "state.json").unlink()
    kept.go_back_to(kept.newest(lambda text: None))
    assert names(folder) == ["best.weights.h5", "step-00000008"]
    assert best.read_bytes() == b"best 1"


def test_a_disk_without_hard_links_gets_copies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    checkpoints(folder).save(state(8), variables(8), FACTS)
    (folder / "best.weights.h5").write_bytes(b"other")
    checkpoints(folder).go_back_to(checkpoints(folder).newest(pytest.fail))
    assert (folder / "best.weights.h5").read_bytes() == b"best 1"


def test_a_checkpoint_of_another_network_is_refused(folder: Path) -> None:
    checkpoints(folder).save(state(8), variables(8), FACTS)
    saved = checkpoints(folder).newest(pytest.fail)
    with pytest.raises(TrainingError) as error:
        saved.put_into(variables(8)[:2])
    assert str(error.value) == (
        f"the checkpoint {folder / 'step-00000008'} is of another network or optimizer than this version makes; go on "
        "with the versions that began the run, which its environment.json names"
    )


BOUNDARIES = [(os, "fsync"), (os, "rename"), (os, "open"), (Path, "write_text"), (Path, "open"), (np, "savez")]


class KilledError(BaseException):
    pass


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> Iterator[list[int]]:
    """Let the call with this number, counted over every boundary, raise."""
    calls = [0]

    def broken(original):
        def call(*arguments, **options):
            calls[0] += 1
            if calls[0] == at:
                raise error
            return original(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for owner, name in BOUNDARIES:
            patch.setattr(owner, name, broken(getattr(owner, name)))
        yield calls


def number_of_boundaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    (tmp_path / "best.weights.h5").touch()
    with failing(monkeypatch, -1, KilledError()) as calls:
        checkpoints(tmp_path).save(state(3), variables(3), FACTS)
    return calls[0]


def test_a_disk_that_fills_up_at_any_point_of_a_save_leaves_the_one_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "count").mkdir()
    number = number_of_boundaries(tmp_path / "count", monkeypatch)
    assert number > 12
    outcomes = []
    for at in range(1, number + 1):
        folder = tmp_path / f"{at}"
        folder.mkdir()
        (folder / "best.weights.h5").write_bytes(b"best 1")
        checkpoints(folder).save(state(8), variables(8), FACTS)
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with failing(monkeypatch, at, full), pytest.raises(TrainingError) as error, saving("epoch 1, step 9", folder):
            checkpoints(folder).save(state(9), variables(9), FACTS)
        assert str(error.value) == (
            f"epoch 1, step 9 could not be saved under {folder}: the disk is full; the checkpoints before it are "
            f"whole: make room and go on with `cervinet train --resume {folder}`"
        )
        assert not [name for name in names(folder) if name.startswith(".")]
        outcomes.append(checkpoints(folder).newest(pytest.fail).state.steps)
        assert (folder / "best.weights.h5").read_bytes() == b"best 1"
    # Only what comes after the folder has its name leaves the new one, whole.
    assert outcomes == [8] * outcomes.count(8) + [9] * outcomes.count(9)
    assert outcomes.count(9) <= 2


def test_a_process_killed_at_any_point_of_a_save_leaves_a_whole_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "count").mkdir()
    number = number_of_boundaries(tmp_path / "count", monkeypatch)
    for at in range(1, number + 1):
        folder = tmp_path / f"{at}"
        folder.mkdir()
        (folder / "best.weights.h5").write_bytes(b"best 1")
        checkpoints(folder).save(state(8), variables(8), FACTS)
        with failing(monkeypatch, at, KilledError()), monkeypatch.context() as patch:
            patch.setattr(shutil, "rmtree", lambda *arguments, **options: None)  # the dead tidy nothing
            with pytest.raises(KilledError):
                checkpoints(folder).save(state(9), variables(9), FACTS)
        kept = checkpoints(folder)
        saved = kept.newest(pytest.fail)
        assert saved.state in (state(8), state(9))
        found = variables(0)
        saved.put_into(found)
        assert found[0].numpy()[0, 0] == saved.state.steps
        kept.go_back_to(saved)
        assert {name[:4] for name in names(folder)} == {"best", "step"}


def test_a_disk_that_is_full_leaves_the_best_weights_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = build_model("skin_cnn", (28, 28, 3), 2), tmp_path / "best.weights.h5"
    save_weights(model, path)
    before = path.read_bytes()

    def full(self: keras.Model, path: Path, overwrite: bool) -> None:
        Path(path).write_bytes(b"half")
        # As h5py words it: the number stands in the text alone.
        raise OSError("Can't write data (errno = 28, error message = 'No space left on device')")

    monkeypatch.setattr(keras.Model, "save_weights", full)
    with pytest.raises(TrainingError) as error, saving("epoch 2", tmp_path):
        save_weights(model, path)
    assert "epoch 2 could not be saved" in str(error.value)
    assert ": the disk is full; " in str(error.value)
    assert names(tmp_path) == ["best.weights.h5"]
    assert path.read_bytes() == before


def test_weights_come_back(tmp_path: Path) -> None:
    model = build_model("skin_cnn", (28, 28, 3), 2)
    before = [np.array(value) for value in model.get_weights()]
    save_weights(model, tmp_path / "w.weights.h5")
    model.set_weights([value + 1 for value in before])
    load_weights(model, tmp_path / "w.weights.h5")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_the_facts_are_readable_by_people(folder: Path) -> None:
    checkpoints(folder).save(state(8), variables(8), FACTS)
    values = json.loads((folder / "step-00000008" / "state.json").read_text())
    assert values["facts"] == FACTS
    assert values["state"]["steps"] == 8
