"""A table of any tool: what is guessed, what is matched, and the one sentence for each mistake."""

import numpy as np
import pandas as pd
import pytest

from cervinet.errors import DataError
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.prediction_tables import read_any
from cervinet.evaluation.table_columns import Columns
from cervinet.progress import Silent

CLASSES = ("Type_1", "Type_2", "Type_3")
SUBMISSION = "image_name,Type_1,Type_2,Type_3\n0.jpg,0.7,0.2,0.1\n1.jpg,0.1,0.2,0.7\n2.jpg,0.3,0.4,0.3\n"
VALUES = [[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.3, 0.4, 0.3]]
PLAIN = "image,label,p_a,p_b\n"
HOW = Resampling(draws=100, confidence=0.95, seed=0)


class Heard(Silent):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def table(tmp_path):
    def write(text, name="p.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


@pytest.fixture
def mistake(tmp_path):
    """The sentence for a table, and perhaps one of labels, with paths as the bare file names."""

    def message(text, columns=None, labels=None, **how):
        (tmp_path / "p.csv").write_text(text, encoding="utf-8")
        if labels is not None:
            (tmp_path / "labels.csv").write_text(labels, encoding="utf-8")
            how["labels"] = tmp_path / "labels.csv"
        with pytest.raises(DataError) as caught:
            read_any(tmp_path / "p.csv", columns or Columns(), **how)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return message


class TestWhatOtherToolsWrite:
    def test_a_kaggle_submission_with_a_table_of_labels(self, table):
        labels = table("image,label\n2.jpg,Type_2\n0.jpg,Type_1\n1.jpg,Type_3\n", "labels.csv")
        found = read_any(table(SUBMISSION), Columns(), labels=labels)
        assert (found.classes, found.images) == (CLASSES, ("0.jpg", "1.jpg", "2.jpg"))
        assert (found.groups, found.split, found.attributes) == (found.images, "all", {})
        assert found.labels.tolist() == [0, 2, 1]
        np.testing.assert_array_equal(found.probabilities, VALUES)

    def test_a_kaggle_submission_with_the_solution_of_kaggle(self, table):
        labels = table("image_name,Type_1,Type_2,Type_3\n0.jpg,1,0,0\n1.jpg,0,0,1\n2.jpg,0,1,0\n", "solution.csv")
        assert read_any(table(SUBMISSION), Columns(), labels=labels).labels.tolist() == [0, 2, 1]

    def test_labels_of_a_runs_splits_are_matched_by_file_name_and_bring_groups(self, table):
        splits = (
            "image,label,group,split,digest\nTrain/Type_1/0.jpg,Type_1,A,test,x\nTrain/Type_3/1.jpg,Type_3,A,test,x\n"
        )
        splits += "Train/Type_2/2.jpg,Type_2,,test,x\nTrain/Type_2/3.jpg,,B,excluded,\n"
        heard = Heard()
        found = read_any(table(SUBMISSION), Columns(), labels=table(splits, "splits.csv"), progress=heard)
        assert (found.labels.tolist(), found.groups) == ([0, 2, 1], ("A", "A", "2.jpg"))
        folder = table("").parent
        assert [line.replace(f"{folder}/", "") for line in heard.lines] == [
            "splits.csv: 1 of its 4 images have no prediction here",
            "p.csv: images in 'image_name', labels of splits.csv by file name, probabilities in 'Type_1', 'Type_2', "
            "'Type_3', groups of splits.csv",
        ]

    def test_whole_paths_win_over_file_names(self, table):
        text = SUBMISSION.replace("0.jpg", "a/0.jpg").replace("1.jpg", "b/0.jpg")
        labels = table("image,label\nb/0.jpg,Type_3\na/0.jpg,Type_1\n2.jpg,Type_2\n", "labels.csv")
        assert read_any(table(text), Columns(), labels=labels).labels.tolist() == [0, 2, 1]

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_commas_semicolons_and_tabs(self, table, separator):
        text = "image,label,p_a,p_b,site\nx,a,0.25,0.75,Oslo\n".replace(",", separator)
        found = read_any(table(text), Columns())
        assert (found.images, found.labels.tolist(), found.attributes) == (("x",), [0], {"site": ("Oslo",)})

    @pytest.mark.parametrize("index", [True, False])
    def test_parquet(self, tmp_path, index):
        frame = pd.DataFrame(
            {
                "filename": ["7", "8"],
                "y_true": np.array([1, 0]),
                "p_a": np.array([0.25, 0.7], np.float32),
                "p_b": np.array([0.75, 0.3], np.float32),
                "age": [31.0, None],
            }
        )
        (frame.set_index("filename") if index else frame).to_parquet(tmp_path / "p.parquet")
        found = read_any(tmp_path / "p.parquet", Columns())
        assert (found.images, found.labels.tolist(), found.attributes) == (("7", "8"), [1, 0], {"age": ("31.0", "")})
        np.testing.assert_array_equal(found.probabilities, frame[["p_a", "p_b"]].astype(np.float64))

    def test_columns_of_any_name(self, table):
        text = "id;img;who;truth;part;P(a) %;P(b) %\n1;x.png;Ann;b;test;0.4;0.6\n2;y.png;Bea;a;test;0.9;0.1\n"
        columns = Columns(image="img", group="who", label="truth", split="part", probability="P({}) %")
        found = read_any(table(text), columns)
        assert (found.images, found.groups, found.split) == (("x.png", "y.png"), ("Ann", "Bea"), "test")
        assert (found.labels.tolist(), found.attributes) == ([1, 0], {"id": ("1", "2")})
        np.testing.assert_array_equal(found.probabilities, [[0.4, 0.6], [0.9, 0.1]])

    def test_a_column_that_holds_something_else_is_no_class(self, table):
        path = table("image,p_id,p_true,yes,no\nx,P1,no,0.4,0.6\ny,P1,yes,0.9,0.1\n")
        found = read_any(path, Columns(group="p_id", label="p_true"))
        assert (found.classes, found.groups, found.labels.tolist()) == (("yes", "no"), ("P1", "P1"), [1, 0])

    def test_what_is_guessed_is_said(self, table):
        heard = Heard()
        path = table("Filename,Patient_ID,target,cat,dog\nx,P1,1,0.4,0.6\ny,,0.0,0.9,0.1\n")
        found = read_any(path, Columns(), progress=heard)
        assert (found.groups, found.labels.tolist(), found.classes) == (("P1", "y"), [1, 0], ("cat", "dog"))
        assert heard.lines == [
            f"{path}: images in 'Filename', labels in 'target' (0 is cat, 1 is dog), probabilities in 'cat', 'dog', "
            "groups in 'Patient_ID'"
        ]

    def test_classes_called_by_numbers_are_names_not_indices(self, table):
        found = read_any(table("image,label,p_2,p_0,p_1\nx,0,0.5,0.3,0.2\n"), Columns())
        assert (found.classes, found.labels.tolist()) == (("2", "0", "1"), [1])

    def test_our_own_columns_mean_what_they_do_in_ours(self, table):
        header = "image,label,repeat,fold,predicted,p_a,p_b,logit_a,logit_b,spread,error,site\n"
        text = f"{header}x,a,1,1,b,0.5,0.5,0,0,0.25,,Oslo\nx,a,2,3,b,0.5,0.5,0,0,0.5,,\nz,,2,3,,,,,,,empty file,\n"
        found = read_any(table(text), Columns())
        assert (found.repeats.tolist(), found.spread.tolist()) == ([1, 2], [0.25, 0.5])
        assert (found.logits.tolist(), found.attributes) == ([[0, 0], [0, 0]], {"site": ("Oslo", "")})
        assert [(bad.image, bad.error) for bad in found.unreadable] == [("z", "empty file")]


class TestClasses:
    def test_are_matched_by_name_never_by_position(self, table):
        path = table("image,label,p_b,p_c,p_a\nx,a,0.2,0.1,0.7\n")
        assert read_any(path, Columns()).classes == ("b", "c", "a")
        found = read_any(path, Columns(), ["a", "b", "c"])
        assert (found.labels.tolist(), found.probabilities.tolist()) == ([0], [[0.7, 0.2, 0.1]])

    def test_bare_names_that_are_asked_for_leave_other_numbers_as_attributes(self, table):
        found = read_any(table("image,label,age,b,a\nx,a,31,0.25,0.75\n"), Columns(), ["a", "b"])
        assert (found.probabilities.tolist(), found.attributes) == ([[0.75, 0.25]], {"age": ("31",)})

    @pytest.mark.parametrize(
        ("text", "classes"),
        [
            ("image,label,age,b,a\nx,a,31,0.25,0.75\ny,b,40,0,1\n", ("b", "a")),  # those that occur sum to one
            ("image,label,b,a,rare\nx,a,0.25,0.7,0.05\ny,b,0,1,0\n", ("b", "a", "rare")),  # all of them do
            ("image,label,b,a\nx,0,0.25,0.75\n", ("b", "a")),
        ],
    )
    def test_of_bare_names_sums_decide(self, table, text, classes):
        assert read_any(table(text), Columns()).classes == classes

    @pytest.mark.parametrize(
        ("text", "normalize", "numeric"),
        [
            ("image,label,b,a,flag\nx,a,0.25,0.75,0\ny,b,0,1,0\n", False, "b, a, flag"),  # both sum to one
            ("image,label,b,a,age\nx,a,0.2,0.7,31\ny,b,0,1,40\n", False, "b, a, age"),  # neither does
            ("image,label,b,a,age\nx,a,0.2,0.8,31\ny,b,0,1,40\n", True, "b, a, age"),  # sums say nothing
            ("image,label,score\nx,a,0.2\ny,b,1\n", False, "score"),
        ],
    )
    def test_where_sums_cannot_tell_the_options_are_named(self, mistake, text, normalize, numeric):
        assert mistake(text, normalize=normalize) == (
            f"p.csv has no columns 'p_<class>', and of its columns of numbers ({numeric}) it is not clear which are "
            "the "
            "classes; name them by --classes, or the columns by --probability-columns"
        )

    def test_one_class_alone_may_occur(self, table):
        found = evaluate(read_any(table(f"{PLAIN}x,a,0.8,0.2\ny,a,0.4,0.6\n"), Columns()), HOW)
        assert found.metrics["accuracy"].value == 0.5
        auroc = found.per_class["a"]["auroc"]
        assert (auroc.value, auroc.reason) == (None, "there must be images of 'a' and of other classes")
        balanced = found.metrics["balanced_accuracy"]
        assert (balanced.value, balanced.reason) == (None, "there are images of one class only")

    def test_one_group_alone_has_values_without_intervals(self, table):
        text = "image,patient,label,p_a,p_b\nx,P,a,0.8,0.2\ny,P,b,0.4,0.6\n"
        accuracy = evaluate(read_any(table(text), Columns()), HOW).metrics["accuracy"]
        assert (accuracy.value, accuracy.lower, accuracy.method) == (1, None, "none")
        assert accuracy.reason


def test_sums_are_accepted_within_a_thousandth_and_divided_on_demand(table):
    path = table(f"{PLAIN}x,a,0.6667,0.3334\ny,b,3,1\n", "q.csv")
    heard = Heard()
    found = read_any(path, Columns(), normalize=True, progress=heard)
    np.testing.assert_allclose(found.probabilities, [[6667 / 10001, 3334 / 10001], [0.75, 0.25]], rtol=1e-15)
    assert heard.lines[-1] == f"{path}: each row was divided by its sum, which was not one in 1 of 2 rows"
    accepted = read_any(table(f"{PLAIN}x,a,0.6667,0.3334\n"), Columns())
    np.testing.assert_array_equal(accepted.probabilities, [[0.6667, 0.3334]])


def test_a_split_is_chosen(table):
    path = table("image,label,split,p_a,p_b\nx,a,val,0.8,0.2\ny,a,test,0.4,0.6\n")
    found = read_any(path, Columns(), split="val")
    assert (found.split, found.images) == ("val", ("x",))


def test_labels_in_both_tables_must_be_the_same(table, mistake):
    text = f"{PLAIN}x,0,0.8,0.2\ny,1,0.4,0.6\n"
    labels = table("image,diagnosis\ny,b\n", "labels.csv")  # need not know every image
    assert read_any(table(text), Columns(), labels=labels).labels.tolist() == [0, 1]
    assert mistake(text, labels="image,class\ny,a\n") == (
        "p.csv:3 says that 'y' is 'b', but labels.csv:2 says 'a'; correct one of them"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"{PLAIN}x,a,0.5,0.4\n",
            "p.csv:2 has probabilities that do not sum to one for 'x': 0.5, 0.4; --normalize "
            "divides each row by its sum",
        ),
        (f"{PLAIN}x,a,nan,1\n", "p.csv:2 has a probability that is not a finite number for 'x': nan, 1"),
        (f"{PLAIN}x,a,,1\n", "p.csv:2 must hold a number in column 'p_a'; got ''"),
        (f"{PLAIN}x,a,-0.1,1.1\n", "p.csv:2 has a negative probability for 'x': -0.1, 1.1"),
        (f"{PLAIN}x,c,0.5,0.5\n", "p.csv:2 must have a label among a, b; got 'c'"),
        (
            f"{PLAIN}x,0,0.5,0.5\ny,2,0.5,0.5\n",
            "p.csv:3 must have a label from 0 to 1 for a, b, or the class itself; got '2'",
        ),
        (f"{PLAIN}x,0,0.5,0.5\ny,b,0.5,0.5\n", "p.csv:2 must have a label among a, b; got '0'"),
        (f"{PLAIN}x,,0.5,0.5\n", "p.csv:2 must have a label among a, b; got ''"),
        (f"{PLAIN}x,a,0.5,0.5\nx,a,0.5,0.5\n", "p.csv:3 repeats the image 'x' of line 2"),
        (f"{PLAIN},a,0.5,0.5\n", "p.csv:2 has no image name"),
        (
            "image,p_a,p_b\nx,1,0\n",
            "p.csv has no true labels; name their column by --label-column, or a table of image "
            "and label by --labels: its columns are image, p_a, p_b",
        ),
        (
            "picture,label,p_a,p_b\nx,a,1,0\n",
            "p.csv has no column of image names; name it by --image-column: its columns are picture, label, p_a, p_b",
        ),
        (
            "filename,id,label,p_a,p_b\nx,1,a,1,0\n",
            "p.csv may have the image of each row in 'filename' or 'id'; name it by --image-column",
        ),
        (
            "image,truth,target,p_a,p_b\nx,a,a,1,0\n",
            "p.csv may have the label of each row in 'truth' or 'target'; name it by --label-column",
        ),
        (
            "image,patient,subject,label,p_a,p_b\nx,1,1,a,1,0\n",
            "p.csv may have the group of each row in 'patient' or 'subject'; name it by --group-column",
        ),
        (
            "image,label,words\nx,a,b\n",
            "p.csv must have a column 'p_<class>' for each of two or more classes; its "
            "columns are image, label, words: name others by --classes or --probability-columns",
        ),
        (
            "image,label,split,p_a,p_b\nx,a,val,1,0\ny,a,test,1,0\n",
            "p.csv must hold one split; it holds 'test', 'val': choose one by --split",
        ),
        (
            "image,label,p_a,p_b,error\nx,a,1,0,0.3\n",
            "p.csv:2 must have either probabilities or an error; it has '1' in "
            "the column 'p_a': the column 'error' is for images that could not be predicted, rename it if it is not",
        ),
        ("image,label,p_a,p_b,spread\nx,a,1,0,nan\n", "p.csv:2 must hold a finite number in column 'spread'; got nan"),
        ("image,label,p_a,p_b,repeat\nx,a,1,0,1.5\n", "p.csv:2 must hold a whole number in column 'repeat'; got 1.5"),
        (PLAIN, "p.csv has a header but no rows; a row for each image was expected"),
    ],
)
def test_each_mistake_has_its_sentence(mistake, text, message):
    assert mistake(text) == message


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"split": "train"}, "p.csv has no row of the split 'train'; it holds 'test'"),
        ({"classes": ["a", "b", "c"]}, "p.csv must hold probabilities of the classes a, b, c; it holds those of a, b"),
        (
            {"columns": Columns(image="picture")},
            "p.csv has no column 'picture'; its columns are image, label, split, p_a, p_b",
        ),
        (
            {"columns": Columns(probability="prob_{}")},
            "p.csv must have a column 'prob_<class>' for each of two or more "
            "classes; its columns are image, label, split, p_a, p_b: name others by --classes or --probability-columns",
        ),
    ],
)
def test_what_is_asked_for_must_be_there(mistake, how, message):
    assert mistake("image,label,split,p_a,p_b\nx,a,test,1,0\n", **how) == message


