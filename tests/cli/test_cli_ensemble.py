"""`cervinet ensemble`, and what can be done with what it makes."""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from scipy.special import softmax
from sklearn.metrics import log_loss

from world import World, cervinet

pytestmark = pytest.mark.slow

CLASSES = ["Type_1", "Type_2", "Type_3"]


@dataclass(frozen=True)
class Made:
    """Two runs of different networks, picture sizes and preprocessing, and an ensemble of both with fitted weights."""

    members: list[Path]
    run: Path
    result: Result


@pytest.fixture(scope="module")
def made(world: World) -> Iterator[Made]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CERVINET_CACHE", str(world.folder / "cache"))
        settings = (
            *("model.architecture=skin_cnn", "data.image_size=[28, 32]", "data.preprocess=[stretch]"),
            *("evaluation.views=2", f"data.split.file={world.run / 'splits.csv'}", "training.learning_rate=0.01"),
        )
        other, together = world.folder / "other", world.folder / "together"
        assert cervinet("train", "--config", world.config, "--run-dir", other, *settings, "--quiet").exit_code == 0
        yield Made([world.run, other], together, join(world.run, other, to=together, weights="fitted"))


def join(*runs: Path, to: Path, **options: str) -> Result:
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return cervinet("ensemble", *runs, "--to", to, *words)


