"""DICOM: a row for each way in which values of pixels are meant."""

import numpy as np
import pytest

from napari_sam.core.errors import NapariSamError
from napari_sam.io import read_image
from napari_sam.io.images import read_label_image

from .pictures import DEEP, GREY, RGB


def dicom(path, stored, kind="MONOCHROME2", **elements):
    """Write pixels as DICOM; `elements` by their keyword."""
    pydicom = pytest.importorskip("pydicom")
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    data = pydicom.dataset.FileDataset("a", {}, file_meta=meta, preamble=bytes(128))
    size = stored.shape[1:] if "NumberOfFrames" in elements else stored.shape
    data.Rows, data.Columns = size[:2]
    data.SamplesPerPixel = size[2] if len(size) == 3 else 1
    data.PlanarConfiguration = 0
    data.PhotometricInterpretation = kind
    data.BitsAllocated = data.BitsStored = 8 * stored.dtype.itemsize
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(stored.dtype.kind == "i")
    data.PixelSpacing = [0.2, 0.3]
    content = stored.tobytes()
    data.PixelData = content + bytes(len(content) % 2)
    data["PixelData"].VR = "OB" if stored.dtype.itemsize == 1 else "OW"
    for name, value in elements.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)


def each_frame(*lines):
    """Return what says slope and intercept of each frame."""
    Dataset = pytest.importorskip("pydicom").Dataset
    groups = []
    for slope, intercept in lines:
        inner, group = Dataset(), Dataset()
        inner.RescaleSlope, inner.RescaleIntercept = slope, intercept
        group.PixelValueTransformationSequence = [inner]
        groups.append(group)
    return groups


BOTH = np.stack([GREY, 255 - GREY])
WIDE = DEEP[..., 0] >> 4
#: Kind of colours, what is stored, what is right, and elements beside it.
DICOM = {
    "grey": ("MONOCHROME2", GREY, GREY, {}),
    "white is 0": ("MONOCHROME1", 255 - GREY, GREY, {}),
    "white is 0, signed": (
        "MONOCHROME1", (-1 - GREY.view("i1").astype("i2")).astype("i1"),
        GREY.view("i1"), {},
    ),
    "colours": ("RGB", RGB, RGB, {}),
    "frames": ("MONOCHROME2", BOTH, BOTH, {"NumberOfFrames": 2}),
    "colour frames": ("RGB", np.stack([RGB, RGB]), np.stack([RGB, RGB]),
                      {"NumberOfFrames": 2}),
    "Hounsfield": ("MONOCHROME2", WIDE, WIDE.astype("i2") - 1024,
                   {"RescaleSlope": 1, "RescaleIntercept": -1024}),
    "activity": ("MONOCHROME2", WIDE, WIDE.astype("f4") / 2 + 3,
                 {"RescaleSlope": "0.5", "RescaleIntercept": 3}),
    "a scale that says nothing": ("MONOCHROME2", WIDE, WIDE,
                                  {"RescaleSlope": 1, "RescaleIntercept": 0}),
    "a scale for each frame": (
        "MONOCHROME2", BOTH, np.stack([BOTH[0] * np.int16(2), BOTH[1] + np.int16(5)]),
        {"NumberOfFrames": 2, "scales": [(2, 0), (1, 5)]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "stored", "right", "elements"), DICOM.values(), ids=DICOM
)
def test_dicom_is_read_as_it_is_meant(tmp_path, kind, stored, right, elements):
    scales = elements.get("scales")
    more = {k: v for k, v in elements.items() if k != "scales"}
    if scales:
        more["PerFrameFunctionalGroupsSequence"] = each_frame(*scales)
    dicom(tmp_path / "a.dcm", stored, kind, **more)
    found = read_image(tmp_path / "a.dcm")
    np.testing.assert_array_equal(found.data, right)
    assert found.data.dtype == right.dtype
    assert found.scale == {"y": 0.2, "x": 0.3}


def test_frames_of_dicom_are_planes_or_times(tmp_path):
    slices = {"NumberOfFrames": 2, "SpacingBetweenSlices": 2.5}
    dicom(tmp_path / "a.dcm", BOTH, **slices)
    found = read_image(tmp_path / "a.dcm")
    assert (found.axes, found.scale["z"]) == ("zyx", 2.5)
    film = {"FrameIncrementPointer": 0x00181063, "FrameTime": 40}
    dicom(tmp_path / "b.dcm", BOTH, NumberOfFrames=2, **film)
    found = read_image(tmp_path / "b.dcm")
    assert (found.axes, found.scale["t"], found.units["t"]) == ("tyx", 0.04, "second")


def slices(folder, names, **elements):
    """Write slices from the top, whose names are in another order."""
    for k, name in enumerate(names):
        at = {key: value(k) for key, value in elements.items()}
        dicom(folder / name, GREY + np.uint8(k), **at)


LYING = [1, 0, 0, 0, 1, 0]


def test_slices_lie_by_their_positions_whatever_they_are_called(tmp_path):
    slices(
        tmp_path, ["c.dcm", "a.dcm", "b.dcm"], InstanceNumber=lambda k: 9 - k,
        ImagePositionPatient=lambda k: [5, 5, 2.5 * k],
        ImageOrientationPatient=lambda _: LYING,
    )  # fmt: skip
    found = read_image(tmp_path)
    assert (found.axes, found.scale["z"], found.units["z"]) == (
        "zyx",
        2.5,
        "millimeter",
    )
    for k in range(3):
        np.testing.assert_array_equal(found.frames[k], GREY + np.uint8(k))


def test_slices_without_positions_lie_by_their_numbers(tmp_path):
    slices(tmp_path, ["c.dcm", "a.dcm", "b.dcm"], InstanceNumber=lambda k: k + 1)
    found = read_image(tmp_path)
    assert "z" not in found.scale
    np.testing.assert_array_equal(found.frames[2], GREY + np.uint8(2))


def test_slices_of_several_series_are_refused(tmp_path):
    slices(tmp_path, ["a.dcm", "b.dcm"], SeriesInstanceUID=lambda k: f"1.2.{k}")
    with pytest.raises(NapariSamError, match="2 series"):
        read_image(tmp_path)


def test_pixels_beyond_what_was_scanned_are_no_data(tmp_path):
    said = {"RescaleSlope": 1, "RescaleIntercept": -1024, "PixelPaddingValue": 7}
    dicom(tmp_path / "a.dcm", WIDE, **said)
    assert read_image(tmp_path / "a.dcm").nodata == 7 - 1024


def test_numbers_of_objects_in_dicom_are_as_stored(tmp_path):
    dicom(tmp_path / "a.dcm", 255 - GREY, "MONOCHROME1", RescaleIntercept=3)
    found = read_label_image(tmp_path / "a.dcm")
    np.testing.assert_array_equal(found.data, 255 - GREY)


def test_a_compressed_dicom_names_what_decodes_it(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    dicom(tmp_path / "a.dcm", GREY)
    data = pydicom.dcmread(tmp_path / "a.dcm")
    data.file_meta.TransferSyntaxUID = pydicom.uid.JPEGLosslessSV1
    data.PixelData = pydicom.encaps.encapsulate([bytes(99)])
    data["PixelData"].is_undefined_length = True
    data.save_as(tmp_path / "a.dcm")
    with pytest.raises(NapariSamError, match="pylibjpeg"):
        read_image(tmp_path / "a.dcm")
