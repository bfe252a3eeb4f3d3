"""Every picture decoded and prepared once, then mapped into memory.

A store is a folder `images.npy` (uint8, (pictures, height, width, 3), RGB) + `store.json`, named by a digest of the
pictures' contents, the settings and the decoder's version: anything that could change a pixel changes the name. It
is built beside and renamed, so it is whole or not there. The file is mapped, not read: the operating system
keeps the pages in use and drops the others, and memory does not grow with the number of pictures.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
from numpy.typing import NDArray

from cervinet.data.decode import DECODER_VERSION
from cervinet.data.decoding import decode_all, unreadable
from cervinet.data.digests import Digests, digest_of
from cervinet.data.picture import Picture
from cervinet.data.preprocess import PREPROCESS_VERSION, Steps, prepare
from cervinet.errors import DataError, ImageError
from cervinet.files import write_atomically
from cervinet.progress import Progress

_UNFINISHED = ".building-"
_STALE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Store:
    """Prepared pictures by row number; `images` is mapped read-only, uint8 (n, height, width, 3) RGB."""

    images: NDArray[np.uint8]
    path: Path
    built: bool

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.images[rows]


@dataclass(frozen=True)
class Decoder:
    """The same pictures without a store: decoded anew each time they are asked for."""

    pictures: Sequence[Picture]
    size: tuple[int, int]
    steps: Steps

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.stack([prepare(self.pictures[row], self.size, self.steps) for row in rows])


Images = Store | Decoder


def default_cache() -> Path:
    """$CERVINET_CACHE, or cervinet's folder in the user's cache directory."""
    if os.environ.get("CERVINET_CACHE"):
        return Path(os.environ["CERVINET_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cervinet"


def open_store(
    pictures: Sequence[Picture], root: Path, size: tuple[int, int], steps: Steps, cache: Path, progress: Progress
) -> Store:
    """The store of these pictures, built if it is not there.

    Args:
        pictures: in the order of the rows.
        root: their folder; only names the file in which digests are remembered.
        size: (height, width) in pixels.
        steps: fixed preprocessing.
        cache: folder of all stores.
        progress: shows the building.

    Raises:
        DataError: pictures that cannot be read, all named; or too little space on the disk.
    """
    _make_folder(cache / "stores")
    folder = cache / "stores" / pictures_key(pictures, root, size, steps, cache, progress)
    shape = (len(pictures), *size, 3)
    images = _mapped(folder, shape)
    if images is not None:
        return Store(images, folder, built=False)
    _build(folder, shape, pictures, size, steps, progress)
    images = _mapped(folder, shape)
    if images is None:
        raise DataError(f"the prepared pictures in {folder} cannot be read; remove that folder and try again")
    return Store(images, folder, built=True)


def pictures_key(
    pictures: Sequence[Picture], root: Path, size: tuple[int, int], steps: Steps, cache: Path, progress: Progress
) -> str:
    """A digest of all that makes the prepared pixels; arguments and errors as in `open_store`."""
    known = Digests(cache, root)
    digests = known.of_pictures(progress.track(pictures, len(pictures), "Looking for changes"))
    masks = known.of(mask for picture in pictures for mask in picture.masks)
    errors = [str(error) for error in (*digests, *masks) if isinstance(error, ImageError)]
    if errors:
        raise DataError(unreadable(errors, len(pictures)))
    versions = [DECODER_VERSION, PREPROCESS_VERSION, cv2.__version__, PIL.__version__]
    regions = [(picture.box, len(picture.masks)) for picture in pictures]
    return digest_of(json.dumps([versions, size, steps, digests, regions, masks]).encode())


def _mapped(folder: Path, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """The pictures of a whole store; None where there is none, or where something was cut off or taken out of it."""
    try:
        images: NDArray[np.uint8] = np.load(folder / "images.npy", mmap_mode="r")
    except (OSError, ValueError):
        return None
    return images if images.shape == shape and (folder / "store.json").is_file() else None


def _make_folder(stores: Path) -> None:
    try:
        stores.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unwritable(stores, error) from None


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"the folder of prepared pictures {folder} cannot be made: {error.strerror}; "
        "set data.cache to a folder that can be written to, or data.store=false"
    )


def _build(
    folder: Path,
    shape: tuple[int, ...],
    pictures: Sequence[Picture],
    size: tuple[int, int],
    steps: Steps,
    progress: Progress,
) -> None:
    _remove_stale(folder.parent)
    needed, free = len(pictures) * size[0] * size[1] * 3, shutil.disk_usage(folder.parent).free
    if needed > free:
        raise DataError(
            f"preparing {len(pictures)} pictures needs {needed / 2**30:.1f} GiB under {folder.parent}, which has "
            f"{free / 2**30:.1f} GiB free; set data.cache to a larger disk, or data.store=false"
        )
    # The pictures are of patients: mkdtemp makes a folder that only its owner can enter.
    try:
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=_UNFINISHED))
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        images = _open_array(temporary / "images.npy", shape)
        decoded = decode_all(pictures, lambda picture: prepare(picture, size, steps))
        errors = []
        for row, (_, image) in enumerate(progress.track(decoded, len(pictures), "Preparing pictures")):
            if isinstance(image, ImageError):
                errors.append(str(image))
            else:
                images[row] = image
        if errors:
            raise DataError(unreadable(errors, len(pictures)))
        images.flush()
        write_atomically(temporary / "store.json", json.dumps({"pictures": len(pictures), "size": size}).encode())
        try:
            temporary.rename(folder)
        except OSError:
            # Another process was faster, and its store is as good; or a damaged one is in the way.
            if _mapped(folder, shape) is None:
                shutil.rmtree(folder, ignore_errors=True)
                temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _open_array(path: Path, shape: tuple[int, ...]) -> "np.memmap[Any, np.dtype[np.uint8]]":
    """A mapped array whose space on the disk is taken: writing to a hole on a disk that fills up kills the process."""
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
            except OSError as error:
                raise DataError(
                    f"the prepared pictures need {path.stat().st_size / 2**30:.1f} GiB under {path.parents[1]}: "
                    f"{error.strerror}; set data.cache to a larger disk, or data.store=false"
                ) from None
    return array


def _remove_stale(stores: Path) -> None:
    """Take away what killed processes left behind."""
    for folder in stores.glob(f"{_UNFINISHED}*"):
        with suppress(FileNotFoundError):  # another process may be taking it away
            if time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
