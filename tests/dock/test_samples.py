"""Sample images: there without a network, light to open, and of the right size."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage

from napari_sam.apps.dock import samples

ALL = ("tissue", "coins", "cell", "nuclei", "dividing", "volume", "town")


@pytest.fixture(scope="module")
def opened():
    return {name: getattr(samples, name)() for name in ALL}


@pytest.mark.parametrize("name", ["ihc.png", "coins.png", "cell.png"])
def test_what_is_not_drawn_is_in_the_wheel_of_scikit_image(name):
    assert (Path(skimage.__file__).parent / "data" / name).is_file()


@pytest.mark.parametrize("name", ALL)
def test_a_sample_says_what_its_axes_and_sizes_are(opened, name):
    ((pixels, keywords, kind),) = opened[name]
    ndim = pixels.ndim - bool(keywords.get("rgb"))
    assert kind == "image"
    assert keywords["name"]
    assert all(len(keywords[k]) == ndim for k in ("scale", "units", "axis_labels"))
    assert keywords["axis_labels"][-2:] == ("y", "x")
    assert pixels.std() > 5


def test_stacks_have_their_axes_and_steps(opened):
    ((lapse, said, _),) = opened["dividing"]
    assert (lapse.ndim, said["axis_labels"]) == (3, ("t", "y", "x"))
    assert said["units"] == ("minute", "micrometer", "micrometer")
    ((volume, said, _),) = opened["volume"]
    assert (volume.ndim, said["axis_labels"]) == (3, ("z", "y", "x"))
    assert said["scale"][0] == 4 * said["scale"][1]


@pytest.mark.parametrize("name", ALL)
def test_napari_takes_a_sample_as_it_is(opened, name):
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry

    viewer = ViewerModel()
    (one,) = opened[name]
    layer = viewer.add_layer(Layer.create(*one))
    assert viewer.dims.ndim == layer.ndim
    axes = PlaneGeometry.of(layer).axes
    assert axes == "".join(one[1]["axis_labels"])
    low, high = layer.contrast_limits
    assert low < np.median(one[0]) < high


def test_opening_a_sample_loads_no_torch():
    code = (
        "import sys; from napari_sam.apps.dock import samples\n"
        f"for name in {ALL!r}: getattr(samples, name)()\n"
        "assert not {'torch', 'zarr', 'napari'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
