"""DICOM → uint8 RGB, as PS3.3 section C.11 says values become grey levels. docs/decisions/0009-dicom.md says why so.

Only the first frame is read. Nothing but what describes the pixels is looked at: a DICOM file also holds names,
numbers and dates of patients. Needs the extra `dicom` (pydicom).
"""

import io
import warnings
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cervinet.data.colour import to_rgb8
from cervinet.data.containers import DamagedError, UnwantedError

if TYPE_CHECKING:
    from pydicom import Dataset

_DEFLATED = "1.2.840.10008.1.2.1.99"
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "PALETTE COLOR")

# pydicom warns of values that break the standard in elements that nobody looks at here.
warnings.filterwarnings("ignore", module=r"pydicom\.")


def is_dicom(data: bytes) -> bool:
    """Whether bytes begin like a DICOM file of PS3.10: a preamble of 128 bytes and four letters."""
    return data[128:132] == b"DICM"


def open_dicom(file: BinaryIO) -> "Dataset":
    """Everything before the pixels.

    Raises:
        UnwantedError: pydicom is not installed, or the kind of file is none that can be read safely.
        DamagedError: it does not say how large the picture is.
    """
    try:
        import pydicom
    except ImportError:
        raise UnwantedError(
            "is a DICOM file, which only pydicom can read, and it is not installed; "
            "install it: pip install 'cervinet[dicom]'"
        ) from None
    start = file.tell()
    # The group that names the encoding is never deflated itself, and short.
    if _DEFLATED.encode() in file.read(2048):
        raise UnwantedError(
            "must be a DICOM file that is not deflated as a whole, for its size cannot be told before it is inflated; "
            "save it in another transfer syntax"
        )
    file.seek(start)
    header = pydicom.dcmread(file, stop_before_pixels=True)
    if "Rows" not in header or "Columns" not in header:
        raise DamagedError("must be a DICOM file with a picture, but it states no rows and columns")
    return header


def dicom_size(file: BinaryIO) -> tuple[int, int]:
    """The (height, width) that a DICOM file announces."""
    header = open_dicom(file)
    return int(header.Rows), int(header.Columns)


def load_dicom(data: bytes, header: "Dataset") -> NDArray[np.uint8]:
    """The first frame.

    Args:
        data: the whole file.
        header: of it, as `open_dicom` returned it.

    Returns:
        `(H, W, 3)` uint8 RGB, 0–255.

    Raises:
        UnwantedError: values or a compression that nothing here reads.
    """
    from pydicom import dcmread
    from pydicom.pixels.processing import apply_color_lut
    from pydicom.pixels.utils import pixel_array

    kind = str(header.get("PhotometricInterpretation", "nothing"))
    allocated = header.get("BitsAllocated")
    if not (kind in _GREY or kind in _COLOUR or kind.startswith("YBR_")) or allocated not in (8, 16):
        raise UnwantedError(
            "must be a DICOM picture in grey, RGB, YBR or palette colour with 8 or 16 bits, "
            f"but it is {kind} with {allocated}; convert it or remove it"
        )
    _check_encoding(header)
    whole = dcmread(io.BytesIO(data))
    raw = pixel_array(whole, index=0)  # YBR becomes RGB
    if kind in _GREY:
        # By a table of all values that there are: a picture of floats would take eight times its memory.
        unsigned = np.dtype(f"u{raw.dtype.itemsize}")
        every = np.arange(1 << 8 * unsigned.itemsize, dtype=unsigned).view(raw.dtype)
        return to_rgb8(_grey_levels(every, whole)[raw.view(unsigned)])
    if kind == "PALETTE COLOR":
        raw = apply_color_lut(raw, whole)
        return to_rgb8(np.ascontiguousarray(raw[..., :3]), bits=8 * raw.itemsize)
    return to_rgb8(np.ascontiguousarray(raw), bits=int(whole.BitsStored))


def _check_encoding(header: "Dataset") -> None:
    """Raises an UnwantedError when none of the installed decoders reads how the pixels are compressed."""
    from pydicom.pixels.decoders.base import get_decoder

    syntax = header.file_meta.TransferSyntaxUID
    try:
        available = not syntax.is_encapsulated or get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise UnwantedError(
            f"must be a DICOM file in a transfer syntax that can be read here, but its pixels are in {syntax.name}; "
            "decompress it or save it as JPEG 2000"
        )


def _grey_levels(raw: NDArray[Any], dataset: "Dataset") -> NDArray[np.uint8]:
    """Stored values → modality values → the first window → 0–255, rounded; MONOCHROME1 is inverted."""
    from pydicom.pixels.processing import apply_modality_lut

    module = _item(dataset, "PixelValueTransformationSequence", "RescaleSlope") or dataset
    if "ModalityLUTSequence" in dataset:
        values = apply_modality_lut(raw, dataset).astype(np.float64)
        low, high = 0.0, 2.0 ** int(dataset.ModalityLUTSequence[0].LUTDescriptor[2]) - 1
    else:
        slope, intercept = float(module.get("RescaleSlope", 1)), float(module.get("RescaleIntercept", 0))
        values = raw.astype(np.float64) * slope + intercept
        low, high = sorted(end * slope + intercept for end in _stored_range(dataset))
    window = _item(dataset, "FrameVOILUTSequence", "WindowCenter") or dataset
    share = _windowed(values, window) if "WindowCenter" in window else (values - low) / (high - low)
    grey = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    return 255 - grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey


def _stored_range(dataset: "Dataset") -> tuple[int, int]:
    bits = int(dataset.BitsStored)
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if dataset.PixelRepresentation else (0, (1 << bits) - 1)


def _windowed(values: NDArray[np.float64], window: "Dataset") -> NDArray[np.float64]:
    """What share of full brightness each value has. Reference: PS3.3, C.11.2.1.2 and C.11.2.1.3."""
    centre, width = _first(window.WindowCenter), _first(window.WindowWidth)
    function = str(window.get("VOILUTFunction", "LINEAR"))
    if not width > 0 or (function == "LINEAR" and width < 1):
        raise DamagedError(f"is damaged: a DICOM window must be at least 1 wide, but this one is {width:g}")
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
        if width == 0:
            return (values > centre).astype(np.float64)
    return (values - centre) / width + 0.5


def _first(value: Any) -> float:
    return float(value if isinstance(value, int | float | str) else value[0])


def _item(dataset: "Dataset", sequence: str, keyword: str) -> Any:
    """The item of the first frame that holds a keyword, or None; some files describe their frames one by one."""
    for groups in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        for frame in list(dataset.get(groups) or [])[:1]:
            for item in list(frame.get(sequence) or [])[:1]:
                if keyword in item:
                    return item
    return None
