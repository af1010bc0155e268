import numpy as np
import pytest
import zarr

import napari_sam as sam
from napari_sam.io import label_array, read_image, write_labels
from napari_sam.io.sparse_array import SparseArray


@pytest.fixture
def array():
    return SparseArray(zarr.zeros(shape=(3, 40, 60), chunks=(1, 10, 20), dtype="u4"))


@pytest.mark.parametrize(
    "index",
    [
        (1, slice(12, 18), slice(25, 30)),
        (slice(1, 2), slice(12, 18), slice(-35, -30)),
        (-2, slice(10, 20), slice(20, 40)),
    ],
)
def test_it_knows_where_something_was_written(array, index):
    array[index] = 7
    assert array.touches((1, slice(19, 21), slice(20, 41)))
    assert array.touches((Ellipsis, slice(0, 40), slice(0, 60)))
    for elsewhere in (
        (0, slice(0, 40), slice(0, 60)),
        (1, slice(0, 10), slice(0, 60)),
        (1, slice(10, 20), slice(40, 60)),
        (1, slice(12, 12), slice(25, 30)),
    ):
        assert not array.touches(elsewhere)
    assert (array[index] == 7).all()


def test_only_what_was_painted_is_read_again(tmp_path, monkeypatch):
    frames = sam.Frames(np.broadcast_to(np.uint8(0), (1, 30_000, 30_000)), "tyx")
    reads = []
    read = SparseArray.__getitem__
    monkeypatch.setattr(
        SparseArray, "__getitem__", lambda a, i: reads.append(i) or read(a, i)
    )
    with label_array(tmp_path / "l.zarr", frames) as canvas:
        canvas[0, 20_000:20_600, 100:105] = 300
        write_labels(tmp_path / "l.zarr", canvas, axes="tyx")
    assert len(reads) < 50
    image = read_image(tmp_path / "l.zarr")
    assert image.data.dtype == np.uint16
    assert (np.asarray(image.data[0, 20_000:20_600, 100:105]) == 300).all()
    assert not np.asarray(image.data[0, 19_500:20_000, :2000]).any()
    assert not np.asarray(image.data[0, 20_600:21_000, :2000]).any()
    coarse = np.asarray(image.levels[0][0, 10_000:10_300, 50:52])
    assert (coarse == 300).all()
