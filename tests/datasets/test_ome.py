"""OME-Zarr images with labels."""

import numpy as np
import pytest
import zarr

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.labelled_images import read_labelled_images


def multiscale(parent, name, arrays, axes, version):
    """Write arrays as the levels of an image of OME-Zarr 0.4 or 0.5."""
    format_ = 2 if version == "0.4" else 3
    group = zarr.open_group(parent / name, mode="a", zarr_format=format_)
    for level, array in enumerate(arrays):
        chunks = (2,) * (array.ndim - 2) + (16, 16)
        stored = group.create_array(
            str(level), shape=array.shape, dtype=array.dtype, chunks=chunks
        )
        stored[:] = array
    said = {
        "axes": [{"name": a} for a in axes],
        "datasets": [{"path": str(k)} for k in range(len(arrays))],
    }
    if version == "0.4":
        group.attrs["multiscales"] = [{**said, "version": version}]
    else:
        group.attrs["ome"] = {"version": version, "multiscales": [said]}


@pytest.fixture
def volume(pixels):
    """Two times, two channels, five slices."""
    where = np.arange(20).reshape(2, 2, 5, 1, 1)
    return (pixels.astype(np.uint16) + where).astype(np.uint16)


@pytest.fixture
def marked(labels):
    """Its labels: objects at t=0 in z=3, and at t=1 in z=0."""
    marked = np.zeros((2, 1, 5, 40, 50), np.int32)
    marked[0, 0, 3] = labels
    marked[1, 0, 0] = 7 * (labels == 5)
    return marked


@pytest.fixture(params=["0.4", "0.5"])
def image(request, tmp_path, volume, marked):
    """An OME-Zarr with labels "nuclei", in two levels."""
    root, version = tmp_path / "set" / "embryo.ome.zarr", request.param
    halves = [volume, volume[..., ::2, ::2]]
    multiscale(root.parent, root.name, halves, "tczyx", version)
    halves = [marked, marked[..., ::2, ::2]]
    multiscale(root / "labels", "nuclei", halves, "tczyx", version)
    zarr.open_group(
        root / "labels", mode="a", zarr_format=2 if version == "0.4" else 3
    ).attrs["labels"] = ["nuclei"]
    return root


def test_planes_with_objects(image, volume, labels):
    for root, kind in (
        (image, image.name),
        (image / "labels" / "nuclei", image.name),
        (image.parent, "set"),
    ):
        pairs = read_labelled_images(root)
        assert [p.name for p in pairs] == ["embryo[t=0,z=3]", "embryo[t=1,z=0]"]
        assert {p.kind for p in pairs} == {kind}
        assert pairs[0].frames.axes == "cyx"
        np.testing.assert_array_equal(
            pairs[0].frames[0], volume[0, :, 3].transpose(1, 2, 0)
        )
        np.testing.assert_array_equal(pairs[0].labels, labels)
        assert pairs[1].truth.ids.tolist() == [7]


def test_pixels_stay_on_disk(image):
    pairs = read_labelled_images(image)
    assert not isinstance(pairs[0].frames.data, np.ndarray)


def test_labels_without_channels_and_times(tmp_path, volume, labels):
    root = tmp_path / "a.zarr"
    multiscale(tmp_path, "a.zarr", [volume[:1]], "tczyx", "0.5")
    stack = np.stack([0 * labels, labels, 0 * labels, 0 * labels, 0 * labels])
    multiscale(root / "labels", "cells", [stack], "zyx", "0.5")
    (pair,) = read_labelled_images(root)
    assert pair.name == "a[z=1]"
    np.testing.assert_array_equal(pair.frames[0][..., 1], volume[0, 1, 1])


def test_axes_of_labels_in_another_order(tmp_path, volume, labels):
    multiscale(tmp_path, "a.zarr", [volume], "tczyx", "0.5")
    turned = np.zeros((5, 2, 40, 50), np.uint8)
    turned[3, 1] = labels
    multiscale(tmp_path / "a.zarr" / "labels", "cells", [turned], "ztyx", "0.5")
    (pair,) = read_labelled_images(tmp_path / "a.zarr")
    np.testing.assert_array_equal(pair.frames[0][..., 0], volume[1, 0, 3])


def test_labels_of_a_plane(tmp_path, pixels, labels):
    multiscale(tmp_path, "a.zarr", [pixels], "yx", "0.4")
    multiscale(tmp_path / "a.zarr" / "labels", "cells", [labels], "yx", "0.4")
    (pair,) = read_labelled_images(tmp_path / "a.zarr")
    assert pair.name == "a"
    np.testing.assert_array_equal(pair.labels, labels)


def test_labels_of_a_coarser_level_go_with_that_level(tmp_path, pixels, labels):
    levels = [pixels, pixels[::2, ::2]]
    multiscale(tmp_path, "a.zarr", levels, "yx", "0.5")
    multiscale(tmp_path / "a.zarr/labels", "c", [labels[::2, ::2]], "yx", "0.5")
    (pair,) = read_labelled_images(tmp_path / "a.zarr")
    np.testing.assert_array_equal(pair.frames[0], levels[1])


def test_of_several_labels_one_must_be_named(image, marked):
    multiscale(image / "labels", "other", [marked], "tczyx", "0.5")
    with pytest.raises(ImageError, match=r"2 labels: nuclei, other\..*/labels/nuclei"):
        read_labelled_images(image)
    assert len(read_labelled_images(image / "labels" / "nuclei")) == 2


def test_labels_that_fit_no_level_are_refused(tmp_path, pixels, labels):
    multiscale(tmp_path, "a.zarr", [pixels], "yx", "0.5")
    multiscale(tmp_path / "a.zarr" / "labels", "c", [labels[:9]], "yx", "0.5")
    with pytest.raises(ImageError, match=r"y=9 x=50.*no level .* 0: .*y=40 x=50"):
        read_labelled_images(tmp_path / "a.zarr")


def test_labels_without_objects_or_meaning_are_refused(tmp_path, pixels, labels):
    root = tmp_path / "a.zarr"
    multiscale(tmp_path, "a.zarr", [pixels], "yx", "0.5")
    with pytest.raises(MissingFileError, match=r"expected NAME\.zarr with labels"):
        read_labelled_images(root, layout="ome-zarr")
    multiscale(root / "labels", "c", [0 * labels], "yx", "0.5")
    with pytest.raises(ImageError, match="no object in any frame"):
        read_labelled_images(root)
    zarr.open_group(root / "labels" / "c").attrs["ome"] = {}
    with pytest.raises(ImageError, match=r"labels/c is no OME-Zarr image"):
        read_labelled_images(root)
