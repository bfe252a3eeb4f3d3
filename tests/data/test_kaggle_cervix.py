"""The competition's layout in the forms people have it in, and boxes drawn on other sizes of its pictures."""

import os
from pathlib import Path

import numpy as np
import pytest

from cervinet.data.manifest_checks import checked
from cervinet.data.readers.kaggle_cervix import kaggle_cervix
from cervinet.errors import DataError

REAL = Path(os.environ.get("CERVINET_REAL_DATA", "nowhere")) / "intel-mobileodt-512/train"
TRAIN = [f"train/Type_{k}/{n}.png" for k in (1, 2, 3) for n in (0, 1)]


def boxes(manifest):
    found = manifest.table.set_index("image")[["box_x", "box_y", "box_w", "box_h"]].dropna()
    return {name: tuple(row) for name, row in zip(found.index, found.to_numpy().tolist(), strict=True)}


def error(root, **options):
    with pytest.raises(DataError) as caught:
        kaggle_cervix(root, **options)
    return str(caught.value)


def write(path, *lines):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


class TestLayout:
    def test_with_and_without_train_around_the_types(self, pictures):
        root = pictures(TRAIN)
        assert [*kaggle_cervix(root).table["image"]] == TRAIN
        inner = kaggle_cervix(root / "train")
        assert [*inner.table["image"]] == [name.removeprefix("train/") for name in TRAIN]
        assert [*inner.table["label"]] == ["Type_1"] * 2 + ["Type_2"] * 2 + ["Type_3"] * 2
        assert checked(inner, None).classes == ("Type_1", "Type_2", "Type_3")

    def test_a_missing_type(self, pictures):
        root = pictures(TRAIN[:4])
        assert error(root) == (
            "data.root must hold the folders Type_1, Type_2, Type_3, or `train` with these; "
            f"{root / 'train'} has no Type_3; extract the competition's archives there, or correct data.root"
        )

    def test_a_missing_root(self, tmp_path):
        assert error(tmp_path / "x") == f"data.root must be a folder; {tmp_path / 'x'} is not there"

    @pytest.mark.parametrize("folder", ["additional/Type_2_v2", "additional_Type_2_v2", "additional_Type_2"])
    def test_additional_pictures(self, pictures, folder):
        root = pictures([*TRAIN, f"{folder}/7.png", f"{folder}/Type_2/8.png"])
        found = kaggle_cervix(root, additional=True)
        assert [*found.table["image"]] == [*TRAIN, f"{folder}/7.png", f"{folder}/Type_2/8.png"]
        assert [*found.table["label"]][-2:] == ["Type_2"] * 2
        without = kaggle_cervix(root)
        assert len(without) == 6
        assert without.ignored_line() == "2 files ignored: 2 additional, not asked for"

    def test_of_two_versions_the_second(self, pictures):
        root = pictures([*TRAIN, "additional_Type_1/7.png", "additional_Type_1_v2/7.png", "additional_Type_3/9.png"])
        found = kaggle_cervix(root, additional=True)
        assert [*found.table["image"]][6:] == ["additional_Type_1_v2/7.png", "additional_Type_3/9.png"]
        assert found.ignored_line() == "1 file ignored: 1 additional, of which there is a second version"

    def test_additional_pictures_that_are_not_there(self, pictures):
        root = pictures(TRAIN)
        assert error(root, additional=True) == (
            f"{root} has no additional pictures; extract additional_Type_1_v2.7z and its kin there, "
            "or set data.reader.kaggle_cervix.additional=false"
        )


