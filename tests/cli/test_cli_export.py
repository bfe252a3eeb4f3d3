"""`cervinet export`: what is refused, and that nothing is left of what does not agree."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from cervinet import exporting
from cervinet.exporters.export import Outputs
from cervinet.files import write_json
from cervinet.model_card import Member
from cervinet.run import Run
from world import World, cervinet

pytestmark = pytest.mark.slow

Tampered = Callable[[Mapping[str, Outputs]], Mapping[str, Outputs]]


@pytest.fixture
def run(world: World, tmp_path: Path) -> Path:
    """A run of its own, to be spoilt."""
    return Path(shutil.copytree(world.run, tmp_path / "run"))


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tampered], None]:
    """Change what the fresh process says."""

    def change(tampered: Tampered) -> None:
        real = exporting.answers
        monkeypatch.setattr(exporting, "answers", lambda *arguments: tampered(real(*arguments)))

    return change


def with_card(run: Path, **changes: object) -> Path:
    card = replace(Run(run).read_card(), **changes)
    write_json(Run(run).card, asdict(card))
    return run


def refused(*arguments: object, code: int) -> str:
    result = cervinet("export", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    return result.stderr


def test_an_unknown_format(world):
    assert refused(world.run, "--format", "savedmodel", code=2) == (
        "Error: --format must be one of keras, litert, onnx, saved_model; got 'savedmodel' "
        "(did you mean 'saved_model'?)\n"
    )


def test_a_folder_with_files(world, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    assert refused(world.run, "--format", "keras", "--to", tmp_path / "full", code=2) == (
        f"Error: {tmp_path}/full must be absent or empty, so that nothing is overwritten; it has files\n"
    )
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_a_changed_model_file(run):
    data = bytearray((run / "model.keras").read_bytes())
    data[len(data) // 2] ^= 1
    (run / "model.keras").write_bytes(data)
    assert refused(run, "--format", "keras", "--quiet", code=1) == (
        f"Error: {run}/model.keras is not the file that this run saved (its SHA-256 is not the one in model.json); "
        "bring the original back, or train again\n"
    )
    assert not (run / "exports").exists()


def test_a_network_that_needs_experts(run):
    with_card(run, not_deployable="crop_to_masks needs masks that experts draw, which new pictures do not have")
    assert refused(run, "--format", "onnx", code=2) == (
        f"Error: {run} cannot be exported, for its network is for studies only: crop_to_masks needs masks that experts "
        "draw, which new pictures do not have\n"
    )


def test_an_ensemble_says_how_its_members_are_exported(run):
    with_card(run, members=(Member("members/1", 0.5, "/runs/one"), Member("members/2", 0.5, "/runs/the other")))
    assert refused(run, "--format", "litert", code=2) == (
        f"Error: {run} is an ensemble, whose 2 networks have a preprocessing each; export these, and average what they "
        "say by the weights in model.json: cervinet export /runs/one --format litert; "
        "cervinet export '/runs/the other' --format litert\n"
    )


def test_pictures_that_are_not_at_hand(world, run, tmp_path):
    config = (run / "config.yaml").read_text(encoding="utf-8")
    (run / "config.yaml").write_text(config.replace(str(world.pictures), str(tmp_path / "gone")), encoding="utf-8")
    said = refused(run, "--format", "keras", code=3)
    assert said.startswith("Error: ")
    assert said.endswith("; or name a folder of other pictures with --pictures\n")
    assert str(tmp_path / "gone") in said

    result = cervinet("export", run, "--format", "keras", "--pictures", world.pictures, "--to", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Compared with the run on 32 pictures of {world.pictures}\n")
    assert json.loads((tmp_path / "out" / "card.json").read_text())["hashes"].keys() == {"model.keras"}


def test_an_export_that_says_something_else_is_not_kept(world, tmp_path, fresh):
    fresh(lambda answers: {part: {"probabilities": found["probabilities"][:, ::-1]} for part, found in answers.items()})
    said = refused(world.run, "--format", "keras", "--to", tmp_path / "out", "--quiet", code=1)
    assert said.startswith(
        "Error: the export does not agree with its run and was not kept: the largest difference of a probability of "
        "model.keras is 0."
    )
    assert said.endswith(", 1e-05 is allowed; use another format\n")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_an_export_that_cannot_be_loaded_is_not_kept(world, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    real = exporting.answers

    def spoilt(name, folder, given):
        (folder / "model.onnx").write_bytes(b"no network")
        return real(name, folder, given)

    monkeypatch.setattr(exporting, "answers", spoilt)
    said = refused(world.run, "--format", "onnx", "--to", tmp_path / "out", "--quiet", code=1)
    assert said.startswith("Error: the export was not kept, for it cannot be used in a process of its own: ")
    assert "model.onnx cannot be loaded by onnxruntime" in said
    assert list((tmp_path / "out").iterdir()) == []


def test_coarse_numbers_that_are_nonsense_are_left_out(world, tmp_path, fresh):
    def constant(answers: Mapping[str, Outputs]) -> Mapping[str, Outputs]:
        nonsense = np.eye(3, dtype=np.float32)[np.zeros(len(answers["int8"]["probabilities"]), int)]
        return {**answers, "int8": {"probabilities": nonsense}}

    fresh(constant)
    result = cervinet("export", world.run, "--format", "litert", "--to", tmp_path / "out", "--quiet")
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "card.json",
        "float16.tflite",
        "float32.tflite",
    ]
    [said] = [line for line in result.stdout.splitlines() if "left out" in line]
    assert said.startswith("  int8.tflite was left out: the mean difference of a probability of int8 is 0.")
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert [part["name"] for part in card["parts"]] == ["float32", "float16"]
    assert card["remarks"][0] == said.strip()


def test_a_new_folder_in_the_run_unless_one_is_named(run):
    result = cervinet("export", run, "--format", "onnx", "--quiet")
    assert result.exit_code == 0
    [folder] = (run / "exports").iterdir()
    assert folder.name.endswith("-onnx")
    assert result.stdout.splitlines()[-1] == f"Export: {folder}"
    assert (folder / "model.onnx").read_bytes() == (run / "model.onnx").read_bytes()


def test_steps_that_tensorflow_cannot_do_leave_a_signature_out(run):
    with_card(run, preprocess=(("clahe", {}), ("letterbox", {"fill": 0})))
    result = cervinet("export", run, "--format", "saved_model", "--quiet")
    assert result.exit_code == 0
    assert (
        "  it has no signature 'bytes', for its preprocessing has the step clahe, which it cannot do\n" in result.stdout
    )
    [card] = (run / "exports").glob("*/card.json")
    assert [part["name"] for part in json.loads(card.read_text())["parts"]] == ["serving_default"]
