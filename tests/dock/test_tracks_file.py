"""Files of tracks, opened by napari through the manifest."""

from pathlib import Path

import npe2
import numpy as np
import pytest
from napari.layers import Layer

import napari_sam
from napari_sam.apps.dock import tracks_file
from napari_sam.io import Image, write_labels
from napari_sam.tracking import Edge, Segment, Tracks


def readers():
    manager = npe2.PluginManager()
    path = Path(napari_sam.__file__).with_name("napari.yaml")
    manager.register(npe2.PluginManifest.from_file(path))
    return manager


def family():
    labels = np.zeros((3, 20, 24), np.uint16)
    labels[0, 5:9, 5:13] = 1
    labels[1:, 5:9, 5:8], labels[1:, 5:9, 10:13] = 2, 3
    segments = [Segment(1, [0]), Segment(2, [1, 2]), Segment(3, [1, 2])]
    return Tracks(labels, segments, [Edge(1, 2), Edge(1, 3)])


@pytest.mark.parametrize("name", ["01_RES", "t.zarr", "t.geff", "t.xml"])
def test_labels_and_paths_with_their_lineage_are_layers(tmp_path, name):
    tracks = family()
    sizes = {"t": 60.0, "y": 0.5, "x": 0.25}
    units = {"t": "second", "y": "micrometer", "x": "micrometer"}
    like = Image(data=np.zeros((3, 20, 24)), axes="tyx", scale=sizes, units=units)
    tracks.save(tmp_path / name, like=like)
    path = str(tmp_path / name)
    first = next(iter(readers().iter_compatible_readers(path)))
    assert first.command == "napari-sam.read_tracks"
    found = tracks_file.tracks_reader(path)(path)
    labels, paths = (Layer.create(*one) for one in found)
    assert np.array_equal(labels.data, tracks.labels)
    assert np.array_equal(paths.data, tracks.to_napari().data)
    assert paths.graph == {2: [1], 3: [1]}
    assert paths.scale.tolist() == labels.scale.tolist()
    if name != "01_RES":
        assert labels.scale.tolist() == [60, 0.5, 0.25]


def test_what_holds_no_tracks_is_left_to_others(tmp_path):
    path = tmp_path / "image.zarr"
    write_labels(path, np.ones((8, 8), np.uint8))
    other = tmp_path / "other.xml"
    other.write_text("<OME/>")
    for one in (path, other, tmp_path, tmp_path / "missing.xml"):
        assert tracks_file.tracks_reader(str(one)) is None
    assert tracks_file.tracks_reader([str(path)]) is None
