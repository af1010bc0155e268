"""Rasters: coordinates go in and come out."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, MissingPackageError, PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.appearance import Appearance
from napari_sam.core.prompts.items import Box, Point, Polygon
from napari_sam.io import (
    optional_packages,
    read_image,
    read_prompts,
    read_prompts_on,
    write_labels,
)
from napari_sam.io.geo_transform import reprojected, to_corners, to_map

rasterio = pytest.importorskip("rasterio")

#: 10 m pixels in UTM 33N, north up; 600 x 500 pixels.
UTM = (10.0, 0.0, 500_000.0, 0.0, -10.0, 5_200_000.0)
ALBERS = "+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0=-96 +datum=WGS84 +units=m"


def write_raster(path, pixels, crs="EPSG:32633", transform=UTM, **options):
    count, rows, cols = pixels.shape
    shape = {"count": count, "height": rows, "width": cols, "dtype": pixels.dtype.name}
    options = {"tiled": True, "blockxsize": 64, "blockysize": 64, **options}
    place = rasterio.Affine(*transform)
    with rasterio.open(
        path, "w", driver="GTiff", crs=crs, transform=place, **shape, **options
    ) as out:
        out.write(pixels)
    return path


@pytest.fixture
def bands(tmp_path):
    """Four bands of 16 bits, some of it never measured, with overviews."""
    pixels = np.random.default_rng(0).integers(1, 3000, (4, 300, 260)).astype("u2")
    pixels[:, :40] = 0
    path = write_raster(tmp_path / "a.tif", pixels, nodata=0, compress="deflate")
    with rasterio.open(path, "r+") as out:
        out.build_overviews([2, 4])
        out.set_band_description(4, "nir")
    return path, pixels


@pytest.fixture
def labels():
    """600 x 500: a square, and a ring with something in it."""
    labels = np.zeros((600, 500), np.uint16)
    labels[100:140, 200:260] = 3
    labels[300:400, 50:150] = 7
    labels[330:370, 80:120] = 0
    labels[345:355, 95:105] = 700
    return labels


def test_a_raster_says_where_it_is_and_what_was_not_measured(bands):
    path, pixels = bands
    found = read_image(path)
    assert (found.axes, found.crs, found.nodata) == ("cyx", "EPSG:32633", 0)
    assert found.transform == UTM
    assert (found.scale, found.units["y"]) == ({"y": 10.0, "x": 10.0}, "meter")
    assert found.channel_names == ("band 0", "band 1", "band 2", "nir")
    assert [level.shape for level in found.frames.levels] == [
        (4, 150, 130),
        (4, 75, 65),
    ]
    np.testing.assert_array_equal(found.data, pixels)
    with rasterio.open(path, overview_level=1) as coarse:
        np.testing.assert_array_equal(found.levels[1], coarse.read())


def test_only_a_window_is_read_and_by_many_threads(bands, monkeypatch):
    path, pixels = bands
    frames = read_image(path).frames
    region = Region(100, 120, 130, 170)
    expected = pixels[:, 100:130, 120:170].transpose(1, 2, 0)

    def same(_):
        return np.array_equal(frames.read(0, region), expected)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(same, range(64)))
    assert frames.data._read._idle.qsize() <= 8
    np.testing.assert_array_equal(frames.data[1:3, 7, ::-50], pixels[1:3, 7, ::-50])


def test_an_index_of_bands_ignores_what_was_not_measured(bands):
    path, _ = bands
    frames = read_image(path).frames
    look = Appearance.fit(frames, index=(3, 2))
    ((low, high),) = look.limits
    assert -1 < low < -0.8 < 0.8 < high < 1
    assert look.render(frames[0])[:40].max() == 0


def test_red_green_and_blue_are_the_last_axis(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (3, 70, 80), dtype=np.uint8)
    path = write_raster(tmp_path / "a.tif", pixels, photometric="rgb")
    found = read_image(path)
    assert found.axes == "yxc"
    shown = Appearance.fit(found.frames).render(found.frames[0])
    np.testing.assert_array_equal(shown, pixels.transpose(1, 2, 0))


def test_without_rasterio_the_command_is_named(bands, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(optional_packages, "import_module", absent)
    with pytest.raises(MissingPackageError, match="pip install rasterio"):
        read_image(bands[0])


def test_places_come_back():
    turned = (3.0, 1.0, 500.0, 0.5, -2.0, 900.0)
    corners = np.array([[0, 0], [3.5, 9], [100, 2]])
    for transform in (UTM, turned, None):
        there = to_map(corners, transform)
        np.testing.assert_allclose(to_corners(there, transform), corners, atol=1e-9)
    assert to_map([[2, 5]], UTM).tolist() == [[500_050.0, 5_199_980.0]]
    with pytest.raises(ImageError, match="no inverse"):
        to_corners(corners, (0.0,) * 6)


@pytest.mark.parametrize("crs", ["EPSG:32633", ALBERS])
def test_labels_keep_the_grid_of_their_raster(tmp_path, labels, crs):
    image = read_image(write_raster(tmp_path / "a.tif", labels[None], crs=crs))
    write_labels(tmp_path / "labels.tif", labels, like=image)
    found = read_image(tmp_path / "labels.tif")
    assert (found.crs, found.transform) == (image.crs, image.transform)
    assert found.nodata == 0
    np.testing.assert_array_equal(found.data, labels)
    with pytest.raises(ImageError, match="one frame"):
        write_labels(tmp_path / "b.tif", np.stack([labels] * 2), axes="tyx", like=image)


def rings_of(feature):
    shape = feature["geometry"]
    return (
        [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    )


@pytest.mark.parametrize("crs", ["EPSG:32633", ALBERS])
def test_geojson_is_longitude_and_latitude(tmp_path, labels, crs):
    image = read_image(write_raster(tmp_path / "a.tif", labels[None], crs=crs))
    write_labels(tmp_path / "a.geojson", labels, like=image)
    content = json.loads((tmp_path / "a.geojson").read_text())
    assert "crs" not in content
    features = {f["properties"]["id"]: f for f in content["features"]}
    assert sorted(features) == [3, 7, 700]
    ((shell,),) = rings_of(features[3])
    back = reprojected(np.array(shell), "OGC:CRS84", image.crs)
    corners = to_corners(back, image.transform)
    expected = {(100, 200), (100, 260), (140, 200), (140, 260)}
    assert {tuple(c) for c in corners.round(3).tolist()} == expected
    x, y = np.array(shell).T
    assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) > 0, "the right-hand rule"
    ((outer, hole),) = rings_of(features[7])
    x, y = np.array(hole).T
    assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) < 0
    assert len(outer) == len(hole) == 5


def test_a_geopackage_has_the_reference_system_of_the_raster(tmp_path, labels):
    geopandas = pytest.importorskip("geopandas")
    image = read_image(write_raster(tmp_path / "a.tif", labels[None]))
    write_labels(tmp_path / "a.gpkg", labels, like=image)
    table = geopandas.read_file(tmp_path / "a.gpkg", layer="labels")
    assert table.crs.to_epsg() == 32633
    assert table.geometry.is_valid.all()
    areas = dict(zip(table["id"], table.geometry.area, strict=True))
    assert areas == {n: (labels == n).sum() * 100.0 for n in (3, 7, 700)}
    with pytest.raises(ImageError, match="there already"):
        write_labels(tmp_path / "a.gpkg", labels, like=image)
    said = read_prompts(tmp_path / "a.gpkg", image=image)
    assert said[Address(0, 3)].items == (Box(100, 200, 140, 260),)


@pytest.fixture
def image(tmp_path, labels):
    return read_image(write_raster(tmp_path / "image.tif", labels[None]))


def feature(kind, coordinates, **properties):
    shape = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": shape}


def save(path, *features, **more):
    content = {"type": "FeatureCollection", "features": features, **more}
    path.write_text(json.dumps(content))
    return path


def lon_lat(*corners):
    points = to_map(corners, UTM)
    return reprojected(points, "EPSG:32633", "OGC:CRS84").tolist()


def test_points_in_longitude_and_latitude_are_pixels(tmp_path, image):
    on, off, other = lon_lat((100.5, 200.5), (20.5, 30.5), (599.5, 499.5))
    path = save(
        tmp_path / "p.geojson",
        feature("Point", on, object=4),
        feature("Point", off, object=4, positive=False),
        feature("MultiPoint", [other]),
        feature("Point", [2.35, 48.85]),
    )
    found = read_prompts_on(path, image)
    assert found.outside == 1
    first, second = found.prompts[Address(0, 4)].items
    np.testing.assert_allclose((first.row, first.col), (100, 200), atol=1e-3)
    np.testing.assert_allclose((second.row, second.col), (20, 30), atol=1e-3)
    assert (first.positive, second.positive) == (True, False)
    assert Address(0, 3) in found.prompts
    assert read_prompts(path, image=image) == found.prompts


@pytest.mark.parametrize("form", ["box", "point", "mask"])
def test_polygons_are_boxes_points_or_outlines(tmp_path, image, labels, form):
    write_labels(tmp_path / "l.geojson", labels, like=image)
    said = read_prompts(tmp_path / "l.geojson", image=image, form=form)
    assert [at.object_id for at in said] == [3, 7, 700]
    (ring,) = said[Address(0, 7)].items
    if form == "box":
        assert ring == Box(300, 50, 400, 150)
    elif form == "point":
        assert isinstance(ring, Point)
        assert 300 <= ring.row < 400
    else:
        assert isinstance(ring, Polygon)
        assert len(ring.vertices) == 4


def test_other_reference_systems_are_honoured(tmp_path, image):
    place = to_map([(100.5, 200.5)], UTM)
    web = reprojected(place, "EPSG:32633", "EPSG:3857").tolist()[0]
    name = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    wrong = {"type": "name", "properties": {"name": "EPSG:4326"}}
    said = [
        read_prompts(save(tmp_path / "a.geojson", feature("Point", web), crs=name),
                     image=image),
        read_prompts(save(tmp_path / "b.geojson", feature("Point", web)),
                     image=image, crs="EPSG:3857"),
        read_prompts(save(tmp_path / "c.geojson", feature("Point", place.tolist()[0])),
                     image=image, crs="EPSG:32633"),
        read_prompts(save(tmp_path / "d.geojson", feature("Point", web), crs=wrong),
                     image=image, crs="EPSG:3857"),
    ]  # fmt: skip
    for one in said:
        (point,) = one[Address(0, 1)].items
        np.testing.assert_allclose((point.row, point.col), (100, 200), atol=1e-3)


def test_without_coordinates_features_are_in_pixels(tmp_path, labels):
    write_labels(tmp_path / "plain.tif", labels)
    image = read_image(tmp_path / "plain.tif")
    path = save(tmp_path / "p.geojson", feature("Point", [200.5, 100.5], frame=0))
    assert read_prompts(path, image=image)[Address(0, 1)].items == (Point(100, 200),)
    write_labels(tmp_path / "l.geojson", labels)
    said = read_prompts(tmp_path / "l.geojson", image=image)
    assert said[Address(0, 3)].items == (Box(100, 200, 140, 260),)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("not json", "is not JSON"),
        ('{"type": "FeatureCollection"}', "no GeoJSON"),
        ('{"features": []}', "holds no features"),
        (
            '{"features": [{"geometry": {"type": "Point"}}]}',
            "feature 1 cannot be under",
        ),
        ('{"features": [{"geometry": null}]}', "none of its 1 features lies on"),
        (
            '{"features": [{"geometry": {"type": "Point", "coordinates": [5e5, 5]}}]}',
            "no longitude and latitude",
        ),
        (
            '{"features": [{"geometry": {"type": "Point", "coordinates": [2, 48]}}]}',
            "none of its 1 features lies on the image",
        ),
    ],
)
def test_files_that_cannot_be_understood_say_why(tmp_path, image, content, match):
    (tmp_path / "p.geojson").write_text(content)
    with pytest.raises(PromptError, match=match):
        read_prompts(tmp_path / "p.geojson", image=image)


def test_places_need_an_image(tmp_path):
    path = save(tmp_path / "p.geojson", feature("Point", [2, 48]))
    with pytest.raises(PromptError, match="image="):
        read_prompts(path)
