"""`cervinet data …`, and what `train`, `evaluate` and `predict` make of bad data: whole messages and exit codes."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from cervinet.data.audit import measure
from world import World, cervinet

Write = Callable[[str, str], Path]
CONFIG = """\
data: {{root: {root}, image_size: [28, 28]{data}}}
model: {{architecture: breast_cnn}}
training: {{epochs: 1, batch_size: 8}}
evaluation: {{draws: 100, report: false}}
export: {{onnx: false}}
"""


def draw(path: Path, size: tuple[int, int], seed: int | None = None) -> Path:
    """Random pixels that follow from the seed or the path's end; smoothed, so that a copy of another size is alike."""
    random = np.random.default_rng([seed] if seed is not None else list(f"{path.parent.name}/{path.name}".encode()))
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = random.integers(0, 256, (6, 8, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC))
    return path


@pytest.fixture
def hundred(tmp_path: Path) -> Path:
    """A hundred pictures of two classes."""
    root = tmp_path / "pictures"
    for number in range(100):
        draw(root / "ab"[number % 2] / f"{number:02}.png", (30, 40))
    return root


@pytest.fixture
def config(tmp_path: Path, hundred: Path) -> Callable[..., Path]:
    def written(data: str = "", root: Path = hundred) -> Path:
        path = tmp_path / "c.yaml"
        path.write_text(CONFIG.format(root=root, data=f", {data}" if data else ""), encoding="utf-8")
        return path

    return written


