"""The synthetic data set: pictures follow from the seed, no shortcut tells the class, folders are whole."""

import csv
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cervinet.data.phantoms import phantom
from cervinet.data.phantoms.anatomy import transformation_zone_type
from cervinet.data.phantoms.phantom import draw_photograph, list_photographs, patient_anatomy, write_phantoms
from cervinet.errors import DataError

SETTINGS: dict[str, Any] = {"count": 9, "size": (32, 48), "photographs": 3, "seed": 4}


class TestPictures:
    @pytest.mark.parametrize("size", [(192, 192), (32, 48), (300, 200), (2, 2)])
    def test_any_size(self, size: tuple[int, int]) -> None:
        picture = draw_photograph(1, 1, size=size, seed=0)
        assert picture.shape == (*size, 3)
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous

    def test_the_same_numbers_give_the_same_bytes(self) -> None:
        again = [draw_photograph(5, 2, size=(64, 64), seed=3) for _ in range(2)]
        assert np.array_equal(*again)

    @pytest.mark.parametrize("other", [(6, 2, 3), (5, 1, 3), (5, 2, 4)])
    def test_another_patient_view_or_seed_is_another_picture(self, other: tuple[int, int, int]) -> None:
        patient, view, seed = other
        one = draw_photograph(5, 2, size=(64, 64), seed=3)
        assert np.abs(one.astype(int) - draw_photograph(patient, view, size=(64, 64), seed=seed)).mean() > 3

    @pytest.mark.parametrize("patient", range(1, 7))
    def test_two_sizes_show_the_same_picture(self, patient: int) -> None:
        large = draw_photograph(patient, 1, size=(512, 512), seed=1)
        small = draw_photograph(patient, 1, size=(128, 128), seed=1)
        shrunk = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
        assert np.abs(shrunk.astype(int) - small).mean() < 3

    def test_views_of_a_patient_share_the_anatomy_and_nothing_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        taken: list[tuple[Any, Any]] = []
        monkeypatch.setattr(phantom, "render", lambda anatomy, view, size: taken.append((anatomy, view)))
        for patient, view in [(3, 1), (3, 2), (3, 3), (4, 1)]:
            draw_photograph(patient, view, size=(8, 8), seed=1)
        anatomies, views = zip(*taken, strict=True)
        assert anatomies[0] == anatomies[1] == anatomies[2] == patient_anatomy(3, seed=1)
        assert anatomies[0] != anatomies[3]
        assert len({view.grain for view in views}) == 4

    @pytest.mark.parametrize("size", [(1, 32), (32, -1)])
    def test_an_empty_size_is_refused(self, size: tuple[int, int]) -> None:
        with pytest.raises(DataError, match="must be 2 or more"):
            draw_photograph(1, 1, size=size, seed=0)


class TestList:
    def test_a_longer_list_begins_with_the_shorter(self) -> None:
        short, long = (list_photographs(count=n, photographs=3, seed=0) for n in (40, 90))
        assert long[:40] == short

    def test_label_and_anatomy_agree(self) -> None:
        for picture in list_photographs(count=150, photographs=2, seed=7):
            assert picture.label == f"Type_{transformation_zone_type(patient_anatomy(picture.patient, seed=7))}"

    def test_classes_are_balanced_but_not_exactly(self) -> None:
        zones = [picture.zone for picture in list_photographs(count=1000, photographs=3, seed=0)]
        shares = np.bincount(zones, minlength=4)[1:] / 1000
        assert shares == pytest.approx([0.3, 0.4, 0.3], abs=0.04)
        assert len(set(shares)) > 1

    def test_patients_have_one_to_the_most_pictures(self) -> None:
        groups = [picture.group for picture in list_photographs(count=400, photographs=4, seed=2)]
        sizes = {groups.count(group) for group in set(groups)}
        assert sizes == {1, 2, 3, 4}

    @pytest.mark.parametrize("wrong", [{"count": 0}, {"photographs": 0}, {"seed": -1}])
    def test_a_setting_out_of_range_is_refused_by_name(self, wrong: dict[str, int]) -> None:
        (name,) = wrong
        with pytest.raises(DataError, match=name):
            list_photographs(**{"count": 5, "photographs": 2, "seed": 0} | wrong)


