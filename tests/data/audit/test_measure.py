"""Every picture is decoded once, measured, and remembered by its content."""

import os
import stat

import cv2
import numpy as np
import pytest

from cervinet.data.audit import measurements
from cervinet.data.audit.fingerprint import THUMBNAIL
from cervinet.data.audit.measure import measure
from cervinet.data.digests import Digests
from cervinet.data.picture import Picture
from cervinet.errors import ImageError
from cervinet.progress import Silent

COLUMNS = [name for name, _, _ in measurements._COLUMNS]


@pytest.fixture
def reads(monkeypatch):
    """The paths of pictures that were decoded."""
    calls = []
    real = Picture.read
    monkeypatch.setattr(Picture, "read", lambda self, **more: calls.append(self.path) or real(self, **more))
    return calls


@pytest.fixture
def root(pictures):
    return pictures([f"{number}.png" for number in range(5)], size=(60, 90))


def measured(root, cache=None, names=None):
    found = [Picture(path) for path in (sorted(root.iterdir()) if names is None else [root / name for name in names])]
    digests = Digests(root.parent / "digests", root).of_pictures(found)
    return measure(found, digests, cache, Silent())


def write(path, pixels):
    path.write_bytes(cv2.imencode(path.suffix, pixels[..., ::-1])[1].tobytes())


def same(one, other):
    assert one.error.tolist() == other.error.tolist()
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


class TestNumbers:
    def test_of_known_colours(self, tmp_path):
        pixels = np.zeros((128, 256, 3), np.uint8)
        pixels[:, 128:] = 255, 200, 100
        write(tmp_path / "a.png", pixels)
        found = measured(tmp_path)
        assert (found.height[0], found.width[0], found.error[0]) == (128, 256, "")
        np.testing.assert_allclose(found.mean[0], [127.5, 100, 50], atol=0.5)
        np.testing.assert_allclose(found.spread[0], [127.5, 100, 50], atol=0.5)
        np.testing.assert_allclose(found.brightness[0], 185 / 2, atol=0.5)
        assert (found.dark[0], found.white[0]) == (0.5, 0)

    def test_of_white(self, tmp_path):
        write(tmp_path / "a.png", np.full((64, 64, 3), 250, np.uint8))
        found = measured(tmp_path)
        assert (found.dark[0], found.white[0], found.sharpness[0]) == (0, 1, 0)

    def test_agree_with_the_pixels(self, root):
        found = measured(root)
        for row, path in enumerate(sorted(root.iterdir())):
            image = cv2.imread(str(path))[..., ::-1]
            # Blocks of 64 × 64 out of 60 × 90 are means where they shrink and blends where they grow.
            np.testing.assert_allclose(found.mean[row], image.mean(axis=(0, 1)), atol=3)
            grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
            assert abs(found.thumbnail[row].mean() - grey.mean()) < 2
        assert found.thumbnail.shape == (5, THUMBNAIL, THUMBNAIL)

    def test_sharpness_does_not_hang_on_resolution_but_on_blur(self, tmp_path):
        coarse = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
        large = cv2.resize(coarse, (512, 512), interpolation=cv2.INTER_CUBIC)
        write(tmp_path / "a.png", large)
        write(tmp_path / "b.png", cv2.resize(large, (256, 256), interpolation=cv2.INTER_AREA))
        write(tmp_path / "c.png", cv2.GaussianBlur(large, (0, 0), 12))
        large, small, blurred = measured(tmp_path).sharpness
        assert small == pytest.approx(large, rel=0.05)
        assert blurred < large / 10

    def test_equal_pixels_have_equal_digests_whatever_the_file(self, tmp_path):
        pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
        write(tmp_path / "a.png", pixels)
        write(tmp_path / "b.bmp", pixels)
        write(tmp_path / "c.png", pixels.reshape(12, 8, 3))
        write(tmp_path / "d.png", pixels ^ np.uint8(1))
        found = measured(tmp_path).pixels
        assert [(found[0] == other).all() for other in found] == [True, True, False, False]

    def test_of_pixels_without_a_file(self):
        pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 3), np.uint8)
        rows = [Picture("table.csv", pixels=pixels[row]) for row in (0, 1, 0)]
        digests = ["00" * 16, "11" * 16, "00" * 16]
        found = measure(rows, digests, None, Silent())
        assert (found.height.tolist(), (found.pixels[0] == found.pixels[2]).all()) == ([28] * 3, True)

    def test_of_no_pictures(self, tmp_path):
        assert len(measure([], [], tmp_path / "cache", Silent())) == 0

    def test_of_more_pictures_than_are_measured_at_once(self, pictures):
        root = pictures([f"{number:03}.png" for number in range(70)])
        found = measured(root)
        for row in (0, 31, 32, 69):
            same(found.take(np.array([row])), measured(root, names=[f"{row:03}.png"]))