def rows_of(run: Path, split: str) -> list[dict[str, str]]:
    with (run / f"predictions_{split}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def table(run: Path, split: str) -> tuple[list[str], list[str], np.ndarray]:
    """Images, labels and probabilities before calibration: that is what the members give to an ensemble."""
    rows = rows_of(run, split)
    logits = np.array([[float(row[f"logit_{name}"]) for name in CLASSES] for row in rows])
    return [row["image"] for row in rows], [row["label"] for row in rows], softmax(logits, axis=1)


def calibrated(run: Path, split: str) -> np.ndarray:
    return np.array([[float(row[f"p_{name}"]) for name in CLASSES] for row in rows_of(run, split)])


def temperature(run: Path) -> float:
    return json.loads((run / "model.json").read_text())["calibration"]["values"]["temperature"]


def weights(run: Path) -> list[float]:
    return [member["weight"] for member in json.loads((run / "model.json").read_text())["members"]]


def loss(labels: list[str], p: np.ndarray) -> float:
    return log_loss(labels, p / p.sum(axis=1, keepdims=True), labels=CLASSES)


def test_it_is_a_run_like_any_other(made: Made) -> None:
    assert made.result.exit_code == 0
    names = {path.relative_to(made.run).as_posix() for path in made.run.rglob("*") if path.is_file()}
    assert names >= {
        *("config.yaml", "environment.json", "splits.csv", "data.json", "status.json", "model.json", "metrics.json"),
        *("predictions_val.csv", "predictions_test.csv", "plots/roc.png", "plots/confusion_matrix.png"),
        *(f"members/{n}/{name}" for n in (1, 2) for name in ("model.keras", "model.json", "splits.csv")),
    }
    assert json.loads((made.run / "status.json").read_text())["state"] == "finished"
    assert "2 networks" in json.loads((made.run / "metrics.json").read_text())["note"]
    assert made.result.stderr.endswith(
        f"Run: {made.run}\nNext:\n  cervinet evaluate {made.run}\n  cervinet predict IMAGE --run {made.run}\n"
    )
    assert f" {made.members[0].resolve()}" in made.result.stdout


@pytest.mark.parametrize("split", ["val", "test"])
def test_its_probabilities_are_the_weighted_mean_of_the_members_own(made: Made, split: str) -> None:
    images, labels, p = table(made.run, split)
    own = [table(member, split) for member in made.members]
    assert all((images, labels) == one[:2] for one in own)
    assert np.abs(own[0][2] - own[1][2]).max() > 1e-3
    expected = sum(w * one[2] for w, one in zip(weights(made.run), own, strict=True))
    np.testing.assert_allclose(p, expected, atol=1e-6)
    own_calibration = softmax(np.log(expected) / temperature(made.run), axis=1)
    np.testing.assert_allclose(calibrated(made.run, split), own_calibration, atol=1e-6)


def test_fitted_weights_are_the_best_on_the_validation_pictures(made: Made) -> None:
    _, labels, first = table(made.members[0], "val")
    second = table(made.members[1], "val")[2]
    fitted = weights(made.run)
    assert sum(fitted) == pytest.approx(1)
    losses = [loss(labels, w * first + (1 - w) * second) for w in np.linspace(0, 1, 1001)]
    assert loss(labels, table(made.run, "val")[2]) <= min(losses) + 1e-6


def test_the_mean_of_logits_with_equal_weights(made: Made, tmp_path: Path) -> None:
    result = join(*made.members, to=tmp_path / "e", average="logit")
    assert (result.exit_code, weights(tmp_path / "e")) == (0, [0.5, 0.5])
    geometric = np.sqrt(table(made.members[0], "test")[2] * table(made.members[1], "test")[2])
    expected = geometric / geometric.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(table(tmp_path / "e", "test")[2], expected, atol=1e-6)


def test_without_a_gate_of_its_first_member_it_has_none_and_says_so(made: Made, tmp_path: Path) -> None:
    gateless = shutil.copytree(made.members[0], tmp_path / "gateless")
    card = json.loads((gateless / "model.json").read_text())
    del card["gate"]
    (gateless / "model.json").write_text(json.dumps(card))
    result = join(gateless, made.members[1], to=tmp_path / "joined")
    assert result.exit_code == 0
    assert (
        f"The ensemble has no input gate, for {gateless}, whose limits it would have, has none; name a run that has "
        "one first.\n"
    ) in result.stderr
    assert "input gate" not in made.result.stderr


def test_evaluate_and_predict_give_the_same_without_the_members_runs(made: Made, world: World, tmp_path: Path) -> None:
    moved = [shutil.copytree(member, tmp_path / member.name) for member in made.members]
    assert join(*moved, to=tmp_path / "e", weights="fitted").exit_code == 0
    for member in moved:
        shutil.rmtree(member)
    assert cervinet("evaluate", tmp_path / "e", "--out", tmp_path / "out", "--quiet").exit_code == 0
    assert (tmp_path / "out" / "metrics.json").read_bytes() == (made.run / "metrics.json").read_bytes()
    images, p = table(made.run, "test")[0], calibrated(made.run, "test")
    found = cervinet("predict", *(world.pictures / image for image in images), "--run", tmp_path / "e", "--json")
    assert found.exit_code == 0
    answers = [json.loads(line)["probabilities"] for line in found.stdout.splitlines()]
    np.testing.assert_allclose([list(answer.values()) for answer in answers], p, atol=1e-6)


def test_a_picture_that_cannot_be_read_is_one_error_not_one_a_member(made: Made, world: World, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    result = cervinet("predict", world.some(1)[0], tmp_path / "broken.jpg", "--run", made.run, "--json")
    assert result.exit_code == 5
    assert [("error" in json.loads(line)) for line in result.stdout.splitlines()] == [False, True]


def test_views_of_every_member(made: Made, world: World, tmp_path: Path) -> None:
    for run in (*made.members, made.run):
        words = ("--views", 4, "--out", tmp_path / run.name, "--quiet")
        result = cervinet("evaluate", run, *words)
        assert result.exit_code == 0
        assert "mean of 4 views of each picture" in result.stdout
    parts = [table(tmp_path / member.name, "test")[2] for member in made.members]
    expected = sum(w * p for w, p in zip(weights(made.run), parts, strict=True))
    np.testing.assert_allclose(table(tmp_path / made.run.name, "test")[2], expected, atol=1e-6)
    assert np.abs(parts[0] - table(made.members[0], "test")[2]).max() > 1e-6


def test_a_run_keeps_the_views_that_it_was_judged_with(made: Made, tmp_path: Path) -> None:
    assert json.loads((made.members[1] / "model.json").read_text())["views"] == 2
    assert cervinet("evaluate", made.members[1], "--out", tmp_path / "out", "--quiet").exit_code == 0
    np.testing.assert_allclose(table(tmp_path / "out", "test")[2], table(made.members[1], "test")[2], atol=1e-6)
    assert (tmp_path / "out" / "metrics.json").read_text().count("mean of 2 views of each picture") == 1


def test_views_that_do_not_fit(made: Made) -> None:
    result = cervinet("evaluate", made.run, "--views", 8)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: --views must be 1, 2 or 4 for {made.run / 'members' / '2'}, whose pictures are 28 × 32: quarter turns "
        "would change their sides; got 8\n",
    )
    result = cervinet("evaluate", made.run, "evaluation.views=4")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: 'evaluation.views=4' cannot be set for a finished run; use --views, as in --views 4\n",
    )