def issues(folder: Path) -> list[dict[str, str]]:
    with (folder / "data_issues.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def copy_of(path: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(path, target))


def damage(*paths: Path) -> None:
    for path in paths:
        path.write_bytes(path.read_bytes()[:-20])


def train(config: Path, *more: object) -> object:
    return cervinet("train", "--config", config, "--run-dir", "run", "--quiet", *more)


class TestCheck:
    def test_of_sound_data(self, world: World, tmp_path: Path) -> None:
        result = cervinet("data", "check", world.config, "data.check.shortcuts=ignore", "--out", tmp_path / "found")
        assert result.exit_code == 0
        assert result.stdout.splitlines() == [
            f"60 pictures under {world.pictures}; 60 are used",
            "Nothing was found.",
            f"Pages: {tmp_path}/found/data_report.html (pictures), {tmp_path}/found/data_issues.csv (all of it)",
        ]
        assert result.stderr.splitlines()[-1].endswith(f" train --config {world.config} data.check.shortcuts=ignore")
        assert (tmp_path / "found/data_report.html").read_text().startswith("<!DOCTYPE html>")
        assert issues(tmp_path / "found") == []

    def test_needs_no_cache(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        result = cervinet("data", "check", world.config, f"data.cache={tmp_path / 'file'}", "--out", "x", "--quiet")
        assert (result.exit_code, result.stderr) == (0, "")

    def test_writes_to_a_folder_of_its_own(self, world: World, tmp_path: Path) -> None:
        for _ in range(2):
            assert cervinet("data", "check", world.config, "--quiet").exit_code == 0
        assert len(list((tmp_path / "checks").iterdir())) == 2

    def test_does_not_overwrite(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "x").touch()
        result = cervinet("data", "check", world.config, "--out", tmp_path)
        assert (result.exit_code, result.stderr) == (
            2,
            f"Error: {tmp_path} must be absent or empty, so that nothing is overwritten; it has files\n",
        )

    def test_shows_everything_before_it_fails(self, hundred: Path, config: Callable[..., Path]) -> None:
        damage(hundred / "a/00.png")
        copy_of(hundred / "a/02.png", hundred / "b/copy.png")
        copy_of(hundred / "a/04.png", hundred / "a/copy.png")
        result = cervinet("data", "check", config(), "--out", "found")
        assert result.exit_code == 3
        assert "Unreadable pictures" in result.stdout
        assert "The same picture under two labels" in result.stdout
        found = {(row["finding"], row["action"], row["image"], row["of"]) for row in issues(Path("found"))}
        assert found >= {
            ("unreadable", "error", "a/00.png", ""),
            ("label_conflicts", "error", "a/02.png", "b/copy.png"),
            ("label_conflicts", "error", "b/copy.png", "a/02.png"),
            ("duplicates", "group", "a/copy.png", "a/04.png"),
        }


class TestUnreadable:
    def test_is_an_error_that_lists_all(self, hundred: Path, config: Callable[..., Path], tmp_path: Path) -> None:
        names = ["a/00.png", "a/50.png", "b/99.png"]
        damage(*(hundred / name for name in names))
        result = train(config())
        assert result.exit_code == 3
        lines = result.stderr.splitlines()
        assert lines[0] == (
            "Error: 3 of 100 pictures cannot be read; replace or remove them, or set data.check.unreadable=exclude:"
        )
        assert [line.split("'")[1] for line in lines[1:4]] == [str(hundred / name) for name in names]
        assert not (tmp_path / "run").exists()

    def test_may_be_excluded_and_is_then_missing_in_every_count(
        self, hundred: Path, config: Callable[..., Path], tmp_path: Path
    ) -> None:
        damage(*(hundred / name for name in ("a/00.png", "a/50.png", "b/99.png")))
        assert train(config("check: {unreadable: exclude}")).exit_code == 0
        run = tmp_path / "run"
        assert json.loads((run / "data.json").read_text())["pictures"] == 97
        with (run / "splits.csv").open(newline="") as file:
            splits = [row["split"] for row in csv.DictReader(file)]
        assert (len(splits), splits.count("excluded")) == (100, 3)
        judged = [json.loads((run / "metrics.json").read_text())["images"]]
        with (run / "predictions_val.csv").open() as file:
            judged.append(len(file.readlines()) - 1)
        assert sum(judged) + splits.count("train") == 97
        # Judging again takes the same pictures, the excluded ones still left out.
        assert cervinet("evaluate", run, "--out", "again", "--quiet").exit_code == 0
        assert json.loads(Path("again/metrics.json").read_text())["images"] == judged[0]
        everything = cervinet("evaluate", run, "--data", hundred, "--out", "all", "--quiet")
        assert (everything.exit_code, json.loads(Path("all/metrics.json").read_text())["images"]) == (5, 97)

    def test_a_file_deleted_between_scan_and_read(
        self, hundred: Path, config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = measure.Picture.read
        gone = hundred / "a/00.png"

        def read(picture: measure.Picture, **options: object) -> object:
            gone.unlink(missing_ok=True)
            return real(picture, **options)

        monkeypatch.setattr(measure.Picture, "read", read)
        result = train(config())
        assert (result.exit_code, result.stderr.splitlines()[:2]) == (
            3,
            [
                "Error: 1 of 100 pictures cannot be read; replace or remove them, "
                "or set data.check.unreadable=exclude:",
                f"  '{gone}' must be a picture file, but there is none; check the path",
            ],
        )

    def test_the_division_of_a_run_that_left_some_out_may_be_used_again(
        self, hundred: Path, config: Callable[..., Path], tmp_path: Path
    ) -> None:
        damage(hundred / "a/00.png")
        assert train(config("check: {unreadable: exclude}")).exit_code == 0
        data = "check: {unreadable: exclude}, split: {file: run/splits.csv}"
        again = cervinet("train", "--config", config(data), "--run-dir", "second", "--quiet")
        assert again.exit_code == 0
        assert (tmp_path / "second/splits.csv").read_text() == (tmp_path / "run/splits.csv").read_text()

    def test_a_class_of_which_nothing_is_left(self, hundred: Path, config: Callable[..., Path]) -> None:
        damage(*(hundred / "a").iterdir())
        result = cervinet("data", "check", config("check: {unreadable: exclude}"), "--out", "found", "--quiet")
        assert (result.exit_code, result.stderr) == (
            3,
            "Error: the class 'a' has no pictures in train, so nothing could learn it; add pictures or groups of it, "
            "or change data.split (50 of 100 pictures were excluded)\n",
        )
        assert len(issues(Path("found"))) >= 50

    def test_nothing_is_left(self, hundred: Path, config: Callable[..., Path]) -> None:
        damage(*hundred.rglob("*.png"))
        result = cervinet("data", "check", config("check: {unreadable: exclude}"), "--out", "found", "--quiet")
        assert (result.exit_code, result.stderr) == (
            3,
            "Error: no pictures are left to train on, for there are none; add pictures, or change data.split "
            "(100 of 100 pictures were excluded)\n",
        )
        assert len(issues(Path("found"))) == 100


class TestLeaks:
    def table(self, write: Write, hundred: Path, group: Callable[[int], str], split: Callable[[int], str]) -> str:
        images = sorted(path.relative_to(hundred).as_posix() for path in hundred.rglob("*.png"))
        rows = [f"{image},{image[0]},{group(n)},{split(n)}" for n, image in enumerate(images)]
        write("pictures/t.csv", "\n".join(["image,label,patient,part", *rows]) + "\n")
        return "reader: {table: {file: t.csv, group: patient, split: part}}"

    @staticmethod
    def part(number: int) -> str:
        return ["train", "train", "val", "test"][number % 4]

    def test_a_group_in_two_given_splits(self, write: Write, hundred: Path, config: Callable[..., Path]) -> None:
        data = self.table(write, hundred, lambda n: f"p{n}" if n else "p3", self.part)
        result = train(config(data))
        assert result.exit_code == 4
        assert result.stderr.splitlines() == [
            "Error: A group in two splits: 1. The network is judged on patients that it was trained on. Correct the "
            "data (`cervinet data check` shows the pictures), or set data.check.group_leaks=exclude:",
            "  a/06.png, a/00.png: group 'p3': 1 in train, 1 in test",
        ]
        warned = train(config(data), "data.check.group_leaks=warn")
        assert warned.exit_code == 0

    def test_a_copy_in_two_given_splits(self, write: Write, hundred: Path, config: Callable[..., Path]) -> None:
        data = self.table(write, hundred, lambda n: f"p{n}", self.part)
        shutil.copy(hundred / "a/00.png", hundred / "a/06.png")  # rows 0 and 3: train and test
        result = train(config(data))
        assert result.exit_code == 4
        assert result.stderr.splitlines() == [
            "Error: Copies in two splits: 1. The network is judged on pictures that it was trained on. Correct the "
            "data (`cervinet data check` shows the pictures), or set data.check.duplicate_leaks=exclude:",
            "  a/06.png, a/00.png: 1 in train, 1 in test",
        ]
        assert train(config(data), "data.check.duplicate_leaks=exclude").exit_code == 0
        with Path("run/splits.csv").open(newline="") as file:
            splits = {row["image"]: row["split"] for row in csv.DictReader(file)}
        assert (splits["a/00.png"], splits["a/06.png"]) == ("excluded", "test")

    def test_copies_are_kept_together_where_the_split_is_ours(
        self, hundred: Path, config: Callable[..., Path], tmp_path: Path
    ) -> None:
        for number in range(0, 60, 2):
            copy_of(hundred / f"a/{number:02}.png", hundred / f"a/copy-{number}.png")
        result = cervinet("train", "--config", config(), "--run-dir", "run")
        assert result.exit_code == 0
        assert "groups derived from near-duplicates" in result.stdout
        with Path("run/splits.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        split = {row["image"]: row["split"] for row in rows}
        group = {row["image"]: row["group"] for row in rows}
        for number in range(0, 60, 2):
            assert split[f"a/{number:02}.png"] == split[f"a/copy-{number}.png"]
            assert group[f"a/copy-{number}.png"] == f"like a/{number:02}.png"
        note = json.loads(Path("run/metrics.json").read_text())["note"]
        assert note == "groups derived from near-duplicates"
        again = cervinet("evaluate", "run", "--quiet")
        assert "groups derived from near-duplicates" in again.stdout


def test_pictures_that_a_network_was_trained_on_are_no_other_data(
    hundred: Path, config: Callable[..., Path], tmp_path: Path
) -> None:
    assert train(config()).exit_code == 0
    with Path("run/splits.csv").open(newline="") as file:
        split = {row["image"]: row["split"] for row in csv.DictReader(file)}
    train_and_test = [next(image for image in split if split[image] == name) for name in ("train", "test")]
    for image in train_and_test:
        copy_of(hundred / image, tmp_path / "other" / image[0] / "copy" / Path(image).name)
    for label in "ab":
        draw(tmp_path / "other" / label / "new.png", (30, 40))
    result = cervinet("evaluate", "run", "--data", "other", "--out", "judged", "--quiet")
    assert result.exit_code == 0
    assert "1 of 4 pictures were used in training" in result.stdout
    note = json.loads(Path("judged/metrics.json").read_text())["note"]
    assert note == "1 of 4 pictures were used in training"


def test_a_picture_changed_since_the_split_is_refused(hundred: Path, config: Callable[..., Path]) -> None:
    assert train(config()).exit_code == 0
    draw(hundred / "a/00.png", (30, 40), seed=77)
    message = (
        "Error: run/splits.csv was made from other data: 1 of 100 pictures have other content by now, the first is "
        "a/00.png; bring the old data back, make a new division, or take the column digest out of the file to divide "
        "the new data like the old\n"
    )
    judged = cervinet("evaluate", "run", "--quiet")
    assert (judged.exit_code, judged.stderr) == (3, message.replace("run/", f"{Path('run')}/"))
    again = cervinet("train", "--config", config("split: {file: run/splits.csv}"), "--run-dir", "second", "--quiet")
    assert (again.exit_code, again.stderr) == (3, message)


def test_a_class_of_one_picture_with_folds(hundred: Path, config: Callable[..., Path]) -> None:
    draw(hundred / "rare/1.png", (30, 40))
    result = train(config("split: {folds: 5}"))
    assert (result.exit_code, result.stderr) == (
        3,
        "Error: the class 'rare' has one picture (rare/1.png); a class needs at least 2, one to learn from and one to "
        "be judged by\n",
    )


def test_more_folds_than_groups_are_an_error_after_all_that_was_found(
    hundred: Path, config: Callable[..., Path]
) -> None:
    copy_of(hundred / "a/02.png", hundred / "a/copy.png")
    result = cervinet("data", "check", config("split: {folds: 101}"), "--out", "found")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        3,
        "Error: `data.split.folds` is 101, which needs as many groups of pictures; got 100: choose fewer folds",
    )
    assert result.stdout.splitlines()[0].endswith("; 101 are used")
    assert [row["image"] for row in issues(Path("found")) if row["finding"] == "duplicates"] == ["a/copy.png"]


class TestRegions:
    @pytest.fixture
    def masked(self, tmp_path: Path) -> Path:
        root = tmp_path / "masked"
        for number in range(24):
            draw(root / "ab"[number % 2] / f"{number}.png", (30, 40))
            mask = np.zeros((30, 40), np.uint8)
            if number != 5:
                mask[5:15, 8:20] = 255
            cv2.imwrite(str(root / "ab"[number % 2] / f"{number}_mask.png"), mask)
        return root

    def boxed(self, write: Write, hundred: Path, *changed: str) -> str:
        images = sorted(path.relative_to(hundred).as_posix() for path in hundred.rglob("*.png"))
        cells = dict.fromkeys(images, "5,5,20,15") | dict(one.split(":") for one in changed)
        rows = [f"{image},{image[0]},{box}" for image, box in cells.items()]
        write("pictures/t.csv", "\n".join(["image,label,x,y,w,h", *rows]) + "\n")
        return "reader: {table: {file: t.csv, box: [x, y, w, h]}}"

    def test_a_box_outside_the_picture(self, write: Write, hundred: Path, config: Callable[..., Path]) -> None:
        result = train(config(self.boxed(write, hundred, "a/00.png:30,5,20,15")))
        assert (result.exit_code, result.stderr.splitlines()[:2]) == (
            3,
            [
                "Error: 1 of 100 pictures cannot be read; replace or remove them, "
                "or set data.check.unreadable=exclude:",
                f"  the box of '{hundred}/a/00.png' must lie in the picture, 40×30, but it goes from x 30 to 50 and "
                "from y 5 to 20; correct the box, or take it out",
            ],
        )

    def test_a_mask_of_another_size(self, masked: Path, config: Callable[..., Path]) -> None:
        cv2.imwrite(str(masked / "a/0_mask.png"), np.zeros((30, 41), np.uint8))
        result = train(config("reader: image_mask_pairs", masked))
        assert (result.exit_code, result.stderr.splitlines()[:2]) == (
            3,
            [
                "Error: 1 of 24 pictures cannot be read; replace or remove them, or set data.check.unreadable=exclude:",
                f"  '{masked}/a/0_mask.png' must be a mask of the size of '{masked}/a/0.png', 40×30, but it is 41×30; "
                "draw it anew or remove it",
            ],
        )

    def test_crops_to_boxes_in_training_and_in_use(
        self, write: Write, hundred: Path, config: Callable[..., Path], tmp_path: Path
    ) -> None:
        data = self.boxed(write, hundred, "a/00.png:,,,")
        steps = "preprocess: [{crop_to_box: {without: exclude}}, letterbox]"
        assert train(config(f"{data}, {steps}")).exit_code == 0
        assert json.loads(Path("run/data.json").read_text())["pictures"] == 99
        boxes = write("boxes.csv", "image,x,y,w,h\na/02.png,5,5,20,15\n")
        names = [hundred / "a/02.png", hundred / "a/04.png"]
        result = cervinet("predict", *names, "--run", "run", "--json", "--boxes", boxes)
        assert result.exit_code == 5
        first, second = map(json.loads, result.stdout.splitlines())
        assert {"image", "class", "probabilities"} < set(first)
        assert second["error"] == (
            f"'{names[1]}' must have a box to be cropped to, but it has none; "
            "bring one, or let the step have `without: whole_image`"
        )
        assert "The run crops to boxes; 1 of 2 pictures have none (--boxes).\n" in result.stderr
        with (tmp_path / "run/predictions_test.csv").open(newline="") as file:
            row = next(csv.DictReader(file))
        boxes = write("boxes.csv", f"image,x,y,w,h\n{row['image']},5,5,20,15\n")
        result = cervinet("predict", hundred / row["image"], "--run", "run", "--json", "--boxes", boxes)
        assert json.loads(result.stdout)["probabilities"]["a"] == pytest.approx(float(row["p_a"]), abs=1e-6)

    def test_a_run_that_crops_to_masks_is_marked(self, masked: Path, config: Callable[..., Path]) -> None:
        steps = "preprocess: [crop_to_masks, letterbox]"
        result = cervinet("train", "--config", config(f"reader: image_mask_pairs, {steps}", masked), "--run-dir", "run")
        assert result.exit_code == 0
        assert "Pictures without a region" in result.stderr
        reason = "crop_to_masks needs masks that experts draw, which new pictures do not have"
        assert json.loads(Path("run/model.json").read_text())["not_deployable"] == reason
        predicted = cervinet("predict", masked / "a/0.png", "--run", "run")
        assert predicted.exit_code == 0
        folder = cervinet("predict", masked, "--run", "run", "--json")
        assert (folder.exit_code, len(folder.stdout.splitlines())) == (0, 24)
        assert f"{masked}: 24 masks passed over\n" in folder.stderr
        assert f"This run is not for use on new pictures: {reason}.\n" in predicted.stderr

    def test_an_empty_mask_may_be_an_error(self, masked: Path, config: Callable[..., Path]) -> None:
        steps = "preprocess: [{crop_to_masks: {without: error}}, letterbox]"
        result = train(config(f"reader: image_mask_pairs, {steps}", masked))
        assert (result.exit_code, result.stderr.splitlines()) == (
            3,
            [
                "Error: Pictures without a region: 1. There is no box, or the mask is empty, so nothing can be "
                "cropped. Correct the data (`cervinet data check` shows the pictures), or set `without: whole_image` "
                "for the step that crops:",
                "  b/5.png: no mask, or an empty one, for crop_to_masks",
            ],
        )


class TestSeparateRoots:
    def test_are_the_parts_they_are_named_for(self, hundred: Path, config: Callable[..., Path], tmp_path: Path) -> None:
        for number in range(8):
            draw(tmp_path / "other" / "ab"[number % 2] / f"o{number}.png", (30, 40))
        data = f"split: {{test_root: {tmp_path}/other}}"
        assert train(config(data)).exit_code == 0
        with Path("run/splits.csv").open(newline="") as file:
            tests = {row["image"] for row in csv.DictReader(file) if row["split"] == "test"}
        assert tests == {f"../other/{'ab'[n % 2]}/o{n}.png" for n in range(8)}
        again = cervinet("evaluate", "run", "--quiet", "--out", "again")
        assert again.exit_code == 0
        assert json.loads(Path("again/metrics.json").read_text())["images"] == 8

    def test_one_that_is_not_there(self, config: Callable[..., Path], tmp_path: Path) -> None:
        result = train(config(f"split: {{test_root: {tmp_path}/othr}}"))
        assert (result.exit_code, result.stderr) == (
            3,
            "Error: `data.split.test_root` is read like `data.root`: data.root must be a folder; "
            f"{tmp_path}/othr is not there\n",
        )

    def test_are_found_from_any_folder_and_through_links(
        self, hundred: Path, config: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(8):
            draw(tmp_path / "other" / "ab"[number % 2] / f"o{number}.png", (30, 40))
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep/link").symlink_to(hundred)
        assert train(config("split: {test_root: other}", Path("deep/link"))).exit_code == 0
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        again = cervinet("evaluate", tmp_path / "run", "--quiet", "--out", "again")
        assert again.exit_code == 0
        assert json.loads(Path("again/metrics.json").read_text())["images"] == 8

    def test_of_which_one_is_empty(self, hundred: Path, config: Callable[..., Path], tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        result = train(config("split: {val_root: other}"))
        assert (result.exit_code, result.stderr) == (
            3,
            "Error: there are no pictures under other; check data.split.val_root\n",
        )

    def test_are_no_part_of_other_data(self, hundred: Path, config: Callable[..., Path], tmp_path: Path) -> None:
        for number in range(16):
            draw(tmp_path / ("other", "third")[number > 9] / "ab"[number % 2] / f"o{number}.png", (30, 40))
        assert train(config(f"split: {{test_root: {tmp_path}/other}}")).exit_code == 0
        assert cervinet("evaluate", "run", "--data", "third", "--quiet", "--out", "judged").exit_code == 0
        assert json.loads(Path("judged/metrics.json").read_text())["images"] == 6

    def test_links_that_leave_another_root(self, hundred: Path, config: Callable[..., Path], tmp_path: Path) -> None:
        for number in range(8):
            draw(tmp_path / "other" / "ab"[number % 2] / f"o{number}.png", (30, 40))
        elsewhere = draw(tmp_path / "elsewhere/x.png", (30, 40))
        (tmp_path / "other/a/link.png").symlink_to(elsewhere)
        result = train(config(f"split: {{test_root: {tmp_path}/other}}"))
        assert (result.exit_code, result.stderr) == (
            3,
            f"Error: 1 pictures or masks are reached by links that lead out of {tmp_path}/other, the first is "
            f"a/link.png, which is {elsewhere}; copy them there, or set data.outside_links=true\n",
        )

    def test_of_tables_of_pixels(self, config: Callable[..., Path], tmp_path: Path) -> None:
        for folder, rows, side in (("one", 40, 8), ("two", 10, 8), ("small", 10, 4)):
            (tmp_path / folder).mkdir()
            cells = np.random.default_rng(rows).integers(0, 256, (rows, side * side * 3), np.uint8).tolist()
            header = ",".join([*(f"pixel{n:04d}" for n in range(side * side * 3)), "label"])
            lines = [",".join(map(str, [*row, n % 2])) for n, row in enumerate(cells)]
            (tmp_path / folder / "p.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        data = "reader: {pixel_table: {file: p.csv, names: [x, y]}}, split: {test_root: %s}"
        result = train(config(data % "small", Path("one")))
        assert (result.exit_code, result.stderr) == (
            3,
            "Error: the pictures of test must be of the size of the others, 8×8, but those of `data.split.test_root` "
            "are 4×4; name a table of the same size\n",
        )
        assert train(config(data % "two", Path("one"))).exit_code == 0
        with Path("run/predictions_test.csv").open(newline="") as file:
            assert {row["image"] for row in csv.DictReader(file)} == {f"../two/p.csv:{n}" for n in range(2, 12)}
        # Another table has its classes by number too; the run knows their names.
        for out, other in (("file", "small/p.csv"), ("folder", "small")):
            assert cervinet("evaluate", "run", "--data", other, "--quiet", "--out", out).exit_code == 0
            assert json.loads(Path(out, "metrics.json").read_text())["images"] == 10

    def test_a_copy_in_another_root_is_a_leak(self, hundred: Path, config: Callable[..., Path], tmp_path: Path) -> None:
        shutil.copytree(hundred, tmp_path / "other")
        result = train(config(f"split: {{test_root: {tmp_path}/other}}"))
        lines = result.stderr.splitlines()
        assert (result.exit_code, lines[0], lines[-1], len(lines)) == (
            4,
            "Error: Copies in two splits: 100. The network is judged on pictures that it was trained on. Correct the "
            "data (`cervinet data check` shows the pictures), or set data.check.duplicate_leaks=exclude:",
            "  and 95 more",
            7,
        )


def test_a_preview_is_a_png(world: World) -> None:
    result = cervinet("data", "preview", world.config, "--to", "sheet.jpg")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: --to must name a PNG file, which ends in .png; got sheet.jpg\n",
    )
    assert not Path("sheet.jpg").exists()


def test_a_preview_without_augmentation(world: World) -> None:
    assert cervinet("data", "preview", world.config, "training.augment=none", "--to", "sheet.png").exit_code == 0
    assert Path("sheet.png").read_bytes().startswith(b"\x89PNG")


def test_weights_for_a_wrong_class_are_refused_before_any_picture_is_read(
    hundred: Path, config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure.Picture, "read", lambda *arguments, **options: pytest.fail("a picture was read"))
    # In a cache of its own, lest the measurements of another test be remembered.
    result = train(config("cache: empty"), "training.imbalance={given: {weights: {a: 1, bb: 2}}}")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: `training.imbalance.given.weights` names 'bb', which is no class (did you mean 'b'?)\n",
    )


def test_a_pattern_that_is_found_nowhere_is_refused_by_the_preview(config: Callable[..., Path]) -> None:
    result = cervinet("data", "preview", config("groups: {pattern: 'case_(\\w+)/'}"))
    assert (result.exit_code, result.stderr) == (
        3,
        "Error: data.groups.pattern 'case_(\\w+)/' is found in none of the 100 paths, the first is a/00.png; "
        "correct the pattern\n",
    )


@pytest.mark.usefixtures("drawn_figures")
def test_a_preview_is_drawn(world: World, tmp_path: Path) -> None:
    result = cervinet("data", "preview", world.config, "training.augment=medium", "--to", "sheet.png", "--views", 3)
    assert (result.exit_code, result.stdout) == (0, "sheet.png\n")
    assert cv2.imread("sheet.png").shape[0] > 300


def test_an_unknown_data_set(tmp_path: Path) -> None:
    result = cervinet("data", "download", "kaggle-cervic", "--to", tmp_path)
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: there is no data set 'kaggle-cervic' to download (did you mean 'kaggle-cervix'?)\n",
    )


def test_the_division_of_a_run_with_separate_roots_can_be_used_again(
    hundred: Path, config: Callable[..., Path], tmp_path: Path
) -> None:
    for number in range(8):
        draw(tmp_path / "other" / "ab"[number % 2] / f"o{number}.png", (30, 40))
    roots = f"test_root: {tmp_path}/other"
    assert train(config(f"split: {{{roots}}}")).exit_code == 0
    again = cervinet(
        "train", "--config", config(f"split: {{{roots}, file: run/splits.csv}}"), "--run-dir", "second", "--quiet"
    )
    assert again.exit_code == 0
    assert Path("second/splits.csv").read_bytes() == Path("run/splits.csv").read_bytes()