class TestFolder:
    def test_table_and_pictures_belong_together(self, tmp_path: Path) -> None:
        folder = write_phantoms(tmp_path / "somewhere" / "phantoms", **SETTINGS)
        with (folder / phantom.TABLE).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == ["image", "label", "group"]
        assert len(rows) == SETTINGS["count"]
        on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg")}
        assert on_disk == {row["image"] for row in rows}
        for row in rows:
            assert row["image"].startswith(f"{row['label']}/{row['group']}-view-")
        assert "SYNTHETIC" in (folder / phantom.README).read_text(encoding="utf-8")

    def test_jpegs_hold_what_was_drawn_in_rgb(self, tmp_path: Path) -> None:
        folder = write_phantoms(tmp_path / "p", **SETTINGS | {"size": (128, 160)})
        for picture in list_photographs(count=9, photographs=3, seed=4):
            bgr = cv2.imread(str(folder / picture.image))
            drawn = draw_photograph(picture.patient, picture.view, size=(128, 160), seed=4)
            assert np.abs(bgr[..., ::-1].astype(int) - drawn).mean() < 4

    def test_a_complete_folder_is_left_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = write_phantoms(tmp_path / "p", **SETTINGS)
        monkeypatch.setattr(phantom, "draw_photograph", None)
        assert write_phantoms(folder, **SETTINGS) == folder

    @pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
    def test_an_interruption_leaves_nothing_and_the_next_call_completes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
    ) -> None:
        drawn = phantom.draw_photograph

        def fail_at_the_third(patient: int, view: int, **options: Any) -> Any:
            if patient == 3:
                raise fault
            return drawn(patient, view, **options)

        with monkeypatch.context() as patched:
            patched.setattr(phantom, "draw_photograph", fail_at_the_third)
            with pytest.raises(type(fault)):
                write_phantoms(tmp_path / "p", **SETTINGS)
        assert list(tmp_path.iterdir()) == []
        assert len(list(write_phantoms(tmp_path / "p", **SETTINGS).rglob("*.jpg"))) == SETTINGS["count"]

    def test_writers_at_once_agree_on_one_whole_folder(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(write_phantoms, tmp_path / "p", **SETTINGS) for _ in range(4)]
            assert {writer.result() for writer in writers} == {tmp_path / "p"}
        assert [path.name for path in tmp_path.iterdir()] == ["p"]
        assert len(list(tmp_path.rglob("*.jpg"))) == SETTINGS["count"]

    @pytest.mark.slow
    def test_processes_at_once_agree_on_one_whole_folder(self, tmp_path: Path) -> None:
        program = (
            "import sys; from pathlib import Path; from cervinet.data.phantoms.phantom import write_phantoms;"
            "write_phantoms(Path(sys.argv[1]), count=60, size=(64, 64), photographs=2, seed=0)"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "p")]
        processes = [subprocess.Popen(command) for _ in range(3)]
        assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
        assert [path.name for path in tmp_path.iterdir()] == ["p"]
        assert len(list(tmp_path.rglob("*.jpg"))) == 60

    def test_two_writes_are_the_same_bytes(self, tmp_path: Path) -> None:
        one, two = (write_phantoms(tmp_path / name, **SETTINGS) for name in ("one", "two"))
        for path in one.rglob("*.*"):
            assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()

    def test_a_folder_of_something_else_is_refused_and_kept(self, tmp_path: Path) -> None:
        (tmp_path / "holiday.jpg").write_bytes(b"mine")
        with pytest.raises(DataError, match="something other"):
            write_phantoms(tmp_path, **SETTINGS)
        assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]

    @pytest.mark.parametrize("other", [{"count": 10}, {"size": (48, 32)}, {"photographs": 2}, {"seed": 5}])
    def test_a_folder_of_other_phantoms_is_refused_and_has_another_name(
        self, tmp_path: Path, other: dict[str, Any]
    ) -> None:
        folder = write_phantoms(tmp_path / "p", **SETTINGS)
        with pytest.raises(DataError, match="something other"):
            write_phantoms(folder, **SETTINGS | other)
        assert phantom.phantom_folder_name(**SETTINGS) != phantom.phantom_folder_name(**SETTINGS | other)


@pytest.fixture(scope="module")
def pictures_and_zones() -> tuple[Any, Any]:
    listed = list_photographs(count=800, photographs=1, seed=0)
    pictures = [draw_photograph(p.patient, p.view, size=(96, 96), seed=0) for p in listed]
    return np.stack(pictures), np.array([p.zone for p in listed])


@pytest.mark.slow
class TestShortcuts:
    """What can be read off without looking at the anatomy must not tell the class."""

    @pytest.mark.parametrize(("shortcut", "limit"), [("brightness", 0.45), ("corners", 0.45), ("colour", 0.70)])
    def test_a_linear_shortcut_fails(self, shortcut: str, limit: float, pictures_and_zones: tuple[Any, Any]) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import balanced_accuracy_score
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        pictures, zones = pictures_and_zones
        features = {
            "brightness": pictures.mean((1, 2, 3))[:, None],
            "corners": pictures[:, [0, 0, -1, -1], [0, -1, 0, -1]].reshape(len(pictures), -1),
            "colour": np.concatenate([pictures.mean((1, 2)), pictures.std((1, 2))], axis=1),
        }[shortcut].astype(float)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        model.fit(features[:560], zones[:560])
        score = balanced_accuracy_score(zones[560:], model.predict(features[560:]))
        print(f"{shortcut}: {score:.3f}")
        assert score < limit
