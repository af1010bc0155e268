"""Files opened in napari: OME-Zarr with labels, rasters, stacks, prompts."""

from pathlib import Path

import napari
import numpy as np
import pytest
import tifffile
import zarr
from napari.components import ViewerModel

from napari_sam.apps.dock import prompts_file, reader
from napari_sam.apps.dock.image_file import SOURCE, image_layers
from napari_sam.apps.dock.plane_geometry import PlaneGeometry
from napari_sam.core.errors import NapariSamError, PromptError
from napari_sam.io import Image, read_image, write_labels
from napari_sam.io.readers.lazy import FileArray

AXES = "czyx"
KINDS = {"c": "channel"}


def write_ome(path, version):
    """Two channels, three planes of 64 x 96, two levels, and labels of one object."""
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    pixels = np.arange(2 * 3 * 64 * 96, dtype=np.uint16).reshape(2, 3, 64, 96)
    levels = []
    for k in range(2):
        array = pixels[..., :: 2**k, :: 2**k]
        group.create_array(str(k), data=array, chunks=(1, 1, 32, 32))
        scale = [1.0, 2.0, 0.5 * 2**k, 0.5 * 2**k]
        steps = [{"type": "scale", "scale": scale}]
        levels.append({"path": str(k), "coordinateTransformations": steps})
    axes = [
        {"name": a, "type": KINDS.get(a, "space")}
        | ({} if a == "c" else {"unit": "micrometer"})
        for a in AXES
    ]
    window = {"start": 5, "end": 900}
    channels = [{"label": "DNA", "color": "0000FF", "window": window}, {"label": "GFP"}]
    said = {
        "multiscales": [{"axes": axes, "datasets": levels, "version": version}],
        "omero": {"channels": channels},
    }
    group.attrs.update(said if version == "0.4" else {"ome": said})
    labels = np.zeros((3, 64, 96), np.uint8)
    labels[1, 10:20, 30:50] = 7
    write_labels(path / "labels" / "cells", labels, like=read_image(path))
    return pixels, labels


def opened(path):
    viewer = ViewerModel()
    return viewer, reader.add_image(viewer, path)


@pytest.fixture(params=["0.4", "0.5"])
def ome(request, tmp_path):
    path = tmp_path / "cells.ome.zarr"
    return path, *write_ome(path, request.param)


def test_ome_zarr_opens_with_its_channels_and_labels(ome):
    path, pixels, labels = ome
    _, (dna, gfp, cells) = opened(path)
    assert [dna.name, gfp.name, cells.name] == ["cells: DNA", "cells: GFP", "cells"]
    assert dna.multiscale
    assert [tuple(level.shape) for level in dna.data] == [(3, 64, 96), (3, 32, 48)]
    np.testing.assert_array_equal(np.asarray(gfp.data[0][1]), pixels[1, 1])
    np.testing.assert_array_equal(cells.data, labels)
    assert dna.contrast_limits == [5, 900]


def test_layers_of_a_file_lie_where_it_says(ome):
    for layer in opened(ome[0])[1]:
        np.testing.assert_allclose(layer.scale, (2, 0.5, 0.5))
        assert layer.axis_labels == ("z", "y", "x")
        assert {str(unit) for unit in layer.units} == {"micrometer"}


def test_labels_are_copied_so_that_a_stroke_does_not_reach_the_file(ome):
    path, _, labels = ome
    *_, cells = opened(path)[1]
    cells.data_setitem((np.array([0]), np.array([0]), np.array([0])), 3)
    assert read_image(path / "labels" / "cells").data[0, 0, 0] == 0
    assert labels[0, 0, 0] == 0


@pytest.mark.parametrize("inside", ["labels", "labels/cells"])
def test_labels_open_without_their_image(ome, inside):
    _, (layer,) = opened(ome[0] / inside)
    np.testing.assert_array_equal(layer.data, ome[2])
    np.testing.assert_allclose(layer.scale, (2, 0.5, 0.5))


@pytest.mark.parametrize("plugin", [None, "napari-sam"])
def test_napari_finds_the_reader_by_the_name_of_the_file(ome, plugin):
    from npe2 import PluginManager, io_utils

    PluginManager.instance().discover()
    path = str(ome[0])
    names = {
        r.plugin_name for r in PluginManager.instance().iter_compatible_readers([path])
    }
    assert "napari-sam" in names
    if plugin:
        found = io_utils.read([path], plugin_name=plugin, stack=False)
        assert [kind for *_, kind in found] == ["image", "image", "labels"]


