"""Labels in OME-Zarr: in an image or alone, streamed, on the image's levels."""

import numpy as np
import pytest
import zarr

from napari_sam.core.errors import ImageError
from napari_sam.io import read_image, write_labels
from napari_sam.io.writers import ome_zarr

SIZE = {"c": 1.0, "z": 2.0, "y": 0.5, "x": 0.25}


@pytest.fixture(params=["0.4", "0.5"])
def image(request, tmp_path):
    form = 2 if request.param == "0.4" else 3
    group = zarr.open_group(tmp_path / "a.ome.zarr", mode="w", zarr_format=form)
    datasets = []
    for k, by in enumerate((1, 2, 4)):
        group.create_array(str(k), data=np.zeros((2, 3, 40 // by, 48 // by), np.uint8))
        scale = [SIZE[a] * (by if a in "yx" else 1) for a in "czyx"]
        start = [0.0, 0.0, 7.0 + by / 4, 9.0]
        steps = [
            {"type": "scale", "scale": scale},
            {"type": "translation", "translation": start},
        ]
        datasets.append({"path": str(k), "coordinateTransformations": steps})
    axes = [{"name": a, "type": ome_zarr._KINDS.get(a, "space")} for a in "czyx"]
    for axis in axes[1:]:
        axis["unit"] = "micrometer"
    said = {"multiscales": [{"axes": axes, "datasets": datasets}], "kept": 1}
    group.attrs.update(said if form == 2 else {"ome": {"version": "0.5", **said}})
    return tmp_path / "a.ome.zarr"


@pytest.fixture
def labels():
    """3 x 40 x 48, blocks of 8 x 8 with numbers up to 300."""
    blocks = np.random.default_rng(0).integers(0, 300, (3, 5, 6))
    blocks[0, 0, 0] = 300
    return blocks.repeat(8, 1).repeat(8, 2)


def test_labels_in_an_image_have_its_levels_and_sizes(image, labels):
    write_labels(image / "labels" / "cells", labels, like=read_image(image))
    write_labels(image / "labels" / "more", labels, like=read_image(image))
    for name in ("cells", "more"):
        found = read_image(image / "labels" / name)
        assert found.axes == "zyx"
        assert found.data.dtype == np.uint16
        assert found.scale == {a: SIZE[a] for a in "zyx"}
        assert found.units == dict.fromkeys("zyx", "micrometer")
        assert found.translation == {"y": 7.25, "x": 9.0}
        said = ome_zarr.ome_attributes(zarr.open_group(image / "labels" / name))
        places = ome_zarr.level_transforms(said["multiscales"][0], 3)
        assert [start for _, start in places] == [
            [0, 7 + by / 4, 9] for by in (1, 2, 4)
        ]
        np.testing.assert_array_equal(found.data, labels)
        assert [level.shape for level in found.levels] == [(3, 20, 24), (3, 10, 12)]
        np.testing.assert_array_equal(found.levels[1], labels[:, ::4, ::4])
    group = zarr.open_group(image / "labels", mode="r")
    said = ome_zarr.ome_attributes(group)
    assert said["labels"] == ["cells", "more"]
    one = ome_zarr.ome_attributes(group["cells"])
    assert one["image-label"]["source"] == {"image": "../../"}
    formats = {zarr.open_group(image).metadata.zarr_format, group.metadata.zarr_format}
    assert len(formats) == 1
    assert sorted(p.name for p in (image / "labels").iterdir() if p.is_dir()) == [
        "cells",
        "more",
    ]


def test_labels_beside_their_image_lie_where_it_does(image, labels):
    write_labels(image.parent / "b.zarr", labels, like=read_image(image))
    found = read_image(image.parent / "b.zarr")
    assert found.translation == {"y": 7.25, "x": 9.0}
    assert found.scale == {a: SIZE[a] for a in "zyx"}


def test_what_we_write_is_valid_for_others(image, labels):
    yaozarrs = pytest.importorskip("yaozarrs")
    write_labels(image / "labels" / "cells", labels, like=read_image(image))
    alone = image.parent / "alone.zarr"
    write_labels(alone, labels, like=read_image(image))
    yaozarrs.validate_zarr_store(str(alone))
    yaozarrs.validate_zarr_store(str(image / "labels" / "cells"))


def test_labels_alone_are_halved_until_they_fit_a_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(ome_zarr, "_CHUNK", 16)
    labels = np.random.default_rng(0).integers(0, 9, (5, 7)).repeat(9, 0).repeat(9, 1)
    write_labels(tmp_path / "a.zarr", labels)
    found = read_image(tmp_path / "a.zarr")
    np.testing.assert_array_equal(found.data, labels)
    shapes = [level.shape for level in found.levels]
    assert shapes == [(23, 32), (12, 16)]
    places = ome_zarr.level_transforms(found.metadata["ome"]["multiscales"][0], 2)
    assert [scale for scale, _ in places] == [[1, 1], [2, 2], [4, 4]]
    assert [start for _, start in places] == [[0, 0], [0.5, 0.5], [1.5, 1.5]]
    for level in found.levels:
        assert set(np.unique(level)) <= set(np.unique(labels))
    np.testing.assert_array_equal(found.levels[0][:22, :31], labels[1:45:2, 1:63:2])


class Watched:
    """Labels too large to be read at once."""

    shape, dtype = (2, 700, 600), np.dtype("u4")

    def __init__(self):
        self.most = 0

    def __getitem__(self, where):
        parts = [range(n)[w] for n, w in zip(self.shape, where, strict=True)]
        size = np.prod([len(p) if isinstance(p, range) else 1 for p in parts])
        self.most = max(self.most, int(size))
        shape = [len(p) for p in parts if isinstance(p, range)]
        return np.full(shape, 7, np.uint32)


def test_labels_are_written_chunk_by_chunk(tmp_path):
    labels = Watched()
    write_labels(tmp_path / "a.zarr", labels, axes="tyx")
    assert labels.most <= 700 * 600
    assert (read_image(tmp_path / "a.zarr").frames[1] == 7).all()
    write_labels(tmp_path / "a.tif", labels, axes="tyx")
    assert labels.most <= 700 * 600


def test_nothing_is_replaced_unless_it_is_said(image, labels):
    where = image / "labels" / "cells"
    write_labels(where, labels, axes="zyx")
    with pytest.raises(ImageError, match="is there already"):
        write_labels(where, 0 * labels, axes="zyx")
    np.testing.assert_array_equal(read_image(where).data, labels)
    write_labels(where, 0 * labels, axes="zyx", overwrite=True)
    assert not np.asarray(read_image(where).data).any()
    assert [p for p in where.parent.iterdir() if p.name.startswith(".cells")] == []
    with pytest.raises(ImageError, match=r"is an image.*labels/NAME"):
        write_labels(image, labels, axes="zyx", overwrite=True)


def test_a_failure_leaves_nothing(tmp_path, labels, monkeypatch):
    def full(*args):
        raise OSError("No space left")

    monkeypatch.setattr(ome_zarr, "_fill", full)
    with pytest.raises(OSError, match="No space"):
        write_labels(tmp_path / "a.zarr", labels, axes="zyx")
    assert list(tmp_path.iterdir()) == []
