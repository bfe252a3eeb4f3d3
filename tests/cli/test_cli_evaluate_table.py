"""`cervinet evaluate --predictions`: tables as other tools write them, judged without a run."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.evaluation.predictions import write_predictions
from world import cervinet
from written_runs import planted

CLASSES = ["Type_1", "Type_2", "Type_3"]
FEW = "evaluation.draws=100"
NO_REPORT = "evaluation.report=false"
Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _own_cache_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the one of all commands, which trains a network."""
    monkeypatch.chdir(tmp_path)


def submission(n: int = 30) -> tuple[pd.DataFrame, np.ndarray]:
    """As sent to Kaggle, and the true classes."""
    random = np.random.default_rng(7)
    truth = np.arange(n) % 3
    values = random.dirichlet(np.ones(3), n) * 0.7
    values[np.arange(n), truth] += 0.3
    table = pd.DataFrame(values, columns=CLASSES)
    table.insert(0, "image_name", [f"{row}.jpg" for row in range(n)])
    return table, truth


@pytest.mark.usefixtures("drawn_figures")
def test_a_kaggle_submission_with_labels_in_folders(tmp_path: Path) -> None:
    table, truth = submission()
    table.to_csv("submission.csv", index=False)
    names = [f"Train/{CLASSES[label]}/{name}" for label, name in zip(truth, table["image_name"], strict=True)]
    pd.DataFrame({"image": names, "label": [CLASSES[label] for label in truth]}).to_csv("labels.csv", index=False)
    result = cervinet("evaluate", "--predictions", "submission.csv", "--labels", "labels.csv", FEW)
    assert result.exit_code == 0
    (folder,) = Path("evaluations").iterdir()
    assert folder.name.endswith("-submission")
    assert sorted(path.name for path in folder.iterdir()) == [
        *("metrics.json", "model_card.md", "plots", "predictions.csv", "report.html")
    ]
    assert {path.name for path in (folder / "plots").iterdir()} == {
        *("confusion_matrix.png", "decision_curve.png", "precision_recall.png", "roc.png")
    }
    assert "judged on 30 pictures.</p>" in (folder / "report.html").read_text(encoding="utf-8")
    found = json.loads((folder / "metrics.json").read_text())
    values = table[CLASSES].to_numpy()
    assert found["metrics"]["log_loss"]["value"] == pytest.approx(log_loss(truth, values), abs=1e-9)
    area = roc_auc_score(truth, values, multi_class="ovr")
    assert found["metrics"]["auroc_macro"]["value"] == pytest.approx(area, abs=1e-9)
    assert found["source"]["file"] == "submission.csv"
    assert len(found["source"]["sha256"]) == 64
    assert "Results on all pictures: 30 images of 30 groups" in result.stdout
    assert result.stderr.splitlines()[0] == (
        "submission.csv: images in 'image_name', labels of labels.csv by file name, probabilities in 'Type_1', "
        "'Type_2', 'Type_3', each image its own group"
    )
    assert read_predictions(folder / "predictions.csv").labels.tolist() == truth.tolist()


