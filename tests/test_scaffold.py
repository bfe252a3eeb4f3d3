"""`cervinet init`: a stranger's folder gets a config that loads, says what was found and can be run."""

import shlex
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from cervinet.config import load_config
from cervinet.errors import DataError, UsageError
from cervinet.pictures import read_manifest
from cervinet.scaffold import find_layout, fitting_network, write_config


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def comments(path):
    return [line[2:] for line in path.read_text(encoding="utf-8").split("\n") if line.startswith("# ")]


def message(kind, *arguments):
    with pytest.raises(kind) as caught:
        write_config(*arguments)
    return str(caught.value)


def write_table(folder, rows, name="labels.csv", **more):
    frame = pd.DataFrame(rows)
    frame.to_csv(folder / name, index=False, **more)


NAMES = [f"{label}/{number}.png" for label in ("benign", "malignant") for number in range(6)]


class TestClassFolders:
    def test_a_config_that_loads_and_reads_the_pictures(self, pictures, here):
        root = pictures(NAMES, size=(40, 60))
        path, found = write_config(root, None)
        assert path == Path("pictures.yaml")
        config = load_config(path)
        assert config.classes == ["benign", "malignant"]
        assert config.data.root == root
        assert (config.model.architecture.name, config.data.image_size) == ("skin_cnn", (40, 40))
        assert read_manifest(config).table["split"].value_counts().sum() == 12
        assert found == (
            "12 pictures in 2 classes: benign 6, malignant 6\n"
            "read as a folder a class\n"
            "typical size 60 × 40 pixels (width × height)\n"
            "no patient or group column: several pictures of one patient may stand in different splits"
        )

    def test_its_comments_tell_the_command_and_the_counts(self, pictures):
        path, found = write_config(pictures([*NAMES, "benign/6.png"], size=(40, 40)), None)
        lines = comments(path)
        assert lines[0] == "cervinet train --config pictures.yaml"
        assert lines[1] == "Every setting: cervinet config show pictures.yaml"
        assert lines[2] == "13 pictures in 2 classes: benign 7, malignant 6"
        assert lines[2:6] == found.splitlines()

    def test_what_was_ignored_is_told(self, pictures):
        root = pictures(NAMES)
        (root / "benign" / "notes.txt").touch()
        (root / "benign" / ".x").touch()
        path, found = write_config(root, None)
        assert found.splitlines()[-1] == "2 files ignored: 1 hidden, 1 not an image"
        assert "2 files ignored: 1 hidden, 1 not an image" in comments(path)

    def test_splits_of_its_own(self, pictures):
        root = pictures(f"{split}/{label}/{n}.png" for split in ("train", "test") for label in "ab" for n in range(6))
        path, _ = write_config(root, None)
        config = load_config(path)
        assert config.classes == ["a", "b"]
        assert read_manifest(config).table["split"].value_counts()["test"] == 12

    def test_a_relative_folder_stays_relative(self, pictures, here):
        pictures(NAMES, folder="work/mine")
        write_config(Path("mine"), None)
        assert load_config(Path("mine.yaml")).data.root == Path("mine")

    def test_the_name_of_the_run_is_made_of_the_folders(self, pictures):
        path, _ = write_config(pictures(NAMES, folder="My Scans (2026) é"), None)
        assert load_config(path).name == "My-Scans-2026-e"

    @pytest.mark.parametrize("folder", ["子宮", "...", "---"])
    def test_a_folder_without_a_usable_name(self, pictures, folder):
        assert load_config(write_config(pictures(NAMES, folder=folder), Path("x.yaml"))[0]).name == "run"


