"""The input gate as a user meets it: flags beside a class, no class where the card refuses, files that were changed."""

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from cervinet.files import sha256
from world import World, cervinet

pytestmark = pytest.mark.slow


@pytest.fixture
def black(tmp_path: Path) -> Path:
    path = tmp_path / "black.png"
    path.write_bytes(cv2.imencode(".png", np.zeros((32, 40, 3), np.uint8))[1].tobytes())
    return path


@pytest.fixture
def run(world: World, tmp_path: Path) -> Path:
    return Path(shutil.copytree(world.run, tmp_path / "copy"))


def changed_card(run: Path, **gate: object) -> None:
    card = json.loads((run / "model.json").read_text())
    (run / "model.json").write_text(json.dumps(card | {"gate": card["gate"] | gate}))


def predicted(run: Path, *pictures: Path) -> list[dict[str, object]]:
    result = cervinet("predict", *pictures, "--run", run, "--json")
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_flags_stand_beside_the_class(world: World, black: Path) -> None:
    usual, odd = predicted(world.run, world.some(1)[0], black)
    assert usual["flags"] == []
    assert {"dark", "blurred", "unlike"} <= set(odd["flags"])
    assert odd["class"] in odd["probabilities"]


def test_a_card_that_refuses_gives_no_class(run: Path, world: World, black: Path) -> None:
    changed_card(run, refuse=["unlike"])
    usual, odd = predicted(run, world.some(1)[0], black)
    assert usual["class"] is not None
    assert (odd["class"], odd["why"]) == (None, "not assessed")
    assert "unlike" in odd["flags"]


def test_the_settings_say_what_is_refused(world: World) -> None:
    card = json.loads((world.run / "model.json").read_text())
    assert (card["gate"]["share"], card["gate"]["refuse"]) == (0.01, [])
    assert "likeness.npz" in card["hashes"]


def test_the_table_of_test_pictures_has_the_flags(world: World) -> None:
    with (world.run / "predictions_test.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = predicted(world.run, *(world.pictures / row["image"] for row in rows))
    assert [row["flags"].split() for row in rows] == [one["flags"] or ["none"] for one in found]
    gate = json.loads((world.run / "metrics.json").read_text())["gate"]
    flagged = [row["flags"] != "none" for row in rows]
    assert gate["any"]["value"] == pytest.approx(np.mean(flagged))
    assert gate["any"]["n"] == len(rows)
    assert gate["refused"]["value"] == 0


def test_flags_divide_the_pictures_into_subgroups(world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = cervinet("evaluate", world.run, "--out", out, "evaluation.subgroups=[{column: flags}]")
    assert result.exit_code == 0, result.stderr
    (found,) = json.loads((out / "metrics.json").read_text())["subgroups"]
    assert found["column"] == "flags"
    assert "none" in [part["value"] for part in found["parts"]]


def refusal(run: Path, picture: Path) -> str:
    result = cervinet("predict", picture, "--run", run, "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    return " ".join(result.stderr.split())


def test_a_changed_file_is_refused(run: Path, black: Path) -> None:
    file = run / "likeness.npz"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert (
        f"{file} is not the file that this run saved (its SHA-256 is not the one in model.json); bring the original "
        "back, or train again"
    ) in refusal(run, black)


def test_a_missing_file_is_refused(run: Path, black: Path) -> None:
    (run / "likeness.npz").unlink()
    assert f"{run / 'likeness.npz'} is not there; the run is incomplete: train again" in refusal(run, black)


def test_a_foreign_file_with_its_hash_in_the_card_is_refused(run: Path, black: Path) -> None:
    file = run / "likeness.npz"
    file.write_bytes(b"not arrays")
    card = json.loads((run / "model.json").read_text())
    card["hashes"]["likeness.npz"] = sha256(file)
    (run / "model.json").write_text(json.dumps(card))
    assert (
        f"{file} must hold the distances by which pictures are compared with those of training; it cannot be read: it "
        "is not a whole npz file; train again"
    ) in refusal(run, black)


def test_a_broken_card_is_refused(run: Path, black: Path) -> None:
    changed_card(run, darkest="very")
    assert (
        f"the gate in {run / 'model.json'} must be the one that the run was finished with; it cannot be read: "
        "TypeError(\"limits must be numbers; got ('very',"
    ) in refusal(run, black)
