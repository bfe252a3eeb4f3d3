"""The size in a picture's header is that of its decoded pixels."""

import pytest
from pictures import encoded, exif
from PIL import Image

from cervinet.data.decode import read_image
from cervinet.data.headers import picture_size
from cervinet.errors import ImageError


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_of_any_format(tmp_path, kind):
    path = tmp_path / "x"
    path.write_bytes(encoded(Image.new("RGB", (30, 20)), kind))
    assert picture_size(path) == read_image(path).shape[:2] == (20, 30)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_of_the_upright_picture(tmp_path, kind, orientation):
    path = tmp_path / "x"
    if kind == "TIFF":
        path.write_bytes(encoded(Image.new("RGB", (30, 20)), kind, tiffinfo={0x0112: orientation}))
    else:
        path.write_bytes(encoded(Image.new("RGB", (30, 20)), kind, exif=exif(orientation)))
    assert picture_size(path) == read_image(path).shape[:2]


@pytest.mark.parametrize("content", [b"", b"broken", b"\x89PNG\r\n\x1a\n"])
def test_of_no_picture(tmp_path, content):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        picture_size(path)
    assert str(caught.value) == (
        f"'{path}' must be a picture, but its header cannot be read; copy the file again from its source or remove it"
    )