class TestTest:
    @pytest.fixture
    def root(self, pictures):
        root = pictures([*TRAIN, "test/3.png", "test/4.png", "test/5.png", "test_stg2/3.png"])
        write(root / "solution_stg1_release.csv", "image_name,Type_1,Type_2,Type_3", "3.png,0,0,1", "4.png,1.0,0,0")
        return root

    def test_what_the_solution_labels_is_the_test_split(self, root):
        found = kaggle_cervix(root, test=True)
        assert found.table[["image", "label", "split"]].to_numpy().tolist()[5:] == [
            ["train/Type_3/1.png", "Type_3", None],
            ["test/3.png", "Type_3", "test"],
            ["test/4.png", "Type_1", "test"],
        ]
        assert found.ignored.to_numpy().tolist() == [
            ["test/5.png", "unlabelled test picture"], ["test_stg2/3.png", "unlabelled test picture"]
        ]  # fmt: skip

    def test_otherwise_it_is_counted(self, root):
        assert kaggle_cervix(root).ignored_line() == (
            "4 files ignored: 3 test picture, not asked for, 1 unlabelled test picture"
        )

    def test_no_solution(self, root):
        path = root / "solution_stg1_release.csv"
        path.unlink()
        assert error(root, test=True) == (
            f"there is no {path}, which labels the pictures of `test`; put it there, "
            "or set data.reader.kaggle_cervix.test=false"
        )

    @pytest.mark.parametrize("row", ["3.png,0,0,0", "3.png,1,1,0", "3.png,0.2,0.3,0.5"])
    def test_an_answer_that_is_none(self, root, row):
        path = write(root / "solution_stg1_release.csv", "image_name,Type_1,Type_2,Type_3", row)
        numbers = [float(cell) for cell in row.split(",")[1:]]
        assert error(root, test=True) == (
            f"{path}:2 must have one 1 and zeros under Type_1, Type_2, Type_3; got {numbers}"
        )

    def test_a_picture_that_is_not_there(self, root):
        path = write(root / "solution_stg1_release.csv", "image_name,Type_1,Type_2,Type_3", "9.png,1,0,0")
        assert error(root, test=True) == (
            f"{path} names 1 pictures that are not in {root / 'test'}, the first is 9.png; extract test.7z there, "
            "or set data.reader.kaggle_cervix.test=false"
        )


