"""predictions_*.csv: what is written comes back bit for bit; each mistake gets its one sentence."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from cervinet.csv_table import escape, unescape
from cervinet.errors import DataError
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.evaluation.predictions import Predictions, Unreadable, write_predictions

HEADER = "image,group,label,predicted,split,p_a,p_b"
NOT_FINITE = ":2 has a probability that is not a finite number"


FINER = ("x", "=y", "z")


def with_subclasses(images, sublabels, **more):
    """Of the classes a (x and =y) and b (z)."""
    whole = predictions(images, **more)
    share = np.random.default_rng(5).random(len(images))
    a, b = whole.probabilities.T
    finer = np.stack([share * a, (1 - share) * a, b], axis=1)
    return replace(whole, sublabels=tuple(sublabels), subclasses=FINER, subclass_probabilities=finer)


def predictions(images, classes=("a", "b"), *, groups=None, unreadable=(), logits=None, split="test"):
    count = len(images)
    random = np.random.default_rng(count)
    return Predictions(
        images=tuple(images),
        groups=tuple(groups or images),
        labels=np.arange(count) % len(classes),
        probabilities=random.dirichlet(np.ones(len(classes)), count),
        classes=tuple(classes),
        split=split,
        unreadable=tuple(unreadable),
        logits=logits,
    )


def assert_same(one, other):
    assert (one.images, one.groups, one.classes) == (other.images, other.groups, other.classes)
    assert (one.split, one.unreadable) == (other.split, other.unreadable)
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_comes_back_bit_for_bit(tmp_path):
    logits = np.random.default_rng(1).normal(0, 1e3, (500, 3))
    written = predictions(
        [f"folder/{i} é.jpg" for i in range(500)],
        ("Type_1", "NA", "3"),
        groups=[f"patient {i // 3}" for i in range(500)],
        unreadable=[Unreadable("broken.jpg", "cut off after 12 bytes")],
        logits=logits,
    )
    write_predictions(written, tmp_path / "p.csv")
    read = read_predictions(tmp_path / "p.csv")
    assert_same(read, written)
    np.testing.assert_array_equal(read.logits, logits)


NASTY = ["=1+1.jpg", "+a", "-a", "@SUM(A1)", "\ta", "\ra", "\na", "'=a", "''@", "'a", "'", 'a"b,c', "a\r\nb"]
NASTY += ["＝1", "\udcff.jpg", "\u202egpj.exe", " a ", "#N/A"]


def test_nasty_names_come_back(tmp_path):
    written = predictions(
        NASTY,
        ("=cmd|' /C calc'!A0", "-1", "'+"),
        unreadable=[Unreadable("=2.jpg", "@x\r")],
        split="=s",
    )
    write_predictions(written, tmp_path / "p.csv")
    assert_same(read_predictions(tmp_path / "p.csv"), written)


def test_no_cell_begins_a_formula(tmp_path):
    write_predictions(predictions(NASTY, ("=a", "@b")), tmp_path / "p.csv")
    with open(tmp_path / "p.csv", encoding="utf-8", errors="surrogateescape", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row if cell]
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r\n＝"]


@pytest.mark.parametrize("cell", [*NASTY, "", "a", "a=b"])
def test_escaping_is_undone_exactly(cell):
    assert unescape(escape(cell)) == cell


def test_the_columns_are_those_of_the_contract(tmp_path):
    written = predictions(["1.jpg"], unreadable=[Unreadable("2.jpg", "empty file")], logits=np.zeros((1, 2)))
    write_predictions(written, tmp_path / "p.csv")
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "image,group,label,predicted,split,p_a,p_b,logit_a,logit_b,error"
    assert lines[2] == "2.jpg,,,,test,,,,,empty file"


def test_subclasses_come_back_bit_for_bit(tmp_path):
    written = with_subclasses(["1.jpg", "2.jpg"], ["=y", ""], unreadable=[Unreadable("3.jpg", "empty")])
    write_predictions(written, tmp_path / "p.csv")
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "image,group,label,predicted,split,sublabel,p_a,p_b,psub_x,psub_=y,psub_z,error"
    assert lines[3] == "3.jpg,,,,test,,,,,,,empty"
    read = read_predictions(tmp_path / "p.csv")
    assert_same(read, written)
    assert (read.sublabels, read.subclasses) == (("=y", ""), FINER)
    np.testing.assert_array_equal(read.subclass_probabilities, written.subclass_probabilities)


def test_sublabels_are_kept_where_the_network_knows_classes_only(tmp_path):
    written = replace(predictions(["1.jpg", "2.jpg"]), sublabels=("x", "z"))
    write_predictions(written, tmp_path / "p.csv")
    read = read_predictions(tmp_path / "p.csv")
    assert (read.sublabels, read.subclasses, read.subclass_probabilities) == (("x", "z"), (), None)
    assert read.of_subclasses() is None


def test_images_of_a_known_subclass_are_judged_by_it():
    given = with_subclasses(["1.jpg", "2.jpg", "3.jpg", "4.jpg"], ["z", "", "strange", "x"], groups="ABCA")
    found = given.of_subclasses()
    assert (found.images, found.groups, found.classes) == (("1.jpg", "4.jpg"), ("A", "A"), FINER)
    assert found.labels.tolist() == [2, 0]
    np.testing.assert_array_equal(found.probabilities, given.subclass_probabilities[[0, 3]])
    assert with_subclasses(["1.jpg"], [""]).of_subclasses() is None


def test_subclasses_that_do_not_match_the_images_are_refused():
    whole = predictions(["1.jpg", "2.jpg"])
    with pytest.raises(ValueError, match="there must be 2 sublabels; got 1"):
        replace(whole, sublabels=("x",))
    with pytest.raises(ValueError, match=r"subclass_probabilities must be \(2, 3\)"):
        replace(whole, subclasses=FINER, subclass_probabilities=np.ones((2, 2)))


def test_spread_attributes_and_repeats_come_back_bit_for_bit(tmp_path):
    written = replace(
        with_subclasses(["1.jpg", "2.jpg", "1.jpg"], ["=y", "", "=y"], unreadable=[Unreadable("3.jpg", "empty")] * 2),
        logits=np.random.default_rng(2).normal(size=(3, 2)),
        spread=np.array([0.1, 1 / 3, 0.0]),
        attributes={"site": ("=Lyon", "", "Oslo, north"), "-age\n": ("7", "007", "")},
        repeats=np.array([1, 1, 2]),
    )
    write_predictions(written, tmp_path / "p.csv")
    with open(tmp_path / "p.csv", newline="") as file:
        rows = list(csv.reader(file))
    first = ["image", "group", "label", "predicted", "split", "repeat", "sublabel", "site", "'-age\n", "p_a", "p_b"]
    assert rows[0] == [*first, "logit_a", "logit_b", "psub_x", "psub_=y", "psub_z", "spread", "error"]
    assert rows[4:] == [["3.jpg", *[""] * 3, "test", number, *[""] * 11, "empty"] for number in ("1", "2")]
    read = read_predictions(tmp_path / "p.csv")
    assert_same(read, written)
    assert (read.attributes, read.sublabels) == (written.attributes, written.sublabels)
    for name in ("logits", "spread", "repeats", "subclass_probabilities"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


def test_rows_are_taken_with_all_that_is_known_of_them():
    whole = replace(
        with_subclasses(["1.jpg", "2.jpg", "3.jpg"], ["x", "z", "=y"], groups="ABA"),
        logits=np.arange(6.0).reshape(3, 2),
        spread=np.array([0.1, 0.2, 0.3]),
        attributes={"site": ("Lyon", "Oslo", "")},
        repeats=np.array([1, 1, 2]),
        unreadable=(Unreadable("4.jpg", "empty"),),
    )
    rows = np.array([2, 0])
    found = whole.take(rows)
    assert (found.images, found.groups, found.sublabels) == (("3.jpg", "1.jpg"), ("A", "A"), ("=y", "x"))
    assert (found.attributes, found.unreadable) == ({"site": ("", "Lyon")}, ())
    assert (found.classes, found.subclasses, found.split) == (whole.classes, whole.subclasses, whole.split)
    for name in ("labels", "probabilities", "logits", "subclass_probabilities", "spread", "repeats"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name)[rows])
    assert len(predictions(["1.jpg"]).take(np.array([], np.int64)).images) == 0


def test_images_judged_by_subclass_keep_spread_attributes_and_repeats():
    whole = replace(
        with_subclasses(["1.jpg", "2.jpg", "3.jpg"], ["z", "", "x"]),
        logits=np.zeros((3, 2)),
        spread=np.array([0.1, 0.2, 0.3]),
        attributes={"site": ("Lyon", "Oslo", "Bonn")},
        repeats=np.array([1, 1, 2]),
    )
    found = whole.of_subclasses()
    assert (found.logits, found.sublabels, found.subclasses, found.subclass_probabilities) == (None, None, (), None)
    assert (found.spread.tolist(), found.repeats.tolist()) == ([0.1, 0.3], [1, 2])
    assert found.attributes == {"site": ("Lyon", "Bonn")}


def test_spread_and_attributes_that_do_not_match_the_images_are_refused():
    whole = predictions(["1.jpg", "2.jpg"])
    with pytest.raises(ValueError, match=r"^spread must be \(2,\); got \(3,\)$"):
        replace(whole, spread=np.zeros(3))
    with pytest.raises(ValueError, match=r"^the attribute 'site' must have 2 texts; got 1$"):
        replace(whole, attributes={"site": ("Lyon",)})
    for name in ("label", "p_age", "error"):
        message = f"^an attribute cannot be called '{name}': predictions have a column of that name$"
        with pytest.raises(ValueError, match=message):
            replace(whole, attributes={name: ("1", "2")})


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("old")
    broken = predictions(["1.jpg"], unreadable=[Unreadable(None, "not text")])
    with pytest.raises(TypeError):
        write_predictions(broken, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_tools_need_image_label_and_probabilities_only(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("\ufeffimage,label,p_b,p_a\n1.jpg,a,0.25,0.75\n\n2.jpg,b,1,0\n", encoding="utf-8")
    read = read_predictions(path, classes=["a", "b"])
    assert (read.groups, read.split, read.labels.tolist()) == (("1.jpg", "2.jpg"), "all", [0, 1])
    np.testing.assert_array_equal(read.probabilities, [[0.75, 0.25], [0, 1]])


def test_probability_columns_may_have_bare_class_names(tmp_path):
    path = tmp_path / "kaggle.csv"
    path.write_text("image,label,a,b\n1.jpg,a,0.25,0.75\n")
    np.testing.assert_array_equal(read_predictions(path, classes=["b", "a"]).probabilities, [[0.75, 0.25]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", " is empty; a header and a row for each image were expected"),
        (f"{HEADER}\n", " has a header but no rows; a row for each image was expected"),
        ("image,p_a,p_b\n1,0,1\n", " has no column 'label'; its columns are image, p_a, p_b"),
        ("label,p_a,p_b\na,0,1\n", " has no column 'image'; its columns are label, p_a, p_b"),
        (
            "image,label,p_a\n1,a,1\n",
            " must have a column 'p_<class>' for each of two or more classes; its columns are image, label, p_a: "
            "name others by --classes or --probability-columns",
        ),
        ("image,label,p_a,p_a\n1,a,1,0\n", " has two columns named 'p_a'"),
        (f"{HEADER}\n1,,a,a,test,1\n", ":2 has 6 cells; the header has 7"),
        (f"{HEADER}\n1,,c,a,test,1,0\n", ":2 must have a label among a, b; got 'c'"),
        (f"{HEADER}\n1,,,a,test,1,0\n", ":2 must have a label among a, b; got ''"),
        (f"{HEADER}\n1,,a,a,test,1,zero\n", ":2 must hold a number in column 'p_b'; got 'zero'"),
        (f"{HEADER}\n1,,a,a,test,1,\n", ":2 must hold a number in column 'p_b'; got ''"),
        (f"{HEADER}\n1,,a,a,test,1,nan\n", f"{NOT_FINITE} for '1': 1, nan"),
        (f"{HEADER}\n1,,a,a,test,inf,0\n", f"{NOT_FINITE} for '1': inf, 0"),
        (f"{HEADER}\n1,,a,a,test,1.1,-0.1\n", ":2 has a negative probability for '1': 1.1, -0.1"),
        (
            f"{HEADER}\n1,,a,a,test,1,0\n2,,a,a,test,0.5,0.4\n",
            ":3 has probabilities that do not sum to one for '2': 0.5, 0.4; --normalize divides each row by its sum",
        ),
        (f"{HEADER}\n1,,a,a,test,1,0\n1,,a,a,test,1,0\n", ":3 repeats the image '1' of line 2"),
        (f"{HEADER}\n,,a,a,test,1,0\n", ":2 has no image name"),
        (
            f"{HEADER}\n1,,a,a,test,1,0\n2,,a,a,val,1,0\n",
            " must hold one split; it holds 'test', 'val': choose one by --split",
        ),
        (f'{HEADER}\n"1', ":2 is not CSV: unexpected end of data"),
    ],
)
def test_each_mistake_has_its_sentence(tmp_path, text, message):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_predictions(path)
    assert str(caught.value) == f"{path}{message}"


def test_sums_within_a_thousandth_are_accepted(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(f"{HEADER}\n1,,a,a,test,0.6667,0.3334\n2,,a,a,test,0.6660,0.3331\n")
    assert read_predictions(path).probabilities[0].tolist() == [0.6667, 0.3334]


def test_other_classes_than_expected_are_refused(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(f"{HEADER}\n1,,a,a,test,1,0\n")
    with pytest.raises(DataError) as caught:
        read_predictions(path, classes=["a", "b", "c"])
    expected = f"{path} must hold probabilities of the classes a, b, c; it holds those of a, b"
    assert str(caught.value) == expected


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError) as caught:
        read_predictions(tmp_path / "none.csv")
    assert str(caught.value) == f"{tmp_path / 'none.csv'} cannot be read: No such file or directory"
