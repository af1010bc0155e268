"""Sizes of pixels: given, of files, of maps, and none at all."""

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.errors import ImageError
from napari_sam.io import Image
from napari_sam.measurement import MeasureSettings
from napari_sam.measurement.calibration import Calibration

BOX = np.zeros((1, 10, 10), int)
BOX[0, 2:4, 3:8] = 1


def image(axes="yx", **facts):
    data = {"yx": BOX[0], "zyx": np.repeat(BOX, 3, 0), "tyx": np.repeat(BOX, 3, 0)}
    return Image(data=data[axes], axes=axes, **facts)


def test_pixels_where_nothing_is_known():
    [found] = sam.measure(BOX[0]).to_dict("records")
    assert (found["area"], found["y"], found["x"]) == (10, 2.5, 5)
    assert (found["length_unit"], found["time_unit"]) == ("pixel", "frame")


def test_what_is_given_goes_before_what_labels_say_and_that_before_the_image():
    micro = dict.fromkeys("yx", "micrometer")
    labels = image(scale={"y": 2.0, "x": 2.0}, units=micro)
    other = image(scale={"y": 5.0, "x": 5.0}, units=micro)
    assert sam.measure(labels, other)["area"][0] == 40
    assert sam.measure(BOX[0], other)["area"][0] == 250
    given = sam.measure(labels, other, scale=0.1, units="mm")
    assert given["area"][0] == pytest.approx(0.1)
    assert given["length_unit"][0] == "millimeter"


def test_units_that_differ_by_axis_become_one():
    units = {"z": "nanometer", "y": "micrometer", "x": "micrometer"}
    labels = image("zyx", scale={"z": 500.0, "y": 1.0, "x": 1.0}, units=units)
    found = sam.measure(labels)
    assert found["volume"][0] == pytest.approx(15)
    assert found["length_unit"][0] == "micrometer"
    with pytest.raises(ImageError, match="common measure"):
        sam.measure(labels, units={"z": "inch", "y": "furlong", "x": "furlong"})


def test_times_of_frames():
    labels = image("tyx")
    found = sam.measure(labels, scale={"t": 5.0}, units={"t": "min"})
    assert found["time"].tolist() == [0, 5, 10]
    assert found["time_unit"][0] == "minute"
    assert found["length_unit"][0] == "pixel"


def test_a_depth_that_is_not_known_is_asked_for():
    labels = image("zyx", scale={"y": 0.5, "x": 0.5})
    with pytest.raises(ImageError, match="not along z"):
        sam.measure(labels)
    planes = sam.measure(labels, settings=MeasureSettings(by_plane=True))
    assert planes["area"].tolist() == [2.5] * 3


@pytest.mark.parametrize("scale", [0, -1.0, float("nan"), {"c": 1.0}, {"y": 0.0}])
def test_sizes_that_are_none_are_refused(scale):
    with pytest.raises(ImageError, match="positive number"):
        sam.measure(BOX[0], scale=scale)


def test_positions_on_a_map():
    utm = (10.0, 0.0, 500_000.0, 0.0, -10.0, 4_000_000.0)
    labels = image(
        scale={"y": 10.0, "x": 10.0},
        units=dict.fromkeys("yx", "meter"),
        crs="EPSG:32616",
        transform=utm,
    )
    [found] = sam.measure(labels).to_dict("records")
    assert found["area"] == 1000
    assert (found["x"], found["y"]) == (500_055.0, 3_999_970.0)
    assert found["length_unit"] == "meter"


def test_positions_where_the_first_pixel_lies_elsewhere():
    found = sam.measure(
        image(scale={"y": 2.0, "x": 2.0}, translation={"y": 100.0, "x": -7.0})
    )
    assert (found["y"][0], found["x"][0]) == (105, 3)


def test_degrees_are_refused_with_the_system_to_take():
    pytest.importorskip("rasterio")
    labels = image(
        scale={"y": 0.001, "x": 0.001},
        units=dict.fromkeys("yx", "degree"),
        crs="EPSG:4326",
        transform=(0.001, 0.0, -84.4, 0.0, -0.001, 33.8),
    )
    with pytest.raises(ImageError, match="EPSG:32616"):
        sam.measure(labels)
    assert sam.measure(labels, scale=100.0, units="meter")["area"][0] == 1e5


def test_a_grid_that_lies_askew_is_refused():
    askew = (10.0, 4.0, 0.0, 0.0, -10.0, 0.0)
    labels = image(scale={"y": 10.8, "x": 10.0}, transform=askew)
    with pytest.raises(ImageError, match="sheared"):
        sam.measure(labels)
    turned = image(scale={"y": 10.0, "x": 10.0}, transform=(8.0, 6.0, 0, 6.0, -8.0, 0))
    assert sam.measure(turned)["area"][0] == 1000


@pytest.mark.parametrize("unit", ["um", "um2", "µm²", "micrometer", "um^2", " um 2"])
def test_the_area_of_a_pixel_in_any_spelling_of_a_unit(unit):
    known = Calibration({"y": 0.5, "x": 0.2}, "micrometer")
    assert known.pixel_area(unit) == pytest.approx(0.1)
    assert known.pixel_area("nm2") == pytest.approx(100_000)
    assert Calibration({"y": 2, "x": 3}, "furlong").pixel_area("furlong") == 6


@pytest.mark.parametrize("own", ["pixel", "", "furlong"])
def test_no_area_in_a_unit_that_pixels_do_not_have(own):
    with pytest.raises(ImageError, match="'um2'"):
        Calibration({"y": 2, "x": 2}, own).pixel_area("um2")