def test_a_tiff_is_left_to_napari_unless_somebody_asks():
    """Two readers for one name make napari ask, and scripts fail."""
    from npe2 import PluginManager

    PluginManager.instance().discover()
    for name in ("a.tif", "a.ome.tiff", "a.png", "a.csv", "a.json"):
        found = PluginManager.instance().iter_compatible_readers([name])
        assert "napari-sam" not in {r.plugin_name for r in found}, name


def test_several_files_are_left_to_napari():
    assert reader.image_reader(["a.zarr", "b.zarr"]) is None
    assert reader.prompts_reader(["a.geojson", "b.geojson"]) is None


def test_only_what_is_drawn_is_read():
    read = []

    def pixels(bounds):
        read.append(bounds)
        return np.zeros([stop - start for start, stop in bounds], np.uint16)

    data = FileArray(None, (2, 50, 4096, 4096), np.uint16, pixels)
    viewer = ViewerModel()
    for one in image_layers(Image(data=data, axes="czyx"), "stack"):
        viewer.add_layer(napari.layers.Layer.create(*one))
    viewer.dims.set_point(0, 30)
    planes = {(b[0][0], z) for b in read for z in range(*b[1])}
    most = max(np.prod([stop - start for start, stop in b]) for b in read)
    assert {(0, 30), (1, 30)} <= planes
    assert len(planes) <= 8
    assert most <= 4096 * 4096


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif"])
@pytest.mark.parametrize("units", [{}, dict.fromkeys("zyx", "micrometer")])
@pytest.mark.parametrize("largest", [5, 70000])
def test_tiffs_that_we_saved_open_as_labels_with_their_scale(
    tmp_path, name, units, largest
):
    labels = np.zeros((3, 40, 50), np.uint32)
    labels[1, 3:9, 4:8] = largest
    scale = {"z": 2.0, "y": 0.5, "x": 0.25}
    like = Image(data=labels, axes="zyx", scale=scale, units=units)
    write_labels(tmp_path / name, labels, like=like)
    _, (layer,) = opened(tmp_path / name)
    assert isinstance(layer, napari.layers.Labels)
    np.testing.assert_array_equal(layer.data, labels)
    np.testing.assert_allclose(layer.scale, (2, 0.5, 0.25))
    assert layer.axis_labels == ("z", "y", "x")


def test_a_tiff_of_somebody_else_opens_as_an_image(tmp_path):
    tifffile.imwrite(tmp_path / "a-labels.tif", np.ones((20, 30), np.uint8))
    _, (layer,) = opened(tmp_path / "a-labels.tif")
    assert isinstance(layer, napari.layers.Image)


def write_raster(path, bands, crs="EPSG:32633", **options):
    rasterio = pytest.importorskip("rasterio")
    count, height, width = bands.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width,
        dtype=bands.dtype, crs=crs, tiled=True, blockxsize=128, blockysize=128,
        transform=rasterio.Affine(0.5, 0, 5e5, 0, -0.5, 4e6), **options,
    ) as out:  # fmt: skip
        out.write(bands)
        out.build_overviews([2, 4])


def test_a_raster_keeps_its_levels_bands_and_coordinates(tmp_path):
    bands = np.arange(4 * 512 * 640).reshape(4, 512, 640).astype(np.uint16)
    write_raster(tmp_path / "fields.tif", bands)
    _, layers = opened(tmp_path / "fields.tif")
    assert len(layers) == 4
    assert [len(layer.data) for layer in layers] == [3] * 4
    assert [layer.visible for layer in layers] == [True, False, False, False]
    np.testing.assert_array_equal(layers[2].data[0][5:9, 7], bands[2, 5:9, 7])
    assert layers[0].metadata[SOURCE].crs == "EPSG:32633"
    np.testing.assert_allclose(layers[0].scale, (0.5, 0.5))
    assert [str(unit) for unit in layers[0].units] == ["meter", "meter"]


def test_colours_of_a_raster_are_one_layer(tmp_path):
    bands = np.full((3, 128, 128), 90, np.uint8)
    write_raster(tmp_path / "town.tif", bands, photometric="RGB")
    _, (layer,) = opened(tmp_path / "town.tif")
    assert layer.rgb
    assert PlaneGeometry.of(layer).axes == "yx"


