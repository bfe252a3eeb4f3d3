"""`cervinet compare` from files alone: what it takes, what it writes, what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cervinet.cli import main
from cervinet.comparing import distinct_names, predictions_of
from cervinet.csv_table import write_table
from cervinet.errors import UsageError
from cervinet.evaluation.predictions import Predictions, write_predictions
from report.pages import everything, read_page

pytestmark = pytest.mark.usefixtures("blank_figures", "no_onnx")


def predictions(seed=0, *, images=40, strength=1.0, prefix="", split="test", classes=("A", "B", "C")):
    random = np.random.default_rng(seed)
    labels = np.arange(images) % len(classes)
    logits = random.normal(0, 1, (images, len(classes)))
    logits[np.arange(images), labels] += strength
    return Predictions(
        images=tuple(f"{prefix}{i}.jpg" for i in range(images)),
        groups=tuple(f"g{i // 2}" for i in range(images)),
        labels=labels,
        probabilities=np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
        classes=classes,
        split=split,
    )


def run(folder: Path, of: Predictions, *, name="predictions_test.csv", digests=None, note="") -> Path:
    """A directory that looks like a finished run."""
    folder.mkdir(parents=True)
    write_predictions(of, folder / name)
    if digests is not None:
        rows = [[image, "", "", "test", digest] for image, digest in zip(of.images, digests, strict=True)]
        write_table(folder / "splits.csv", [["image", "label", "group", "split", "digest"], *rows])
    if note:
        (folder / "metrics.json").write_text(json.dumps({"note": note}), encoding="utf-8")
    return folder


def cervinet(*arguments):
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("drawn_figures")
def test_two_runs_make_a_table_a_page_and_json(tmp_path):
    first = run(tmp_path / "runs/cnn", predictions(1, strength=0.5), note="synthetic phantoms")
    second = run(tmp_path / "runs/vgg", predictions(2, strength=5))
    done = cervinet(first, second, "--out", "found")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[:2] == ["40 images of 20 groups; the first: cnn", "vgg: better in every measure"]
    assert lines[3].split() == ["measure", "first", "here", "change", "95", "%", "interval", "p", "verdict"]
    assert lines[-2:] == ["  cnn: synthetic phantoms", "Page: found/comparison.html"]
    assert max(len(line.rstrip()) for line in lines) <= 80
    written = json.loads(Path("found/comparison.json").read_text(encoding="utf-8"))
    assert list(written) == [
        "reference",
        "images",
        "groups",
        "classes",
        "confidence",
        "remarks",
        "runs",
        "predictions",
        "draws",
        "seed",
    ]
    assert (written["draws"], written["seed"], written["confidence"]) == (2000, 1, 0.95)
    assert read_page(Path("found/comparison.html")).one("h1").text == "Comparison of runs"
    accuracy = written["runs"][0]["measures"][0]
    cells = next(line.split() for line in lines if line.strip().startswith("accuracy"))
    assert cells[1:4] == [
        f"{accuracy['reference']['value']:.3f}",
        f"{accuracy['value']['value']:.3f}",
        f"+{accuracy['difference']['value']:.3f}",
    ]


def test_json_is_what_is_written(tmp_path):
    files = [tmp_path / f"{name}.csv" for name in ("one", "two")]
    for seed, file in enumerate(files):
        write_predictions(predictions(seed), file)
    done = cervinet(*files, "--json", "--draws", 100, "--confidence", 0.9, "--seed", 7)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    (folder,) = Path("comparisons").iterdir()
    assert folder.name.endswith("-two-against-one")
    assert found == json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert (found["draws"], found["seed"], found["confidence"]) == (100, 7, 0.9)
    assert [found["reference"], found["runs"][0]["name"]] == ["one", "two"]


def test_three_runs_of_all_kinds(tmp_path):
    cross = run(tmp_path / "folds", predictions(1, split="out-of-fold"), name="predictions_oof.csv")
    whole = run(tmp_path / "one", predictions(2))
    other = run(tmp_path / "one/evaluations/20261121-test", predictions(3, split="external"), name="predictions_x.csv")
    done = cervinet(cross, whole, other, "--json", "--draws", 100)
    assert done.exit_code == 0, done.output
    assert [one["name"] for one in json.loads(done.stdout)["runs"]] == ["one", "20261121-test"]
    assert json.loads(done.stdout)["runs"][0]["measures"][0]["test"]["adjusted"] is not None


def test_runs_that_name_images_from_other_roots_are_matched_by_digest(tmp_path):
    one = predictions(1)
    other = predictions(1, prefix="photos/")
    turned = replace(
        other,
        images=other.images[::-1],
        groups=other.groups[::-1],
        labels=other.labels[::-1],
        probabilities=other.probabilities[::-1],
    )
    digests = [f"{i:032x}" for i in range(40)]
    first = run(tmp_path / "a", one, digests=digests)
    second = run(tmp_path / "b", turned, digests=digests[::-1])
    judged = run(tmp_path / "b/evaluations/again", other)
    done = cervinet(first, second, judged, "--json", "--draws", 100)
    assert done.exit_code == 0, done.output
    assert [of["same_predictions"] for of in json.loads(done.stdout)["runs"]] == [True, True]


def test_other_test_pictures_are_refused_and_nothing_is_written(tmp_path):
    runs = run(tmp_path / "cnn", predictions(1)), run(tmp_path / "vgg", predictions(2, images=42))
    done = cervinet(*runs)
    assert done.exit_code == 3
    assert done.stderr == (
        "Error: 'cnn' and 'vgg' must be judged on the same images to be compared; only in 'vgg': 2 images, the first "
        "is '40.jpg'; in common: 40; judge both on the same pictures (cervinet evaluate RUN --data FOLDER), or train "
        "both with one division (data.split.file)\n"
    )
    assert not Path("comparisons").exists()


def test_a_folder_with_files_is_not_overwritten(tmp_path):
    runs = run(tmp_path / "cnn", predictions(1)), run(tmp_path / "vgg", predictions(2))
    done = cervinet(*runs, "--out", runs[0], "--draws", 100)
    assert done.exit_code == 2
    assert "must be absent or empty, so that nothing is overwritten; it has files" in done.stderr


def test_one_run_is_refused(tmp_path):
    done = cervinet(run(tmp_path / "cnn", predictions(1)))
    assert (done.exit_code, done.stderr) == (2, "Error: two or more runs are needed for a comparison; got 1\n")


def test_what_has_no_predictions_is_refused(tmp_path):
    def refused(path):
        with pytest.raises(UsageError) as caught:
            predictions_of(path)
        return str(caught.value)

    nothing, empty, several = tmp_path / "no", tmp_path / "empty", tmp_path / "several"
    assert refused(nothing) == f"there is no run directory, evaluation folder or file of predictions {nothing}"
    empty.mkdir()
    expected = f"{empty} must be a finished run, a cross-validation or an evaluation; it has no predictions_test.csv"
    assert refused(empty) == expected
    (empty / "predictions_val.csv").touch()
    assert refused(empty) == expected
    several.mkdir()
    for name in ("a", "b"):
        (several / f"predictions_{name}.csv").touch()
    assert refused(several) == (
        f"{several} has 2 files of predictions; name one of them, such as {several}/predictions_a.csv"
    )


def test_names_are_as_short_as_they_can_be_and_distinct(tmp_path):
    paths = [tmp_path / "x/run", tmp_path / "y/run", tmp_path / "y/other"]
    assert distinct_names(paths) == ["x/run", "y/run", "other"]
    assert distinct_names([paths[0], paths[0], paths[2]]) == ["run", "run (2)", "other"]
    file = tmp_path / "judged.csv"
    file.touch()
    assert distinct_names([file, paths[0]]) == ["judged", "run"]
    assert distinct_names([tmp_path / "a\nb", paths[0]]) == ["a\\nb", "run"]


def test_names_from_outside_do_no_harm_in_the_page(tmp_path):
    classes = ("<b>A</b>", "B\u202e", "$C$")
    bad = "<script>alert(1)<"
    runs = [
        run(tmp_path / bad, predictions(1, classes=classes)),
        run(tmp_path / "$\u202evgg", predictions(2, classes=classes)),
    ]
    done = cervinet(*runs, "--out", "found", "--draws", 100)
    assert done.exit_code == 0, done.output
    assert "\u202e" not in done.stdout
    page = read_page(Path("found/comparison.html"))
    assert not {one.tag for one in everything(page)} & {"script", "b"}
    assert bad in page.one("h1").parent.text
    assert "AUROC <b>A</b>" in [row[0] for row in page.one("table").rows()]
    assert "\u202e" not in page.text


@pytest.mark.slow
def test_tensorflow_is_not_imported(tmp_path, child):
    runs = run(tmp_path / "cnn", predictions(1)), run(tmp_path / "vgg", predictions(2))
    code = (
        "import sys\nfrom cervinet.cli import main\ntry:\n    main()\nfinally:\n    print('tensorflow' in sys.modules)"
    )
    done = child(code, "compare", *map(str, runs), "--draws", "100", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False"