class TestUnreadable:
    def test_rows_have_their_error_and_zeros(self, root):
        (root / "1.png").write_bytes(b"no picture")
        found = measured(root)
        assert found.error.tolist() == [
            "",
            f"'{root / '1.png'}' must be a JPEG, PNG, TIFF, BMP, GIF, WebP, AVIF, JPEG 2000, PNM or DICOM file, but "
            "it is something that begins with 6e 6f 20 70; convert it or remove it",
            *[""] * 3,
        ]
        assert found.readable.tolist() == [True, False, True, True, True]
        assert all((getattr(found, name)[1] == 0).all() for name in COLUMNS)

    def test_a_file_without_a_digest_is_not_read(self, root, reads):
        found = measured(root, names=["0.png", "gone.png"])
        assert found.error[1] == f"'{root / 'gone.png'}' must be a picture file, but there is none; check the path"
        assert reads == [root / "0.png"]

    def test_a_file_that_vanishes_between_digest_and_reading(self, root):
        rows = [Picture(path) for path in sorted(root.iterdir())]
        digests = Digests(root.parent / "digests", root).of_pictures(rows)
        (root / "2.png").unlink()
        found = measure(rows, digests, root.parent / "cache", Silent())
        assert found.error[2] == f"'{root / '2.png'}' must be a picture file, but there is none; check the path"
        assert found.readable.sum() == 4

    def test_errors_are_not_remembered(self, root, tmp_path):
        good = (root / "1.png").read_bytes()
        rows, digests = [Picture(root / "1.png")], ["ab" * 16]
        (root / "1.png").unlink()
        assert measure(rows, digests, tmp_path / "cache", Silent()).error[0]
        (root / "1.png").write_bytes(good)
        assert not measure(rows, digests, tmp_path / "cache", Silent()).error[0]

    def test_any_other_error_is_not_hidden(self, root, monkeypatch):
        def broken(self, **more):
            raise ZeroDivisionError

        monkeypatch.setattr(Picture, "read", broken)
        with pytest.raises(ZeroDivisionError):
            measured(root)


class TestMemory:
    def test_reads_no_picture_twice(self, root, tmp_path, reads):
        first = measured(root, tmp_path / "cache")
        assert len(reads) == 5
        same(measured(root, tmp_path / "cache"), first)
        assert len(reads) == 5

    def test_reads_only_what_is_new_wherever_the_rest_lies(self, root, tmp_path, reads, pictures):
        first = measured(root, tmp_path / "cache")
        moved = pictures(["9.png"], folder="other", size=(60, 90))
        for path in root.iterdir():
            path.rename(moved / path.name)
        found = measured(moved, tmp_path / "cache")
        assert [path.name for path in reads[5:]] == ["9.png"]
        same(found.take(np.arange(5)), first)

    def test_without_a_cache_nothing_is_remembered(self, root, reads):
        measured(root)
        measured(root)
        assert len(reads) == 10

    @pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\3\4 no archive", "short", "other", "unordered"])
    def test_that_is_damaged_is_made_anew(self, root, tmp_path, reads, content):
        first = measured(root, tmp_path / "cache")
        for file in (tmp_path / "cache").rglob("*.npy"):
            if content == "short":
                file.write_bytes(file.read_bytes()[:-100])
            elif content == "other":
                np.save(file, np.zeros(3))
            elif content == "unordered":
                np.save(file, np.concatenate([np.load(file)] * 2))
            else:
                file.write_bytes(content)
        same(measured(root, tmp_path / "cache"), first)
        assert len(reads) == 10
        same(measured(root, tmp_path / "cache"), first)
        assert len(reads) == 10

    @pytest.mark.parametrize(
        ("module", "name"),
        [("measure", "MEASURE_VERSION"), ("measurements", "DECODER_VERSION"), ("measurements", "PREPROCESS_VERSION")],
    )
    def test_of_another_version_is_not_used(self, root, tmp_path, reads, monkeypatch, module, name):
        measured(root, tmp_path / "cache")
        monkeypatch.setattr(f"cervinet.data.audit.{module}.{name}", 99)
        measured(root, tmp_path / "cache")
        assert len(reads) == 10

    @pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
    def test_is_for_its_owner_alone(self, root, tmp_path):
        measured(root, tmp_path / "cache")
        (folder,) = (tmp_path / "cache" / "measurements").iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_in_a_folder_that_cannot_be_made_is_done_without(self, root, tmp_path, reads):
        (tmp_path / "cache").write_text("a file, not a folder")
        same(measured(root, tmp_path / "cache"), measured(root))
        assert len(reads) == 10

    def test_on_a_full_disk_is_done_without(self, root, tmp_path, monkeypatch):
        def full(*arguments):
            raise OSError(28, "No space left on device")

        expected = measured(root)
        monkeypatch.setattr(np, "save", full)
        same(measured(root, tmp_path / "cache"), expected)
        assert not list((tmp_path / "cache").rglob("*.npy"))


def test_an_unreadable_digest_alone():
    found = measure([Picture("gone.png")], [ImageError("gone")], None, Silent())
    assert (found.error.tolist(), len(found)) == (["gone"], 1)
