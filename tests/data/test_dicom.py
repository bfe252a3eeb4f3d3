"""DICOM files made with pydicom, compared with values worked out by hand and with pydicom's own windowing."""

import builtins
import io

import numpy as np
import pytest
from PIL import Image

from cervinet.data.decode import decode, read_image
from cervinet.data.headers import picture_size
from cervinet.errors import ImageError

pydicom = pytest.importorskip("pydicom")
from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.encaps import encapsulate  # noqa: E402
from pydicom.pixels.processing import apply_modality_lut, apply_windowing  # noqa: E402
from pydicom.sequence import Sequence  # noqa: E402
from pydicom.uid import (  # noqa: E402
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

EXPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"


def dataset(pixels, syntax=EXPLICIT, **elements):
    """A minimal picture: `(H, W)` or `(H, W, 3)`; a first axis for frames where NumberOfFrames is given."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "1.2.3"
    shape = pixels.shape[1:] if "NumberOfFrames" in elements else pixels.shape
    bits = pixels.dtype.itemsize * 8
    made.Rows, made.Columns = shape[:2]
    made.SamplesPerPixel = 3 if len(shape) == 3 else 1
    made.PhotometricInterpretation = "RGB" if len(shape) == 3 else "MONOCHROME2"
    if len(shape) == 3:
        made.PlanarConfiguration = 0
    made.BitsAllocated = made.BitsStored = bits
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes()
    made.PatientName = "Nobody^Known"
    for name, value in elements.items():
        setattr(made, name, value)
    made.HighBit = made.BitsStored - 1
    made["PixelData"].VR = "OW" if made.BitsAllocated == 16 else "OB"
    return made


def written(made):
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def grey(made):
    """One channel of the decoded picture, after a look that all three are equal."""
    image = decode(written(made))
    assert (image.dtype, image.shape[2]) == (np.uint8, 3)
    assert (image[..., 0] == image[..., 1]).all()
    assert (image[..., 0] == image[..., 2]).all()
    return image[..., 0]


def refusal(data, **more):
    with pytest.raises(ImageError) as caught:
        decode(data, name="a.dcm", **more)
    return str(caught.value)


RAMP8 = np.arange(256, dtype=np.uint8).reshape(16, 16)


class TestGrey:
    def test_eight_bits_stay_as_they_are(self):
        np.testing.assert_array_equal(grey(dataset(RAMP8)), RAMP8)

    def test_monochrome1_is_inverted(self):
        np.testing.assert_array_equal(grey(dataset(RAMP8, PhotometricInterpretation="MONOCHROME1")), 255 - RAMP8)

    @pytest.mark.parametrize("bits", [10, 12, 16])
    def test_the_whole_range_of_the_stored_bits_is_black_to_white(self, bits):
        values = np.linspace(0, 2**bits - 1, 60).astype(np.uint16).reshape(6, 10)
        np.testing.assert_array_equal(grey(dataset(values, BitsStored=bits)), np.rint(values / (2**bits - 1) * 255))

    def test_signed_values(self):
        values = np.array([[-2048, -1, 0, 2047]], np.int16)
        np.testing.assert_array_equal(grey(dataset(values, BitsStored=12)), [[0, 127, 128, 255]])

    def test_what_stands_in_unused_bits_is_not_seen(self):
        values = np.array([[0, 1000, 4095]], np.uint16)
        np.testing.assert_array_equal(
            grey(dataset(values | 0xF000, BitsStored=12)), grey(dataset(values, BitsStored=12))
        )

    def test_a_rescale_without_a_window_changes_nothing(self):
        values = np.array([[0, 1024, 4095]], np.uint16)
        rescaled = dataset(values, BitsStored=12, RescaleSlope=2, RescaleIntercept=-1024)
        np.testing.assert_array_equal(grey(rescaled), grey(dataset(values, BitsStored=12)))

    def test_a_negative_slope_inverts(self):
        np.testing.assert_array_equal(grey(dataset(RAMP8, RescaleSlope=-1, RescaleIntercept=255)), 255 - RAMP8)


class TestWindows:
    def test_linear_by_hand(self):
        # PS3.3 C.11.2.1.2.1: c = 100, w = 11: black up to 94.5, white above 104.5, a tenth of 255 a value between.
        values = np.array([[0, 94, 95, 99, 100, 104, 105, 255]], np.uint8)
        made = dataset(values, WindowCenter=100, WindowWidth=11)
        expected = [0, 0, 0.05 * 255, 0.45 * 255, 0.55 * 255, 0.95 * 255, 255, 255]
        np.testing.assert_array_equal(grey(made), [np.rint(expected)])

    def test_the_first_of_several(self):
        several = dataset(RAMP8, WindowCenter=[40, 200], WindowWidth=[80, 10])
        np.testing.assert_array_equal(grey(several), grey(dataset(RAMP8, WindowCenter=40, WindowWidth=80)))

    def test_one_value_wide(self):
        np.testing.assert_array_equal(
            grey(dataset(RAMP8, WindowCenter=100, WindowWidth=1)), np.where(RAMP8 >= 100, 255, 0)
        )

    @pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
    @pytest.mark.parametrize("signed", [False, True])
    @pytest.mark.parametrize("slope", [1, 0.5, -2])
    def test_agree_with_pydicoms(self, function, signed, slope):
        rng = np.random.default_rng(1)
        values = rng.integers(-2048 if signed else 0, 2047, (20, 30)).astype(np.int16 if signed else np.uint16)
        made = dataset(
            values, BitsStored=12, RescaleSlope=slope, RescaleIntercept=-100,
            WindowCenter=150, WindowWidth=700, VOILUTFunction=function,
        )  # fmt: skip
        theirs = apply_windowing(apply_modality_lut(values, made), made)
        ends = sorted(end * slope - 100 for end in ((-2048, 2047) if signed else (0, 4095)))
        share = (theirs - ends[0]) / (ends[1] - ends[0])
        if slope < 0:  # pydicom then turns its own output range round
            share = 1 - share
        if function == "SIGMOID":  # pydicom adds its range's lower end outside of the fraction
            share = 1 / (1 + np.exp(-4 * (values * float(slope) - 100 - 150) / 700))
        np.testing.assert_allclose(grey(made), share * 255, atol=0.51)

    def test_of_the_first_frame_in_a_file_that_describes_frames_one_by_one(self):
        def frame(centre):
            window, groups = Dataset(), Dataset()
            window.WindowCenter, window.WindowWidth = centre, 20
            groups.FrameVOILUTSequence = Sequence([window])
            return groups

        frames = np.stack([RAMP8, RAMP8[::-1]])
        described = Sequence([frame(50), frame(200)])
        made = dataset(frames, NumberOfFrames=2, PerFrameFunctionalGroupsSequence=described)
        np.testing.assert_array_equal(grey(made), grey(dataset(RAMP8, WindowCenter=50, WindowWidth=20)))

    def test_without_a_width(self):
        assert refusal(written(dataset(RAMP8, WindowCenter=100, WindowWidth=0))) == (
            "'a.dcm' is damaged: a DICOM window must be at least 1 wide, but this one is 0; "
            "copy the file again from its source or remove it"
        )


class TestColour:
    RGB = np.random.default_rng(2).integers(0, 256, (12, 14, 3), np.uint8)

    def test_rgb(self):
        np.testing.assert_array_equal(decode(written(dataset(self.RGB))), self.RGB)

    def test_rgb_in_planes(self):
        made = dataset(self.RGB, PlanarConfiguration=1, PixelData=np.moveaxis(self.RGB, -1, 0).tobytes())
        np.testing.assert_array_equal(decode(written(made)), self.RGB)

    def test_ybr(self):
        ybr = np.asarray(Image.fromarray(self.RGB).convert("YCbCr"))
        image = decode(written(dataset(ybr, PhotometricInterpretation="YBR_FULL")))
        np.testing.assert_allclose(image.astype(int), self.RGB, atol=2)

    @pytest.mark.parametrize("bits", [8, 16])
    def test_a_palette(self, bits):
        tables = np.random.default_rng(3).integers(0, 2**bits, (3, 256)).astype(f"<u{bits // 8}")
        made = dataset(RAMP8, PhotometricInterpretation="PALETTE COLOR")
        for colour, table in zip(("Red", "Green", "Blue"), tables, strict=True):
            setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, bits])
            setattr(made, f"{colour}PaletteColorLookupTableData", table.tobytes())
        expected = np.moveaxis(np.rint(tables[:, RAMP8] / (2**bits - 1) * 255), 0, -1)
        np.testing.assert_array_equal(decode(written(made)), expected)


class TestFrames:
    def test_the_first_is_the_picture(self):
        frames = np.random.default_rng(4).integers(0, 256, (5, 8, 9), np.uint8)
        np.testing.assert_array_equal(grey(dataset(frames, NumberOfFrames=5)), frames[0])


class TestCompression:
    def compressed(self, syntax, data, pixels, **elements):
        made = dataset(pixels, syntax, **elements)
        made.PixelData = encapsulate([data])
        made["PixelData"].VR = "OB"
        made["PixelData"].is_undefined_length = True
        return written(made)

    def test_jpeg(self):
        buffer = io.BytesIO()
        Image.fromarray(RAMP8).save(buffer, "JPEG", quality=95)
        data = buffer.getvalue()
        image = decode(self.compressed(JPEGBaseline8Bit, data, RAMP8))
        np.testing.assert_allclose(image, decode(data), atol=1)

    def test_jpeg_2000(self):
        buffer = io.BytesIO()
        Image.fromarray(RAMP8).save(buffer, "JPEG2000", irreversible=False, no_jp2=True)
        image = decode(self.compressed(JPEG2000Lossless, buffer.getvalue(), RAMP8))
        np.testing.assert_array_equal(image[..., 0], RAMP8)

    def test_run_lengths(self):
        made = dataset(RAMP8)
        made.compress(RLELossless)
        np.testing.assert_array_equal(decode(written(made))[..., 0], RAMP8)

    def test_one_that_nothing_here_reads(self, monkeypatch):
        monkeypatch.setattr("pydicom.pixels.decoders.base.Decoder.is_available", False)
        assert refusal(self.compressed(JPEGLSLossless, b"\xff\xd8\xff\xd9", RAMP8)) == (
            "'a.dcm' must be a DICOM file in a transfer syntax that can be read here, but its pixels are in JPEG-LS "
            "Lossless Image Compression; decompress it or save it as JPEG 2000"
        )

    def test_a_deflated_file(self):
        assert refusal(written(dataset(RAMP8, DEFLATED))) == (
            "'a.dcm' must be a DICOM file that is not deflated as a whole, for its size cannot be told before it is "
            "inflated; save it in another transfer syntax"
        )


class TestRefusals:
    def test_more_pixels_than_are_taken_before_any_is_decoded(self, monkeypatch):
        made = dataset(RAMP8, Rows=40_000, Columns=30_000)
        monkeypatch.setattr("cervinet.data.dicom.load_dicom", None)
        assert refusal(written(made)) == (
            "'a.dcm' must have at most 200,000,000 pixels, but its header announces 30000×40000; "
            "scale it down or remove it"
        )

    def test_a_cut_file_wherever_it_is_cut(self):
        data = written(dataset(RAMP8))
        for length in range(132, len(data) - 1, 23):
            assert refusal(data[:length])

    def test_a_file_without_a_picture(self):
        made = dataset(RAMP8)
        del made.Rows
        assert refusal(written(made)) == (
            "'a.dcm' must be a DICOM file with a picture, but it states no rows and columns; "
            "copy the file again from its source or remove it"
        )

    def test_values_of_32_bits(self):
        assert refusal(written(dataset(np.zeros((2, 2), np.uint32)))) == (
            "'a.dcm' must be a DICOM picture in grey, RGB, YBR or palette colour with 8 or 16 bits, "
            "but it is MONOCHROME2 with 32; convert it or remove it"
        )

    def test_pydicom_is_not_installed(self, monkeypatch):
        real = builtins.__import__

        def without(name, *more, **keywords):
            if name.startswith("pydicom"):
                raise ImportError(name)
            return real(name, *more, **keywords)

        data = written(dataset(RAMP8))
        monkeypatch.setattr(builtins, "__import__", without)
        assert refusal(data) == (
            "'a.dcm' is a DICOM file, which only pydicom can read, and it is not installed; "
            "install it: pip install 'cervinet[dicom]'"
        )


def test_wherever_a_path_of_a_picture_stands(tmp_path):
    path = tmp_path / "scan.dcm"
    path.write_bytes(written(dataset(np.zeros((20, 30), np.uint8))))
    assert read_image(path).shape == (20, 30, 3)
    assert picture_size(path) == (20, 30)