def test_a_table_made_with_scikit_learn(tmp_path: Path) -> None:
    features, truth = make_classification(200, n_informative=5, n_classes=3, random_state=1)
    model = LogisticRegression(max_iter=1000).fit(features[:100], truth[:100])
    table = pd.DataFrame(model.predict_proba(features), columns=[f"proba_{name}" for name in model.classes_])
    table = table.assign(y_true=truth, id=range(200), patient=np.arange(200) // 2, part=["val"] * 100 + ["test"] * 100)
    table.sample(frac=1, random_state=2).to_parquet("scores.parquet")
    result = cervinet(
        *("evaluate", "--predictions", "scores.parquet", "--probability-columns", "proba_{}", "--split-column", "part"),
        *("--split", "test", "--validation", "scores.parquet", "--validation-split", "val", "--out", tmp_path / "out"),
        *(FEW, NO_REPORT, "evaluation.confidence=0.9", "seed=3"),
    )
    assert result.exit_code == 0
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert (found["split"], found["images"], found["groups"], found["confidence"]) == ("test", 100, 50, 0.9)
    values = model.predict_proba(features[100:])
    expected = accuracy_score(truth[100:], values.argmax(axis=1))
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(expected, abs=1e-9)
    assert found["metrics"]["log_loss"]["value"] == pytest.approx(log_loss(truth[100:], values), abs=1e-9)
    validation = read_predictions(tmp_path / "out" / "predictions_val.csv")
    assert (validation.split, len(validation.images)) == ("val", 100)


@pytest.mark.slow
def test_needs_neither_tensorflow_nor_a_run(tmp_path: Path, child: Callable[..., object]) -> None:
    (tmp_path / "p.csv").write_text("image,label,p_a,p_b\nx,a,0.8,0.2\ny,b,0.4,0.6\n")
    code = """
import sys
from cervinet.cli import main
try:
    main()
finally:
    print(sorted({"tensorflow", "keras"} & set(sys.modules)), file=sys.stderr)
"""
    done = child(code, "evaluate", "--predictions", "p.csv", "--quiet", FEW, NO_REPORT, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert "Results on all pictures: 2 images of 2 groups" in done.stdout


def test_what_a_run_wrote_is_judged_as_it_was_and_its_unreadable_pictures_are_named(write: Write) -> None:
    header = "image,group,label,predicted,split,site,p_a,p_b,error\n"
    rows = "1.jpg,P,a,a,test,Oslo,0.8,0.2,\n2.jpg,Q,b,b,test,,0.3,0.7,\n3.jpg,,,,test,,,,cut off after 12 bytes\n"
    write("p.csv", header + rows)
    result = cervinet("evaluate", "--predictions", "p.csv", "--out", "out", FEW, NO_REPORT)
    assert result.exit_code == 5
    assert result.stderr.splitlines()[1:] == [
        "Error: 1 of 3 pictures could not be read; the others were predicted:",
        "  cut off after 12 bytes",
    ]
    assert Path("out/predictions.csv").read_text() == header + rows


def test_classes_may_be_given_and_validation_is_matched_by_name(write: Write) -> None:
    write("p.csv", "image,label,b,a,age\n1,a,0.2,0.8,31\n2,b,0.7,0.3,40\n")
    write("v.csv", "image,label,a,b\n3,b,0.1,0.9\n4,a,0.6,0.4\n")
    result = cervinet(
        *(
            "evaluate",
            "--predictions",
            "p.csv",
            "--validation",
            "v.csv",
            "--classes",
            "a, b",
            "--out",
            "out",
            FEW,
            NO_REPORT,
        )
    )
    assert result.exit_code == 0
    judged, validation = (read_predictions(f"out/{name}.csv") for name in ("predictions", "predictions_val"))
    assert judged.classes == validation.classes == ("a", "b")
    assert (judged.attributes, judged.labels.tolist()) == ({"age": ("31", "40")}, [0, 1])
    assert validation.probabilities.tolist() == [[0.1, 0.9], [0.6, 0.4]]


def test_one_class_alone_is_judged_and_said(write: Write) -> None:
    write("p.csv", "image,label,p_a,p_b\n1,a,0.2,0.8\n2,a,0.7,0.3\n")
    result = cervinet("evaluate", "--predictions", "p.csv", "--out", "out", FEW, NO_REPORT)
    assert result.exit_code == 0
    reason = "balanced accuracy, auroc weighted, average precision weighted: there are images of one class only"
    assert reason in result.stdout
    metrics = json.loads(Path("out/metrics.json").read_text())["metrics"]
    assert (metrics["accuracy"]["value"], metrics["balanced_accuracy"]["value"]) == (0.5, None)


TABLE = "image,group,label,split,p_a,p_b\n1,P,a,test,0.2,0.8\n2,Q,b,test,0.7,0.3\n"
ON_TABLE = ("--predictions", "p.csv", FEW)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("run", *ON_TABLE), 2, "--predictions needs no run; leave out run, or --predictions"),
        (
            (*ON_TABLE, "--data", "x"),
            2,
            "--predictions and --data cannot go together: pictures need a run to predict them",
        ),
        (
            (*ON_TABLE, "--views", "2"),
            2,
            "--predictions and --views cannot go together: the predictions of a table are made",
        ),
        (("--labels", "p.csv"), 2, "--labels is for a table of predictions; name it by --predictions"),
        (("--image-column", "x"), 2, "--image-column is for a table of predictions; name it by --predictions"),
        (("--normalize",), 2, "--normalize is for a table of predictions; name it by --predictions"),
        ((*ON_TABLE, "--validation-split", "val"), 2, "--validation-split is for --validation; name the file by it"),
        (
            (*ON_TABLE, "--classes", "a"),
            2,
            "--classes must be two or more different names with commas between them; got 'a'",
        ),
        (
            (*ON_TABLE, "--classes", "a,b,a"),
            2,
            "--classes must be two or more different names with commas between them; got 'a,b,a'",
        ),
        (
            (*ON_TABLE, "--probability-columns", "p_"),
            2,
            "--probability-columns must have one {} where the class stands, as in 'prob_{}'; got 'p_'",
        ),
        (
            (*ON_TABLE, "training.epochs=5"),
            2,
            "'training.epochs=5' cannot be set for a table of predictions, only evaluation.… and seed",
        ),
        (
            (*ON_TABLE, "evaluation.views=2"),
            2,
            "'evaluation.views=2' cannot be set for a table: its predictions are made",
        ),
        (
            (*ON_TABLE, "evaluation.calibration=none"),
            2,
            "'evaluation.calibration=none' cannot be set for a table: its probabilities are judged as they are",
        ),
        (
            (*ON_TABLE, "--perturb"),
            2,
            "--predictions and --perturb cannot go together: damaged pictures need a run to predict them",
        ),
        (
            (*ON_TABLE, "--by", "age:thirty"),
            2,
            "--by must be COLUMN or COLUMN:EDGE,EDGE with numbers, as in age:30,50; got 'age:thirty'",
        ),
        (
            (*ON_TABLE, "--subgroups", "p.csv"),
            2,
            "--subgroups needs --by COLUMN: the columns of the file that make subgroups",
        ),
        (
            (*ON_TABLE, "--by", "age"),
            3,
            "nothing says the 'age' of the images (known: none); name a CSV with this column by --subgroups or "
            "evaluation.subgroup_file",
        ),
        (
            (*ON_TABLE, "--by", "age", "--subgroups", "ages.csv"),
            3,
            "none of the 2 images to judge has a value of 'age'; fill the column, or make no subgroups by it",
        ),
        (
            (*ON_TABLE, "--by", "age:50,30"),
            2,
            "`evaluation.subgroups.0.edges` must be increasing numbers; got [50.0, 30.0] (command line)",
        ),
        (
            (*ON_TABLE, "evaluation.positive=[c]"),
            2,
            "`evaluation.positive.0` must be one of `classes`, a, b; got 'c' (command line)",
        ),
        ((*ON_TABLE, "--split", "val"), 3, "p.csv has no row of the split 'val'; it holds 'test'"),
        (
            (*ON_TABLE, "--classes", "a,b,c"),
            3,
            "p.csv must hold probabilities of the classes a, b, c; it holds those of a, b",
        ),
        (
            (*ON_TABLE, "--validation", "other.csv"),
            3,
            "other.csv must hold probabilities of the classes a, b; it holds those of a, c",
        ),
        (
            (*ON_TABLE, "--validation", "splits.csv"),
            3,
            "splits.csv must hold one split; it holds 'train', 'val': choose one by --validation-split",
        ),
        (
            (*ON_TABLE, "--validation", "p.csv"),
            4,
            "p.csv and p.csv have 2 images in common, the first is '1'; choices must come from other images than "
            "those that are judged: take them out of one of the tables",
        ),
        (
            (*ON_TABLE, "--validation", "patients.csv"),
            4,
            "p.csv and patients.csv have 1 group in common, the first is 'P'; choices must come from other groups "
            "than those that are judged: take them out of one of the tables",
        ),
    ],
)
def test_each_mistake_is_one_sentence_and_nothing_is_written(
    words: tuple[str, ...], code: int, message: str, write: Write
) -> None:
    write("p.csv", TABLE)
    write("other.csv", "image,label,p_a,p_c\n3,a,0.2,0.8\n")
    write("splits.csv", "image,label,split,p_a,p_b\n3,a,val,0.2,0.8\n4,a,train,0.2,0.8\n")
    write("ages.csv", "image,age\n1,\n2,\n3,40\n")
    write("patients.csv", "image,group,label,p_a,p_b\n3,P,a,0.2,0.8\n")
    result = cervinet("evaluate", *words)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (code, f"Error: {message}")
    assert not Path("evaluations").exists()


