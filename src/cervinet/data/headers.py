"""How large a picture is, from its header alone."""

from pathlib import Path

from PIL import Image

from cervinet.data.containers import DamagedError, UnwantedError, exif_orientation
from cervinet.data.dicom import dicom_size, is_dicom
from cervinet.errors import ImageError
from cervinet.escape import for_terminal


def picture_size(path: Path) -> tuple[int, int]:
    """The (height, width) of a picture as `decode` would return it, upright; no pixel is decoded.

    Raises:
        ImageError: there is no such file, or its header is not that of a picture.
    """
    try:
        with open(path, "rb") as file:
            if is_dicom(file.read(132)):
                file.seek(0)
                return dicom_size(file)
            with Image.open(file) as picture:
                # Pillow has turned a TIFF's sides already; its own reading of EXIF would heed XMP too.
                exif = b"" if picture.format == "TIFF" else picture.info.get("exif", b"")
                orientation = exif_orientation(exif)
                height, width = picture.height, picture.width
    except (DamagedError, UnwantedError) as error:
        raise ImageError(f"'{for_terminal(path)}' {error}") from error
    except Exception as error:  # as in `decode`: hostile headers raise errors of every kind
        raise ImageError(
            f"'{for_terminal(path)}' must be a picture, but its header cannot be read; "
            "copy the file again from its source or remove it"
        ) from error
    return (width, height) if orientation in (5, 6, 7, 8) else (height, width)