class TestSizes:
    @pytest.mark.parametrize(
        ("side", "network", "size"),
        [
            (3000, "cervix_cnn", 256),
            (256, "cervix_cnn", 256),
            (255, "cervix_cnn", 224),
            (192, "cervix_cnn", 192),
            (191, "skin_cnn", 128),
            (64, "skin_cnn", 64),
            (10, "skin_cnn", 28),
            (1, "skin_cnn", 28),
        ],
    )
    def test_the_network_fits_the_pictures(self, side, network, size):
        assert fitting_network(np.array([[side, 4000]] * 3)) == (network, (size, size))

    def test_tiny_pictures(self, pictures):
        config = load_config(write_config(pictures(NAMES, size=(3, 5)), None)[0])
        assert (config.model.architecture.name, config.data.image_size) == ("skin_cnn", (28, 28))

    def test_a_broken_picture_is_left_to_training(self, pictures):
        root = pictures(NAMES)
        (root / "benign/0.png").write_bytes(b"broken")
        assert load_config(write_config(root, None)[0])

    def test_only_broken_pictures(self, pictures):
        root = pictures(NAMES)
        for name in NAMES:
            (root / name).write_bytes(b"broken")
        assert message(DataError, root, None) == (
            f"none of the pictures such as {root / NAMES[0]} can be read; are they whole?"
        )

    def test_a_picture_that_announces_too_much(self, pictures):
        root = pictures(NAMES)
        data = bytearray((root / "benign/0.png").read_bytes())
        data[16:24] = (60_000).to_bytes(4, "big") * 2
        (root / "benign/0.png").write_bytes(bytes(data))
        assert load_config(write_config(root, None)[0])


