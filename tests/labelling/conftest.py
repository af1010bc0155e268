"""A folder of images of small squares and long bars, and a model that finds them."""

import numpy as np
import pytest
import tifffile

import napari_sam as sam
from napari_sam.testing import InstanceThresholdBackend

#: Of each image: squares are the first four, bars the others.
PLACES = [(4, 4), (4, 24), (4, 44), (20, 4), (34, 4), (44, 4), (54, 4)]


def scene(shift=0):
    """Four squares of 36 pixels, and three bars of 200, numbered as they are found."""
    pixels, labels = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8)
    for k, (row, col) in enumerate(PLACES):
        height, width = (6, 6) if k < 4 else (5, 40)
        labels[row : row + height, col + shift : col + shift + width] = k + 1
    pixels[labels > 0] = 200
    return pixels, labels


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for k, name in enumerate("abc"):
        tifffile.imwrite(folder / f"{name}.tif", scene(k)[0])
    return folder


@pytest.fixture
def backend():
    return InstanceThresholdBackend()


@pytest.fixture
def classes():
    """One example of each."""
    return {"square": [sam.Prompts.point(7, 7)], "bar": [sam.Region(34, 4, 39, 44)]}


@pytest.fixture
def dataset(images, tmp_path, backend, classes):
    return sam.label(images, tmp_path / "out", classes, on="a.tif", model=backend)
