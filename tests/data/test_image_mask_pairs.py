"""Pictures with their masks beside them, as BUSI has them."""

import os
from pathlib import Path

import pytest

from cervinet.data.readers.image_mask_pairs import image_mask_pairs
from cervinet.errors import DataError

REAL = Path(os.environ.get("CERVINET_REAL_DATA", "nowhere")) / "busi-sample"


def rows(manifest, *columns):
    return [tuple(row) for row in manifest.table[list(columns)].to_numpy().tolist()]


def error(root, **options):
    with pytest.raises(DataError) as caught:
        image_mask_pairs(root, **options)
    return str(caught.value)


def test_masks_go_with_their_picture_and_are_none(pictures):
    names = ["b/b (4).png", "b/b (4)_mask.png", "b/b (4)_mask_1.png", "n/n (1).png", "n/n (1)_mask.png"]
    found = image_mask_pairs(pictures(names))
    assert rows(found, "image", "label", "masks") == [
        ("b/b (4).png", "b", ("b/b (4)_mask.png", "b/b (4)_mask_1.png")), ("n/n (1).png", "n", ("n/n (1)_mask.png",))
    ]  # fmt: skip
    assert found.remarks == ()


def test_masks_are_in_the_order_of_their_numbers(pictures):
    masks = ["a/x_mask.png", *(f"a/x_mask_{n}.png" for n in range(1, 12))]
    found = image_mask_pairs(pictures(["a/x.jpg", *masks]))
    assert rows(found, "image", "masks") == [("a/x.jpg", tuple(masks))]


def test_a_picture_without_one_is_counted(pictures):
    found = image_mask_pairs(pictures(["a/1.png", "a/2.png", "a/2_mask.png", "b/3.png"]))
    assert rows(found, "image", "masks") == [("a/1.png", None), ("a/2.png", ("a/2_mask.png",)), ("b/3.png", None)]
    assert found.remarks == ("2 of 3 pictures have no mask",)


def test_split_folders_subclasses_and_another_suffix(pictures):
    names = [f"{split}/a/x/1{end}.png" for split in ("train", "test") for end in ("", "-seg", "_mask")]
    found = image_mask_pairs(pictures(names), suffix="-seg", sublabels=True)
    assert rows(found, "image", "sublabel", "split", "masks") == [
        ("train/a/x/1.png", "x", "train", ("train/a/x/1-seg.png",)),
        ("train/a/x/1_mask.png", "x", "train", None),
        ("test/a/x/1.png", "x", "test", ("test/a/x/1-seg.png",)),
        ("test/a/x/1_mask.png", "x", "test", None),
    ]


def test_names_that_only_look_like_masks(pictures):
    found = image_mask_pairs(pictures(["a/_mask.png", "a/unmasked.png", "a/x_masks.png", "a/x_mask_b.png"]))
    assert len(found) == 4


def test_a_mask_without_its_picture(pictures):
    root = pictures(["a/1.png", "a/2_mask_1.png", "b/1_mask.png", "b/2.png"])
    assert error(root) == (
        f"2 masks have no picture beside them, the first is {root / 'a/2_mask_1.png'}; bring its picture, whose name "
        "is the same without '_mask', or remove the mask"
    )


def test_a_mask_of_two_pictures(pictures):
    root = pictures(["a/1.png", "a/1.jpg", "a/1_mask.png"])
    assert error(root) == (f"the mask {root / 'a/1_mask.png'} fits two pictures of one name; rename one of them")


def test_no_folder(tmp_path):
    assert error(tmp_path / "x") == f"data.root must be a folder; {tmp_path / 'x'} is not there"


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real pictures at {REAL}: set CERVINET_REAL_DATA")
def test_the_real_pictures():
    found = image_mask_pairs(REAL)
    assert found.table["label"].value_counts().to_dict() == {"benign": 20, "malignant": 20, "normal": 20}
    assert sorted(map(len, found.table["masks"])) == [1] * 59 + [2]