@pytest.fixture(scope="module")
def divided_otherwise(world: World, made: Made) -> Path:
    """A run whose test pictures are those for validation of the others, and the other way round."""
    run = shutil.copytree(world.run, world.folder / "divided otherwise")
    text = (run / "splits.csv").read_text()
    for then, now in ((",test,", ",xxx,"), (",val,", ",test,"), (",xxx,", ",val,")):
        text = text.replace(then, now)
    (run / "splits.csv").write_text(text)
    return run


def test_runs_with_other_test_pictures_make_an_ensemble_only_to_predict_with(
    world: World, divided_otherwise: Path, tmp_path: Path
) -> None:
    result = join(world.run, divided_otherwise, to=tmp_path / "e")
    count = len(table(world.run, "val")[0]) + len(table(world.run, "test")[0])
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {count} pictures are for the test in only one of {world.run} and {divided_otherwise}, so that the two "
        f"could not be judged together; train them with one division (data.split.file={world.run / 'splits.csv'}), or "
        "add --no-test for an ensemble without metrics\n",
    )
    assert not (tmp_path / "e").exists()
    words = ("ensemble", world.run, divided_otherwise, "--to", tmp_path / "e", "--no-test")
    result = cervinet(*words, "--weights", "fitted")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: the runs have no validation pictures in common, on which weights could be fitted; "
        "use --weights equal\n",
    )
    result = cervinet(*words)
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    assert last == "The ensemble has no test pictures of its own and no metrics: it is for predicting."
    assert not (tmp_path / "e" / "metrics.json").exists()
    assert not (tmp_path / "e" / "predictions_test.csv").exists()
    answers = [
        json.loads(cervinet("predict", world.some(1)[0], "--run", run, "--json").stdout)["probabilities"]
        for run in (world.run, tmp_path / "e")
    ]
    # The two members are one network; without validation pictures the ensemble has no calibration.
    raw = softmax(np.log(list(answers[0].values())) * temperature(world.run))
    assert list(answers[1].values()) == pytest.approx(raw, abs=1e-6)
    result = cervinet("evaluate", tmp_path / "e")
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {tmp_path / 'e'} has no test pictures of its own, for those of each member may have been learnt from "
        "by another; name other pictures with --data\n",
    )
    result = cervinet("evaluate", tmp_path / "e", "--data", world.pictures, "--out", tmp_path / "out", "--quiet")
    assert result.exit_code == 0
    assert "60 of 60 pictures were used in training" in result.stdout


def test_a_member_that_learnt_from_a_test_picture_is_refused(world: World, made: Made, tmp_path: Path) -> None:
    """A copy of the picture, under another name."""
    run = shutil.copytree(world.run, tmp_path / "leaky")
    with (run / "splits.csv").open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["split"] == "test")
    with (run / "splits.csv").open("a") as file:
        file.write(f"copy.jpg,{row['label']},,train,{row['digest']}\n")
    for words in ((world.run, run), (run, world.run)):
        result = join(*words, to=tmp_path / "e")
        assert (result.exit_code, result.stderr) == (
            4,
            f"Error: {run} learnt from 1 of the pictures that are for the test part of every run; leave it out, or "
            "train it with the division of the others\n",
        )


def test_runs_that_cannot_be_joined(world: World, made: Made, tmp_path: Path) -> None:
    card = json.loads((world.run / "model.json").read_text())
    turned = shutil.copytree(world.run, tmp_path / "turned")
    (turned / "model.json").write_text(json.dumps(card | {"classes": CLASSES[::-1]}))
    for runs, sentence in (
        ([world.run], "an ensemble needs at least two runs; name another one"),
        (
            [world.run, world.run / ".." / "run"],
            f"{world.run / '..' / 'run'} is named twice; a run can be in an ensemble once",
        ),
        ([world.run, made.run], f"{made.run} is an ensemble itself; name the runs that it was made of"),
        ([world.run, tmp_path / "gone"], f"there is no run directory {tmp_path / 'gone'}"),
        (
            [world.run, turned],
            f"the classes of {turned} must be those of {world.run} in their order, {CLASSES}; got {CLASSES[::-1]}",
        ),
    ):
        result = join(*runs, to=tmp_path / "e")
        assert (result.exit_code, result.stderr) == (2, f"Error: {sentence}\n")
        assert not (tmp_path / "e").exists()
    result = join(*made.members, to=made.run)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {made.run} must be absent or empty, so that nothing is overwritten; it has files\n",
    )