class TestTables:
    @pytest.mark.parametrize(
        ("image", "label", "group"),
        [
            ("image", "label", "patient_id"),
            ("Filename", "Diagnosis", "Patient"),
            ("image_id", "dx", "lesion_id"),
            ("path", "CLASS", "case_id"),
        ],
    )
    def test_usual_names_of_columns(self, pictures, image, label, group):
        root = pictures(f"{n}.png" for n in range(12))
        write_table(root, [{"x": 1, image: f"{n}.png", label: "ab"[n % 2], group: f"p{n // 2}"} for n in range(12)])
        path, found = write_config(root, None)
        config = load_config(path)
        assert config.data.reader.name == "table"
        assert config.data.reader.options["file"] == "labels.csv"
        manifest = read_manifest(config)
        assert list(manifest.table["label"]) == ["a", "b"] * 6
        assert manifest.table.groupby("group")["split"].nunique().max() == 1
        assert "6 groups, kept together when the pictures are divided" in found
        assert "6 groups, kept together when the pictures are divided" in comments(path)

    def test_the_table_may_be_named_itself(self, pictures):
        root = pictures(f"{n}.png" for n in range(12))
        write_table(root, [{"image": f"{n}.png", "label": "ab"[n % 2]} for n in range(12)], "my labels.csv", sep=";")
        path, _ = write_config(root / "my labels.csv", None)
        assert path == Path("my labels.yaml")
        assert len(read_manifest(load_config(path))) == 12

    def test_bare_ids_get_their_suffix(self, pictures):
        root = pictures(f"images/{n:03}.jpg" for n in range(12))
        write_table(root, [{"image_id": f"images/{n:03}", "dx": "ab"[n % 2]} for n in range(12)])
        config = load_config(write_config(root, None)[0])
        assert config.data.reader.options["suffix"] == ".jpg"
        assert len(read_manifest(config)) == 12

    def test_a_split_column_is_used_if_it_holds_splits(self, pictures):
        root = pictures(f"{n}.png" for n in range(12))
        for names, used in ([["train", "val", "test"], "split"], [["0", "1", "2"], None]):
            write_table(
                root, [{"image": f"{n}.png", "label": "ab"[n % 2], "split": names[n // 2 % 3]} for n in range(12)]
            )
            path = Path(f"{used}.yaml")
            write_config(root, path)
            assert load_config(path).data.reader.options["split"] == used

    def test_columns_of_other_names(self, pictures):
        root = pictures(["1.png"])
        write_table(root, [{"bild": "1.png", "label": "a"}])
        assert message(DataError, root, None) == (
            f"{root / 'labels.csv'} must have a column of images; none of its columns (bild, label) is called "
            "image, image_id, image_name, filename …: rename it, or name it by data.reader.table.image"
        )

    def test_pictures_that_lie_elsewhere(self, pictures):
        root = pictures(["1.png"])
        write_table(root, [{"image": "gone/1", "label": "a"}])
        assert message(DataError, root, None) == (
            f"{root / 'labels.csv'} names pictures such as 'gone/1', most of which are in no one folder under {root}; "
            "name them by their path from the folder of the table"
        )

    def test_ids_whose_pictures_lie_in_a_folder_below(self, pictures):
        root = pictures([f"images/ISIC_{n}.png" for n in range(12)])
        write_table(root, [{"image_id": f"ISIC_{n}", "dx": "ab"[n % 2], "lesion_id": f"L{n // 2}"} for n in range(12)])
        path, found = write_config(root, None)
        assert "read by the table labels.csv: image in 'image_id', label in 'dx', group in 'lesion_id'" in found
        config = load_config(path)
        assert config.data.root == root / "images"
        assert (config.data.reader.options["file"], config.data.reader.options["suffix"]) == ("../labels.csv", ".png")
        assert len(read_manifest(config)) == 12

    def test_a_table_beside_one_folder_of_pictures_is_not_one_class(self, pictures):
        root = pictures(["images/1.png"])
        write_table(root, [{"bild": "1.png", "label": "a"}])
        assert "must have a column of images" in message(DataError, root, None)

    def test_a_table_of_something_else_beside_class_folders(self, pictures):
        root = pictures(NAMES)
        write_table(root, [{"hospital": "x", "beds": 5}])
        assert find_layout(root).reader == "class_folders"

    def test_the_table_that_is_not_used_is_named(self, pictures):
        root = pictures(NAMES)
        (root / "liste.csv").write_bytes("file;Diagnose;Köln\n".encode("cp1252"))
        _, found = write_config(root, None)
        assert found.splitlines()[1] == (
            f"read as a folder a class, and not by a table: {root / 'liste.csv'} must be a CSV or Parquet table; it is "
            "no text in UTF-8: save it as 'CSV UTF-8'"
        )

    @pytest.mark.parametrize("sides", [("x", "y", "w", "h"), ("X", "Y", "Width", "Height")])
    def test_sites_boxes_and_masks(self, pictures, sides):
        root = pictures([f"{n}.png" for n in range(12)] + [f"m/{n}.png" for n in range(12)])
        rows = [
            {"image": f"{n}.png", "label": "ab"[n % 2], "Clinic": f"c{n % 3}", **dict.fromkeys(sides, 1), "age": n}
            | {"mask": f"m\\{n}.png; m/0.png" if n else ""}
            for n in range(12)
        ]
        write_table(root, rows)
        path, found = write_config(root, None)
        assert found.splitlines()[1] == (
            "read by the table labels.csv: image in 'image', label in 'label', site in 'Clinic', mask in 'mask', "
            f"box in {', '.join(sides)}; not used: age"
        )
        table = read_manifest(load_config(path)).table
        assert table["masks"].notna().sum() == 11
        assert list(table["box_h"]) == [1.0] * 12
        assert list(table["site"])[:3] == ["c0", "c1", "c2"]

    def test_masks_that_are_no_files_are_not_used(self, pictures):
        root = pictures(f"{n}.png" for n in range(12))
        write_table(root, [{"image": f"{n}.png", "label": "ab"[n % 2], "mask": "yes"} for n in range(12)])
        assert find_layout(root).found.endswith("label in 'label'; not used: mask")

    def test_y_beside_x_is_no_label(self, pictures):
        root = pictures(["1.png"])
        write_table(root, [{"image": "1.png", "x": 1, "y": 2, "Diagnose": "a"}])
        assert message(DataError, root, None) == (
            f"{root / 'labels.csv'} must have a column of labels; none of its columns (image, x, y, Diagnose) is "
            "called label, class, diagnosis, dx …: rename it, or name it by data.reader.table.label"
        )


class TestRefused:
    def test_links_that_lead_out_are_told_of(self, pictures, tmp_path):
        root = pictures(NAMES)
        (root / "benign" / "0.png").rename(tmp_path / "0.png")
        (root / "benign" / "0.png").symlink_to(tmp_path / "0.png")
        path, found = write_config(root, None)
        told = (
            f"1 pictures or masks are reached by links that lead out of {root}, the first is benign/0.png, which is "
            f"{tmp_path / '0.png'}; copy them there, or set data.outside_links=true"
        )
        assert found.splitlines()[-1] == told
        assert not load_config(path).data.outside_links
        with pytest.raises(DataError) as caught:
            read_manifest(load_config(path))
        assert str(caught.value) == told

    def test_a_file_that_is_there(self, pictures, here):
        (here / "pictures.yaml").write_text("precious")
        assert message(UsageError, pictures(NAMES), None) == (
            "pictures.yaml is there already and is not overwritten; name another with --to"
        )
        assert (here / "pictures.yaml").read_text() == "precious"

    def test_no_folder(self, here):
        assert message(DataError, Path("nowhere"), None) == (
            "there is no folder or table nowhere; name the folder that holds the pictures"
        )

    @pytest.mark.parametrize("names", [[], ["1.png"], ["a/notes.txt"], [".a/1.png"]])
    def test_no_pictures_in_classes(self, tmp_path, names, here):
        root = tmp_path / "root"
        root.mkdir()
        for name in names:
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).touch()
        assert message(DataError, root, None) == (
            f"{root} has neither class folders with pictures (FOLDER/class/picture.jpg) nor a table of them; "
            "arrange the pictures in a folder a class, or bring a CSV with the columns image and label"
        )
        assert list(here.iterdir()) == []

    def test_one_class(self, pictures, here):
        root = pictures(["a/1.png", "a/2.png"])
        assert message(DataError, root, None) == (
            f"only one class, 'a', was found under {root}; at least two are needed"
        )
        assert list(here.iterdir()) == []


class TestAwkwardNames:
    CLASSES = ("NO", "1e-3", "007", "null", "a: b", "#1", "é", "- x", "{a}", "'", '"', "=1+1", "a b")

    def test_of_classes(self, pictures):
        root = pictures(f"{label}/{n}.png" for label in self.CLASSES for n in range(4))
        path, found = write_config(root, None)
        assert load_config(path).classes == sorted(self.CLASSES)
        assert "null 4" in found

    def test_a_line_break_in_a_class_cannot_forge_settings(self, pictures):
        root = pictures(f"{label}/{n}.png" for label in ("a\nseed: 666\n#", "b\u2028seed: 667") for n in range(5))
        path, found = write_config(root, None)
        config = load_config(path)
        assert config.classes == ["a\nseed: 666\n#", "b\u2028seed: 667"]
        assert config.seed == 1
        assert len(found.splitlines()) == 4
        assert r"a\nseed: 666\n# 5" in found

    @pytest.mark.parametrize("name", ["my scans", "it's", "#1", "a: b", "é", "$(touch x)", "-x"])
    def test_of_folders_and_files(self, pictures, name):
        root = pictures(NAMES, folder=name)
        path, _ = write_config(root, None)
        assert load_config(path).data.root == root
        command = comments(path)[0]
        assert shlex.split(command, comments=False) == ["cervinet", "train", "--config", str(path)]

    def test_in_a_new_folder(self, pictures, here):
        path, _ = write_config(pictures(NAMES), Path("configs/deep/x y.yaml"))
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["classes"] == ["benign", "malignant"]
        assert comments(path)[0] == "cervinet train --config 'configs/deep/x y.yaml'"


def test_colour_and_depth_of_the_pictures_do_not_matter(tmp_path):
    for n, shape in enumerate([(30, 30), (30, 30, 4), (30, 30, 3)] * 4):
        path = tmp_path / "root" / "ab"[n % 2] / f"{n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", np.zeros(shape, np.uint16))[1].tobytes())
    assert load_config(write_config(tmp_path / "root", None)[0])