def test_a_stack_that_names_no_axes_opens_without_names(tmp_path):
    pixels = np.arange(3 * 20 * 30, dtype=np.uint16).reshape(3, 20, 30)
    tifffile.imwrite(
        tmp_path / "plain.tif", pixels, metadata=None, photometric="minisblack"
    )
    _, (layer,) = opened(tmp_path / "plain.tif")
    np.testing.assert_array_equal(np.asarray(layer.data), pixels)
    assert layer.axis_labels == ("-3", "-2", "-1")
    assert SOURCE not in layer.metadata


def test_what_is_no_image_says_so(tmp_path):
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(NapariSamError, match=r"empty\.zarr"):
        reader.read_image_file(str(tmp_path / "empty.zarr"))


def write_csv(folder, frame=0):
    path = folder / "prompts.csv"
    path.write_text(
        "object,frame,row,col,positive,top,left,bottom,right\n"
        f"1,{frame},10,20,1,,,,\n1,{frame},15,25,0,,,,\n2,0,,,,30,40,60,70\n"
    )
    return path


def layers_of(path):
    found = {kind: (data, said) for data, said, kind in reader.read_prompts_file(path)}
    made = [napari.layers.Layer.create(d, s, k) for k, (d, s) in found.items()]
    return {type(layer).__name__: layer for layer in made}


def test_a_table_of_prompts_is_points_and_shapes(tmp_path):
    found = layers_of(str(write_csv(tmp_path)))
    np.testing.assert_array_equal(found["Points"].data, [(10, 20), (15, 25)])
    assert found["Points"].features["positive"].tolist() == [True, False]
    assert [str(s) for s in found["Points"].symbol] == ["disc", "cross"]
    (box,) = found["Shapes"].data
    np.testing.assert_array_equal(box.min(0), (29.5, 39.5))
    np.testing.assert_array_equal(box.max(0), (59.5, 69.5))
    assert found["Shapes"].features["object"].tolist() == [2]


def test_prompts_of_frames_have_a_third_coordinate(tmp_path):
    found = layers_of(str(write_csv(tmp_path, frame=4)))
    np.testing.assert_array_equal(found["Points"].data, [(4, 10, 20), (4, 15, 25)])


@pytest.fixture
def front(monkeypatch):
    """A viewer in front with a stack of five planes."""
    viewer = ViewerModel()
    viewer.add_image(
        np.zeros((5, 80, 90), np.uint8), scale=(3, 2, 2), axis_labels=("z", "y", "x")
    )
    monkeypatch.setattr(napari, "current_viewer", lambda: viewer)
    return viewer


def test_prompts_lie_on_the_image_that_is_open(tmp_path, front):
    found = layers_of(str(write_csv(tmp_path, frame=4)))
    np.testing.assert_array_equal(found["Points"].scale, front.layers[0].scale)
    np.testing.assert_array_equal(found["Points"].data[0], (4, 10, 20))


def test_prompts_of_another_image_are_refused(tmp_path, front):
    with pytest.raises(PromptError, match="frame 7"):
        layers_of(str(write_csv(tmp_path, frame=7)))


def test_outlines_of_a_gis_are_put_on_the_image(tmp_path, front):
    path = tmp_path / "roofs.geojson"
    path.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties":'
        '{"id": 5}, "geometry": {"type": "Polygon", "coordinates":'
        "[[[5, 5], [50, 5], [50, 40], [5, 5]]]}}]}"
    )
    shapes = layers_of(str(path))["Shapes"]
    np.testing.assert_array_equal(
        shapes.data[0], [(0, 4.5, 4.5), (0, 4.5, 49.5), (0, 39.5, 49.5)]
    )
    assert shapes.shape_type == ["polygon"]
    assert shapes.features["object"].tolist() == [5]


def test_outlines_of_a_gis_need_an_image(tmp_path):
    Path(tmp_path / "roofs.geojson").write_text('{"features": []}')
    with pytest.raises(PromptError, match="open the image first"):
        prompts_file.read_prompt_layers(tmp_path / "roofs.geojson")


def test_a_table_of_somebody_else_is_not_read(tmp_path):
    (tmp_path / "prompts.csv").write_text("index,axis-0,axis-1\n0,1,2\n")
    assert reader.prompts_reader(str(tmp_path / "prompts.csv")) is None
