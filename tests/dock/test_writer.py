"""Labels saved from napari: every form, with scale and coordinates, nothing lost."""

import json

import napari
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from npe2 import PluginManager

from napari_sam.apps.dock.image_file import SOURCE
from napari_sam.apps.dock.writer import write_labels, write_several
from napari_sam.core.errors import NotWrittenError
from napari_sam.io import Image, read_image


@pytest.fixture
def objects():
    labels = np.zeros((40, 50), np.int64)
    labels[5:15, 10:30] = 1
    labels[20:35, 5:20] = 300
    return labels


@pytest.fixture
def layer(objects):
    return Labels(
        np.stack([objects, 0 * objects, objects]),
        scale=(2, 0.5, 0.5),
        units=("micrometer",) * 3,
        axis_labels=("z", "y", "x"),
        name="cells",
    )


@pytest.fixture(autouse=True)
def plugins():
    """napari knows our manifest."""
    PluginManager.instance().discover()


def saved(layer, path):
    data, attributes, _ = layer.as_layer_data_tuple()
    return write_labels(str(path), data, attributes)


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif", "a.zarr"])
def test_pixels_keep_their_sizes(tmp_path, layer, name):
    path = tmp_path / name
    assert saved(layer, path) == [str(path)]
    found = read_image(path)
    np.testing.assert_array_equal(np.asarray(found.data[...]), layer.data)
    assert found.axes == "zyx"
    assert found.scale == pytest.approx({"z": 2, "y": 0.5, "x": 0.5})
    assert set(found.units.values()) == {"micrometer"}


@pytest.mark.parametrize("name", ["a.geojson", "a.json"])
def test_outlines_and_masks_are_written(tmp_path, objects, name):
    saved(Labels(objects), tmp_path / name)
    found = json.loads((tmp_path / name).read_text())
    assert len(found["features" if name == "a.geojson" else "annotations"]) == 2


@pytest.mark.parametrize("name", ["a.tif", "a.zarr", "a.geojson", "a.gpkg", "a.json"])
def test_napari_saves_through_us_by_the_end_of_the_name(tmp_path, objects, name):
    viewer = ViewerModel()
    viewer.add_labels(objects)
    path = tmp_path / name
    assert viewer.layers.save(str(path), plugin="napari-sam") == [str(path)]
    assert path.exists()


def raster(objects):
    return Image(
        data=objects,
        axes="yx",
        crs="EPSG:32633",
        transform=(0.5, 0, 5e5, 0, -0.5, 4e6),
        path="town.tif",
    )


def test_labels_read_on_a_raster_keep_its_coordinates(tmp_path, objects):
    labels = Labels(objects, metadata={SOURCE: raster(objects)})
    saved(labels, tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif").crs == "EPSG:32633"
    assert read_image(tmp_path / "a.tif").transform == (0.5, 0, 5e5, 0, -0.5, 4e6)


def test_labels_drawn_on_the_raster_that_is_open_have_its_coordinates(
    tmp_path, objects, monkeypatch
):
    viewer = ViewerModel()
    viewer.add_image(objects, metadata={SOURCE: raster(objects)})
    monkeypatch.setattr(napari, "current_viewer", lambda: viewer)
    saved(Labels(objects), tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif").crs == "EPSG:32633"
    saved(Labels(objects[:30]), tmp_path / "other.tif")
    assert read_image(tmp_path / "other.tif").crs is None


@pytest.mark.parametrize("name", ["a.tif", "a.zarr"])
def test_what_was_there_is_kept_under_another_name(
    tmp_path, layer, objects, name, monkeypatch
):
    told = []
    monkeypatch.setattr("napari.utils.notifications.show_info", told.append)
    path = tmp_path / name
    saved(Labels(objects), path)
    saved(layer, path)
    saved(layer, path)
    assert read_image(path).data.shape == (3, 40, 50)
    first = path.with_name(name.replace("a.", "a (before 1)."))
    np.testing.assert_array_equal(np.asarray(read_image(first).data[...]), objects)
    assert len(told) == 2
    assert first.name in told[0]


def test_what_was_there_stays_if_nothing_is_written(tmp_path, objects):
    path = tmp_path / "a.png"
    saved(Labels(np.minimum(objects, 200).astype(np.uint8)), path)
    before = path.read_bytes()
    with pytest.raises(NotWrittenError, match="65535"):
        saved(Labels(objects * 1000), path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert path.read_bytes() == before


def test_an_error_is_one_that_napari_does_not_hide(tmp_path, objects):
    viewer = ViewerModel()
    viewer.add_labels(np.zeros((3, 40, 50), np.uint8))
    with pytest.raises(NotWrittenError, match="axis_labels") as caught:
        viewer.layers.save(str(tmp_path / "a.tif"), plugin="napari-sam")
    assert not isinstance(caught.value, ValueError)


def test_several_layers_are_several_files(tmp_path, objects):
    viewer = ViewerModel()
    viewer.add_labels(objects, name="cells")
    viewer.add_labels(objects * 2, name="SAM labels [1]")
    paths = viewer.layers.save(str(tmp_path / "a.tif"), plugin="napari-sam")
    names = ["a-cells.tif", "a-SAM labels _1_.tif"]
    assert paths == [str(tmp_path / name) for name in names]
    found = np.asarray(read_image(tmp_path / names[1]).data)
    np.testing.assert_array_equal(found, objects * 2)


def test_several_layers_of_one_name_are_refused(tmp_path, objects):
    layers = [Labels(objects, name=n).as_layer_data_tuple() for n in ("a b", "a b")]
    with pytest.raises(NotWrittenError, match="one name"):
        write_several(str(tmp_path / "x.tif"), layers)


def test_levels_are_written_from_the_finest(tmp_path, objects):
    layer = Labels([objects, objects[::2, ::2]], multiscale=True)
    saved(layer, tmp_path / "a.tif")
    np.testing.assert_array_equal(
        np.asarray(read_image(tmp_path / "a.tif").data), objects
    )
