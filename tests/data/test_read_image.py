"""Files with any name are read, and what is no file is refused in one sentence."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from pictures import encoded, picture, rgb

from cervinet.data.decode import MAX_BYTES, read_image
from cervinet.errors import ImageError


@pytest.mark.parametrize(
    "name",
    [b"plain.png", "Führung é 図.png".encode(), b"two words.png", b"line\nbreak.png", b"latin-\xe9.png"],
)
def test_any_file_name_is_read(tmp_path: Path, name: bytes) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    with open(path, "wb") as file:
        file.write(encoded(picture(), "PNG"))
    for given in (path, os.fsdecode(path), Path(os.fsdecode(path))):
        np.testing.assert_array_equal(read_image(given), rgb(picture()))


def test_names_are_escaped_in_messages(tmp_path: Path) -> None:
    path = tmp_path / "a\nb\x1b[31m\u202egpj.\udce9 é.png"
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert str(caught.value) == (
        f"'{tmp_path}/a\\nb\\x1b[31m\\u202egpj.\\udce9 é.png' must be a picture file, but there is none; check the path"
    )


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.jpg").touch()
    expected: dict[str | Path, str] = {
        tmp_path: "must be a picture file, but it is a folder; name a file instead",
        tmp_path / "pipe": "must be a picture file, but it is a pipe, socket or device; name a file instead",
        tmp_path / "empty.jpg": (
            "is empty: a picture was expected, but the file has no bytes; "
            "copy the file again from its source or remove it"
        ),
        tmp_path / "empty.jpg/x": (
            "must be a readable picture file, but the system says 'Not a directory'; check the path and its permissions"
        ),
        f"{tmp_path}/nul\0": (
            "must be a readable picture file, but the system says 'Invalid argument'; "
            "check the path and its permissions"
        ),
    }
    for path, sentence in expected.items():
        with pytest.raises(ImageError) as caught:
            read_image(path)
        assert str(caught.value) == f"'{str(path).replace(chr(0), chr(92) + 'x00')}' {sentence}"


def test_what_the_system_refuses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.png"
    path.touch()

    def forbid(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", forbid)
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert str(caught.value) == (
        f"'{path}' must be a readable picture file, but the system says 'Permission denied'; "
        "check the path and its permissions"
    )


def test_a_file_too_large_to_be_a_picture_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "video.jpg"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert str(caught.value) == (
        f"'{path}' must be a picture file of at most 1,073,741,824 bytes, but it has 1,073,741,825; "
        "save it smaller or remove it"
    )
