"""The contact sheet of real and augmented pictures."""

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from cervinet.report import plots
from cervinet.report.plots.preview import PreviewRow, pictures_of_a_class, preview_sheet


def row(label, *, size=(20, 30), views=3, value=100):
    prepared = np.full((*size, 3), value, np.uint8)
    return PreviewRow(label, prepared, np.stack([prepared + 1 + view for view in range(views)]))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_row_is_the_picture_and_its_views_from_left_to_right():
    figure = preview_sheet([row("a", value=10), row("a", value=50), row("b", value=90)], "synthetic phantoms")
    (axes,) = figure.axes
    assert figure.get_suptitle() == (
        "Pictures as the network gets them, and augmented\n2 classes, 3 pictures · synthetic phantoms"
    )
    assert texts(axes) == ["prepared", "augmented", "a", "b"]
    values = [int(image.get_array()[0, 0, 0]) for image in axes.images]
    assert values == [10, 11, 12, 13, 50, 51, 52, 53, 90, 91, 92, 93]
    lefts = [image.get_extent()[0] for image in axes.images]
    assert lefts[:4] == sorted(lefts[:4])
    assert lefts[4:8] == lefts[:4]


def test_without_augmentation_nothing_is_called_augmented():
    prepared = np.zeros((20, 30, 3), np.uint8)
    figure = preview_sheet([PreviewRow("a", prepared, np.zeros((0, 20, 30, 3), np.uint8))])
    assert figure.get_suptitle() == "Pictures as the network gets them\n1 class, 1 picture · no augmentation is set"
    assert texts(figure.axes[0]) == ["prepared", "a"]


def test_pictures_keep_their_proportions():
    for size in ((20, 30), (30, 20), (4, 400)):
        (axes,) = preview_sheet([row("a", size=size)]).axes
        left, right, bottom, top = axes.images[0].get_extent()
        assert (bottom - top) / (right - left) == pytest.approx(size[0] / size[1])
        assert axes.get_aspect() == 1


def test_pictures_and_names_never_overlap():
    rows = [row("oral squamous cell carcinoma, well differentiated"), row("x" * 200), row("W")]
    figure = preview_sheet(rows)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    first = min(image.get_window_extent().x0 for image in axes.images)
    names = [text for text in axes.texts if text.get_position()[0] == 0]
    assert len(names) == 3
    assert max(name.get_window_extent().x1 for name in names) < first
    boxes = [image.get_window_extent() for image in axes.images]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_long_names_are_cut_visibly_and_take_two_lines():
    rows = [row("x" * 200), row("actinic keratosis or intraepithelial"), row("a\n$b$\u202e")]
    (axes,) = preview_sheet(rows).axes
    assert texts(axes)[2:] == [
        f"{'x' * 18}…\n{'x' * 19}",
        "actinic keratosis\nor intraepithelial",
        "a�$b$�",
    ]
    assert not any(text.get_parse_math() for text in axes.findobj(Text))


@pytest.mark.parametrize(
    ("classes", "pictures", "blocks"), [(2, 4, 1), (3, 4, 1), (7, 3, 2), (9, 2, 2), (13, 1, 1), (26, 1, 2)]
)
def test_classes_share_blocks_evenly_and_are_never_divided(classes, pictures, blocks):
    assert pictures_of_a_class(classes) == pictures
    figure = preview_sheet([row(f"class {number}") for number in range(classes) for _ in range(pictures)])
    assert len(figure.axes) == blocks
    labels = [text for axes in figure.axes for text in texts(axes)[2:]]
    assert labels == [f"class {number}" for number in range(classes)]
    held = [len(axes.images) // 4 for axes in figure.axes]
    assert sum(held) == classes * pictures
    assert all(number % pictures == 0 and number <= 13 for number in held)
    assert max(held) - min(held) <= pictures


def test_what_does_not_fit_is_said():
    figure = preview_sheet([row(f"class {number}", views=1) for number in range(100)])
    shown = sum(len(axes.images) for axes in figure.axes) // 2
    assert len(figure.axes) == 3
    assert figure.get_suptitle().endswith(f"\n{shown} classes, {shown} pictures · the first of 100")
    assert 36 <= shown <= 39


def test_a_class_of_many_pictures_shows_as_many_as_a_block_holds():
    figure = preview_sheet([row("a", views=1) for _ in range(50)])
    assert [len(axes.images) for axes in figure.axes] == [26]
    assert figure.get_suptitle().endswith("\n1 class, 13 pictures · the first of 50")


def test_without_augmentation_there_is_one_column():
    (axes,) = preview_sheet([PreviewRow("a", np.zeros((9, 9, 3), np.uint8), np.zeros((0, 9, 9, 3), np.uint8))]).axes
    assert texts(axes) == ["prepared", "a"]
    assert len(axes.images) == 1


def test_the_sheet_is_large_enough_to_read_and_small_enough_to_open(tmp_path):
    plots.save(preview_sheet([row(f"class {number}", views=6) for number in range(26)]), tmp_path / "preview.png")
    with Image.open(tmp_path / "preview.png") as sheet:
        assert max(sheet.size) < 3200
        assert min(sheet.size) > 1000
