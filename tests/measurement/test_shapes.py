"""Shapes are as large as formulas say, also where pixels are no squares."""

from itertools import product
from math import pi

import numpy as np
import pytest
from scipy.special import ellipe
from skimage.measure import perimeter_crofton, regionprops_table

import napari_sam as sam
from napari_sam.measurement.perimeters import step_weights


def row(labels, **options):
    [found] = sam.measure(labels, **options).to_dict("records")
    return found


@pytest.mark.parametrize("spacing", [(1, 1), (0.5, 0.5), (0.4, 1.0), (2.0, 0.8)])
def test_a_disc(ellipsoid, spacing):
    found = row(
        ellipsoid((30, 30), spacing), scale=dict(zip("yx", spacing, strict=True))
    )
    assert found["area"] == pytest.approx(pi * 30**2, rel=0.005)
    assert found["perimeter"] == pytest.approx(2 * pi * 30, rel=0.02)
    assert found["equivalent_diameter"] == pytest.approx(60, rel=0.005)
    assert found["axis_major_length"] == pytest.approx(60, rel=0.01)
    assert found["axis_minor_length"] == pytest.approx(60, rel=0.01)
    assert found["eccentricity"] < 0.12
    assert found["solidity"] > 0.97


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2])
@pytest.mark.parametrize("spacing", [(1, 1), (0.5, 1.0)])
def test_an_ellipse(ellipsoid, spacing, angle):
    labels = ellipsoid((40, 20), spacing, angle=angle)
    found = row(labels, scale=dict(zip("yx", spacing, strict=True)))
    eccentricity = np.sqrt(1 - 0.25)
    assert found["area"] == pytest.approx(pi * 800, rel=0.005)
    assert found["perimeter"] == pytest.approx(160 * ellipe(eccentricity**2), rel=0.03)
    assert found["axis_major_length"] == pytest.approx(80, rel=0.01)
    assert found["axis_minor_length"] == pytest.approx(40, rel=0.01)
    assert found["eccentricity"] == pytest.approx(eccentricity, rel=0.01)
    assert found["orientation"] == pytest.approx(angle, abs=0.02)


def test_flat_sides_are_right_within_what_is_said():
    labels = np.zeros((60, 60, 60), np.uint8)
    labels[10:50, 10:50, 10:50] = 1
    assert 0.9 < row(labels, axes="zyx")["surface"] / (6 * 40**2) < 0.93
    assert 0.94 < row(labels[30])["perimeter"] / (4 * 40) < 0.96


def test_a_box_of_anisotropic_voxels():
    labels = np.zeros((12, 30, 40), np.uint16)
    labels[2:7, 5:25, 10:34] = 4
    found = row(labels, axes="zyx", scale={"z": 2.0, "y": 0.5, "x": 0.25})
    assert found["object"] == 4
    assert found["volume"] == pytest.approx(10 * 10 * 6)
    assert 0.75 < found["surface"] / (2 * (100 + 60 + 60)) < 1
    assert [found[n] for n in ("front", "top", "left", "back", "bottom", "right")] == [
        *(2, 5, 10, 7, 25, 34)
    ]
    assert [found[n] for n in "zyx"] == pytest.approx([8, 7.25, 21.5 * 0.25])
    assert [found[n] for n in ("plane", "row", "col")] == pytest.approx([4, 14.5, 21.5])
    assert found["solidity"] > 0.9


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2.0, 0.7, 0.7), (3.0, 0.5, 0.5)])
def test_a_ball(ellipsoid, spacing):
    found = row(
        ellipsoid((15, 15, 15), spacing),
        axes="zyx",
        scale=dict(zip("zyx", spacing, strict=True)),
    )
    assert found["volume"] == pytest.approx(4 / 3 * pi * 15**3, rel=0.01)
    assert found["surface"] == pytest.approx(4 * pi * 15**2, rel=0.02)
    assert found["equivalent_diameter"] == pytest.approx(30, rel=0.01)
    for axis in ("major", "middle", "minor"):
        assert found[f"axis_{axis}_length"] == pytest.approx(30, rel=0.02)


def test_the_axes_of_an_ellipsoid(ellipsoid):
    found = row(ellipsoid((8, 24, 14), angle=0.5), axes="zyx")
    lengths = [found[f"axis_{n}_length"] for n in ("major", "middle", "minor")]
    assert lengths == pytest.approx([48, 28, 16], rel=0.02)
    direction = [found[f"axis_major_{a}"] for a in "zyx"]
    assert direction == pytest.approx([0, np.cos(0.5), np.sin(0.5)], abs=0.02)


@pytest.mark.parametrize("spacing", [(1, 1), (1, 3), (1, 1, 1), (4, 1, 1), (5, 1, 2)])
def test_directions_share_the_circle_or_the_sphere(spacing):
    weights = step_weights(spacing)
    assert len(weights) == {2: 4, 3: 13}[len(spacing)]
    size = np.prod(spacing)
    shares = [
        weight * np.linalg.norm(np.multiply(direction, spacing)) / size
        for direction, weight in weights.items()
    ]
    assert sum(shares) == pytest.approx({2: pi / 2, 3: 2}[len(spacing)])
    signs = {tuple(np.sign(step)) for step in weights}
    every = set(product((-1, 0, 1), repeat=len(spacing))) - {(0,) * len(spacing)}
    assert signs | {tuple(-np.array(s)) for s in signs} == every


def blobs(seed=0, size=96, count=9):
    rng = np.random.default_rng(seed)
    at = np.moveaxis(np.indices((size, size)), 0, -1)
    middles = rng.uniform(8, size - 8, (count, 2))
    distance = np.linalg.norm(at[:, :, None] - middles, axis=-1)
    near = distance.min(-1) < rng.uniform(6, 14)
    return np.where(near, distance.argmin(-1) + 1, 0)


def test_agreement_with_regionprops():
    labels = blobs()
    names = {
        "label": "object", "num_pixels": "pixels", "area": "area",
        "centroid-0": "y", "centroid-1": "x", "solidity": "solidity",
        "axis_major_length": "axis_major_length", "orientation": "orientation",
        "axis_minor_length": "axis_minor_length", "eccentricity": "eccentricity",
        "equivalent_diameter_area": "equivalent_diameter", "bbox-0": "top",
        "bbox-1": "left", "bbox-2": "bottom", "bbox-3": "right",
    }  # fmt: skip
    properties = {name.partition("-")[0] for name in names}
    spacing = (0.5, 0.8)
    known = regionprops_table(labels, properties=sorted(properties), spacing=spacing)
    table = sam.measure(labels, scale={"y": 0.5, "x": 0.8})
    for theirs, ours in names.items():
        np.testing.assert_allclose(table[ours], known[theirs], atol=1e-9)


def test_perimeters_of_square_pixels_are_those_of_scikit_image():
    labels = blobs(3)
    table = sam.measure(labels, scale=2.0)
    for number, found in zip(table["object"], table["perimeter"], strict=True):
        mask = np.pad(labels == number, 1)
        assert found == pytest.approx(2 * perimeter_crofton(mask, directions=4))


def test_one_pixel_is_an_object():
    labels = np.zeros((3, 5, 5), int)
    labels[1, 2, 2] = 1
    for axes in ("zyx", "tyx"):
        found = row(labels, axes=axes)
        assert found["pixels"] == 1
        assert found["axis_major_length"] == 0
        assert found["solidity"] > 0