def test_more_that_is_asked_for_must_be_there(mistake):
    message = "p.csv has no column 'split' to find 'val' in; leave out --split"
    assert mistake(f"{PLAIN}x,a,1,0\n", split="val") == message
    message = "p.csv:2 has no probability above zero for 'x': 0, 0"
    assert mistake(f"{PLAIN}x,a,0,0\n", normalize=True) == message
    message = "p.csv must hold one split; it holds 'test', 'val': choose one by --validation-split"
    text = "image,label,split,p_a,p_b\nx,a,val,1,0\ny,a,test,1,0\n"
    assert mistake(text, split_option="--validation-split") == message


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            "image,label\n0.jpg,Type_1\n2.jpg,Type_2\n",
            "labels.csv has no label for 1 of the 3 images of p.csv, the first is '1.jpg'",
        ),
        (
            "image,label\n0.jpg,Type_1\n1.jpg,Type_1\n2.jpg,Type_1\n0.jpg,Type_1\n",
            "labels.csv:5 repeats the image '0.jpg' of line 2; keep one of them",
        ),
        (
            "image,label\n0.jpg,Type_1\n1.jpg,\n2.jpg,Type_1\n",
            "labels.csv has no label for 1 of the 3 images of p.csv, the first is '1.jpg'",
        ),
        (
            "image,label\n0.jpg,Type_1\n1.jpg,Type_4\n2.jpg,Type_1\n",
            "labels.csv:3 must have a label among Type_1, Type_2, Type_3; got 'Type_4'",
        ),
        (
            "image,label\na/0.jpg,Type_1\na/1.jpg,Type_1\na/2.jpg,Type_1\nb/0.jpg,Type_2\n",
            "labels.csv can give labels by "
            "file name only, because its folders are others, but 'a/0.jpg' and 'b/0.jpg' have one file name; write the "
            "same paths into both tables",
        ),
        ("image,age\n0.jpg,7\n", "labels.csv must have a column called label; its columns are image, age"),
        ("picture,label\n0.jpg,Type_1\n", "labels.csv must have a column called image; its columns are picture, label"),
        (
            "image,class,type\n0.jpg,Type_1,1\n",
            "labels.csv may have the label of each row in 'class' or 'type'; call the right one label",
        ),
    ],
)
def test_each_mistake_in_labels_has_its_sentence(mistake, labels, message):
    assert mistake(SUBMISSION, labels=labels) == message