class TestBoxes:
    @pytest.fixture
    def root(self, pictures):
        return pictures(TRAIN, size=(60, 80))

    def test_without_a_frame_count_in_the_pictures_own_pixels(self, root):
        write(root / "bbox/Type_1_bbox.tsv", r"Type_1\0.png 1 5 6.5 70 50", r"Type_1\1.png 1 0 0 80 60")
        found = kaggle_cervix(root, boxes="bbox")
        assert boxes(found) == {"train/Type_1/0.png": (5, 6.5, 70, 50), "train/Type_1/1.png": (0, 0, 80, 60)}
        assert found.remarks == ()

    def test_of_a_picture_become_the_one_round_all(self, root):
        write(root / "bbox/Type_1_bbox.tsv", r"Type_1\0.png 2 10 20 5 5 30 12 10 4")
        assert boxes(kaggle_cervix(root, boxes="bbox")) == {"train/Type_1/0.png": (10, 12, 30, 13)}

    def test_are_scaled_from_the_frame_they_were_drawn_in_each_side_on_its_own(self, root):
        write(root / "bbox/Type_2_bbox.tsv", r"Type_2\0.png 1 882 961 1042 1106")
        write(root / "bbox/sizes.csv", "image,frame_width,frame_height", r"Type_2\0.png,2448,3264")
        (found,) = boxes(kaggle_cervix(root, boxes="bbox")).values()
        expected = np.array([882, 961, 1042, 1106]) * [80 / 2448, 60 / 3264, 80 / 2448, 60 / 3264]
        np.testing.assert_allclose(found, expected, atol=1 / 64)

    @pytest.mark.parametrize("frame", [(2448, 3264), (3096, 4128), (7, 3), (81, 61)])
    def test_to_the_edge_of_the_frame_end_at_the_edge_of_the_picture(self, root, frame):
        write(root / "bbox/Type_2_bbox.tsv", f"Type_2\\0.png 1 1 1 {frame[0] - 1} {frame[1] - 1}")
        write(root / "bbox/sizes.csv", "image,frame_width,frame_height", f"Type_2/0.png,{frame[0]},{frame[1]}")
        ((x, y, w, h),) = boxes(kaggle_cervix(root, boxes="bbox")).values()
        assert (x + w, y + h) == (80, 60)

    @pytest.mark.parametrize("box", ["-1 0 5 5", "0 -1 5 5", "76 0 5 5", "0 56 5 5", "0 0 5 5 76 0 5 5"])
    def test_that_leave_the_picture_are_none_and_counted(self, root, box):
        write(root / "bbox/Type_1_bbox.tsv", f"Type_1\\0.png {len(box.split()) // 4} {box}", r"Type_1\9.png 1 0 0 1 1")
        found = kaggle_cervix(root, boxes="bbox")
        assert boxes(found) == {}
        assert found.remarks == (
            "1 boxes leave the picture they were drawn on and count as none",
            "1 boxes are of pictures that were not taken",
        )

    def test_none_were_drawn(self, root):
        write(root / "bbox/Type_1_bbox.tsv", r"Type_1\0.png 0", "")
        assert boxes(kaggle_cervix(root, boxes="bbox")) == {}

    def test_of_an_unreadable_picture(self, root):
        (root / TRAIN[0]).write_bytes(b"")
        write(root / "bbox/Type_1_bbox.tsv", r"Type_1\0.png 1 1 1 2 2")
        assert kaggle_cervix(root, boxes="bbox").remarks == (
            "1 boxes count as none, for the headers of their pictures cannot be read",
        )

    @pytest.mark.parametrize(
        "line",
        [
            r"Type_1\0.png", r"Type_1\0.png x 1 2 3 4", r"Type_1\0.png 2 1 2 3 4", r"Type_1\0.png 1 1 2 3",
            r"Type_1\0.png 1 1 2 0 4", r"Type_1\0.png 1 1 2 3 -4", r"Type_1\0.png 1 nan 2 3 4",
            r"Type_1\0.png 1 1 2 inf 4", r"a name\0.png 1 1 2 3 4",
        ],
    )  # fmt: skip
    def test_a_malformed_line(self, root, line):
        path = write(root / "bbox/Type_1_bbox.tsv", r"Type_1\0.png 1 1 2 3 4", line, line)
        assert error(root, boxes="bbox") == (
            f"{path}:2 must be a picture, the number of its boxes, and x, y, width and height of each, the last two "
            f"above 0; got {line!r} (2 such lines)"
        )

    def test_no_tables(self, root):
        assert error(root, boxes="nowhere") == (
            f"{root / 'nowhere'} has no tables of boxes such as Type_1_bbox.tsv; "
            "correct data.reader.kaggle_cervix.boxes"
        )

    def test_a_frame_without_a_size(self, root):
        write(root / "bbox/Type_1_bbox.tsv", r"Type_1\0.png 1 1 2 3 4")
        path = write(root / "bbox/sizes.csv", "image,frame_width,frame_height", "Type_1/0.png,0,5")
        assert error(root, boxes="bbox") == f"{path}:2 must have a width and a height above 0; got 0 and 5"
        write(path, "image,width,height", "Type_1/0.png,0,5")
        assert error(root, boxes="bbox") == (
            f"{path} must have the columns image, frame_width, frame_height; 'frame_width' is missing"
        )


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real pictures at {REAL}: set CERVINET_REAL_DATA")
def test_the_real_pictures_and_their_boxes():
    found = kaggle_cervix(REAL, boxes="../bbox")
    assert found.table["label"].value_counts().to_dict() == {"Type_2": 781, "Type_3": 450, "Type_1": 250}
    assert (len(found), len(boxes(found)), found.remarks) == (1481, 1466, ())
    # `Type_1\0.jpg 2 882 961 1042 1106 …` in a frame of 2448 × 3264
    np.testing.assert_allclose(boxes(found)["Type_1/0.jpg"], [184.47, 150.75, 217.93, 173.49], atol=0.02)