def test_a_validation_table_chooses_the_thresholds(tmp_path: Path) -> None:
    judged, validation = planted(1, "test"), planted()
    write_predictions(judged, "p.csv")
    write_predictions(validation, "v.csv")
    words = ("--predictions", "p.csv", "--validation", "v.csv", "--out", "out", FEW, NO_REPORT)
    asked = 'evaluation.operating_points=[{"sensitivity": {"at_least": 0.9}}]'
    result = cervinet("evaluate", *words, "evaluation.positive=[CIN1, CIN2+]", asked)
    assert result.exit_code == 0
    found = json.loads(Path("out/metrics.json").read_text())
    ranked = np.sort(validation.probabilities[validation.labels > 0, 1:].sum(axis=1))[::-1]
    needed = ranked[int(np.ceil(0.9 * len(ranked))) - 1]
    (point,) = found["operating_points"]
    assert point["point"] == found["choices"]["points"][0]
    assert point["point"]["threshold"] == pytest.approx(needed, abs=0.05)
    assert point["point"]["threshold"] < needed
    called = judged.probabilities[:, 1:].sum(axis=1) >= point["point"]["threshold"]
    assert point["sensitivity"]["value"] == pytest.approx(called[judged.labels > 0].mean(), abs=1e-12)
    assert found["calibration"]["method"] == "none"
    assert "CIN1 or CIN2+   sensitivity at least 0.9" in result.stdout