def test_predictions_of_one_file_name_cannot_be_matched_by_it(mistake):
    text = SUBMISSION.replace("1.jpg", "b/0.jpg")
    labels = "image,label\na/0.jpg,Type_1\na/2.jpg,Type_2\n"
    assert mistake(text, labels=labels) == (
        "labels.csv can give labels by file name only, because its folders are others, but '0.jpg' and 'b/0.jpg' have "
        "one file name; write the same paths into both tables"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.xlsx", b"PK", "p.xlsx must be a CSV or Parquet table, but it is a spreadsheet; save it as 'CSV UTF-8'"),
        ("p.csv", b"", "p.csv is empty; a header and a row for each image were expected"),
        ("p.csv", None, "p.csv cannot be read: No such file or directory"),
        ("p.parquet", None, "p.parquet cannot be read: No such file or directory"),
    ],
)
def test_files_that_are_no_tables(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_any(tmp_path / name, Columns())
    assert str(caught.value).replace(f"{tmp_path}/", "") == message


def test_damaged_and_empty_parquet(tmp_path):
    (tmp_path / "p.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(DataError, match=r"p\.parquet is not Parquet: ."):
        read_any(tmp_path / "p.parquet", Columns())
    pd.DataFrame({"image": [], "label": []}).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(DataError, match=r"p\.parquet has a header but no rows; a row for each image was expected$"):
        read_any(tmp_path / "p.parquet", Columns())