class TestOtherLayouts:
    def test_a_table_of_pixels(self, tmp_path, here):
        pixels = np.random.default_rng(0).integers(0, 256, (20, 28 * 28))
        frame = pd.DataFrame(pixels, columns=[f"pixel{n:04d}" for n in range(28 * 28)])
        frame.assign(label=[n % 2 for n in range(20)]).to_csv(tmp_path / "hmnist_28_28_L.csv.gz", index=False)
        path, found = write_config(tmp_path / "hmnist_28_28_L.csv.gz", None)
        assert path == Path("hmnist_28_28_L.yaml")
        config = load_config(path)
        assert (config.data.reader.name, config.data.image_size) == ("pixel_table", (28, 28))
        assert found.splitlines()[:3] == [
            "20 pictures in 2 classes: 0 10, 1 10",
            "read by the table of pixels hmnist_28_28_L.csv.gz: a picture in each row",
            "typical size 28 × 28 pixels (width × height)",
        ]
        assert len(read_manifest(config)) == 20
        assert find_layout(tmp_path).reader == "pixel_table"

    def test_pictures_with_masks(self, pictures):
        root = pictures([*NAMES, "benign/0_mask.png", "benign/0_mask_1.png"])
        path, found = write_config(root, None)
        assert read_manifest(load_config(path)).table["masks"].notna().sum() == 1
        assert found.splitlines()[1] == "read as a folder a class, with masks (…_mask.png) beside them"

    def test_a_name_that_looks_like_a_masks_alone_makes_no_mask(self, pictures):
        assert find_layout(pictures([*NAMES, "benign/face_mask.png"])).reader == "class_folders"

    def test_subclasses(self, pictures):
        root = pictures([f"{label}/{fine}/{n}.png" for label, fine in ("ax", "ay", "bz") for n in range(4)])
        path, found = write_config(root, None)
        assert set(read_manifest(load_config(path)).table["sublabel"]) == {"x", "y", "z"}
        assert found.splitlines()[1] == (
            "read as a folder a class, in it a folder a subclass (if these are patients, set sublabels: false and take "
            "groups from them)"
        )

    def test_a_deeper_folder_in_one_class_makes_no_subclasses(self, pictures):
        assert find_layout(pictures([*NAMES, "benign/more/1.png"])).options == {}

    def test_the_kaggle_cervix_pictures(self, pictures):
        root = pictures([f"train/Type_{k}/{n}.png" for k in (1, 2, 3) for n in range(4)], size=(40, 40))
        pictures(["test/1.png", "test_stg2/2.png", "additional/Type_1_v2/3.png"])
        (root / "solution_stg1_release.csv").write_text("image_name,Type_1,Type_2,Type_3\n1.png,0,1,0\n")
        (root / "bbox").mkdir()
        (root / "bbox/Type_1_bbox.tsv").write_text("Type_1\\0.png 1 1 2 3 4\n")
        path, found = write_config(root, None)
        config = load_config(path)
        assert config.data.reader.name == "kaggle_cervix"
        assert found.splitlines()[1] == (
            "read as Kaggle's cervix pictures, with the boxes in bbox, tested on the labelled pictures of test, "
            "without the additional ones (additional: true takes them)"
        )
        table = read_manifest(config).table
        assert (table["box_x"].notna().sum(), (table["split"] == "test").sum()) == (1, 1)

    def test_a_table_of_pictures_that_lie_in_class_folders(self, pictures):
        # The first rows are all of one folder, which holds less than half of the pictures.
        root = pictures([f"{label}/{label}{n:03}.png" for label in "abc" for n in range(210)], size=(4, 4))
        write_table(root, [{"image": f"{label}{n:03}", "label": label} for label in "abc" for n in range(210)])
        assert (find_layout(root).reader, find_layout(root).root) == ("class_folders", root)