def test_without_a_validation_table_there_are_none_and_the_reason(write: Write) -> None:
    write("p.csv", TABLE)
    result = cervinet("evaluate", *ON_TABLE, NO_REPORT, "--out", "out")
    assert "No thresholds: there are no predictions on validation pictures (--validation FILE).\n" in result.stdout
    found = json.loads(Path("out/metrics.json").read_text())
    assert found["no_choices"] == "there are no predictions on validation pictures (--validation FILE)"
    assert {"choices", "operating_points", "prediction_sets"} & set(found) == set()


def test_columns_of_the_table_make_subgroups(tmp_path: Path) -> None:
    given = planted(1, "test", attributes={"clinic": ("A", "B", "A") * 30})
    write_predictions(given, "p.csv")
    pd.DataFrame({"group": sorted(set(given.groups)), "age": range(25, 55)}).to_csv("women.csv", index=False)
    words = ("--by", "clinic", "--by", "age:30,50", "--subgroups", "women.csv", FEW, NO_REPORT)
    assert cervinet("evaluate", "--predictions", "p.csv", "--out", "out", *words).exit_code == 0
    clinic, age = json.loads(Path("out/metrics.json").read_text())["subgroups"]
    assert [(clinic["column"], part["value"], part["images"]) for part in clinic["parts"]] == [
        ("clinic", "A", 60),
        ("clinic", "B", 30),
    ]
    assert [(part["value"], part["images"]) for part in age["parts"]] == [("< 30", 15), ("30–50", 60), ("≥ 50", 15)]


def test_groups_of_several_classes_are_counted_and_said(write: Write) -> None:
    rows = ["1,P,a,0.9,0.1", "2,P,b,0.6,0.4", "3,Q,b,0.3,0.7", "4,Q,b,0.2,0.8", "5,R,a,0.7,0.3"]
    write("p.csv", "\n".join(["image,group,label,p_a,p_b", *rows, ""]))
    result = cervinet("evaluate", *ON_TABLE, "evaluation.unit=group", NO_REPORT, "--out", "out")
    assert "Results on all pictures: 2 groups\n" in result.stdout
    assert "  1 group has images of several classes, so no single truth, and is not judged by group\n" in result.stdout
    found = json.loads(Path("out/metrics.json").read_text())
    assert (found["images"], found["mixed_groups"]) == (2, 1)


def test_a_redacted_report_names_no_picture_and_no_patient(tmp_path: Path) -> None:
    given = planted(1, "test")
    write_predictions(given, "p.csv")
    assert cervinet("evaluate", "--predictions", "p.csv", "--out", "out", "--redact", FEW).exit_code == 0
    for name in ("report.html", "model_card.md"):
        text = Path("out", name).read_text(encoding="utf-8")
        assert not [one for one in (*given.images, *given.groups) if one in text]


def test_no_results_are_overwritten(write: Write) -> None:
    write("p.csv", TABLE)
    result = cervinet("evaluate", *ON_TABLE, "--out", ".")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        "Error: . must be absent or empty, so that nothing is overwritten; it has files",
    )
