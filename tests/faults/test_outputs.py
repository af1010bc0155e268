"""What is written of masks: whole, with what is known of them, within memory."""

import json
import tracemalloc

import numpy as np
import pytest
import zarr

from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, NotWrittenError
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.frames import Frames
from napari_sam.core.mask import Mask
from napari_sam.io import (
    Image,
    check_labels_fit,
    check_labels_path,
    read_image,
    read_prompts_on,
    write_labels,
    write_objects,
)
from napari_sam.io.settings import SaveSettings
from napari_sam.io.writers.outlines import outlines, outlines_of_plane
from napari_sam.jobs import save_masks
from napari_sam.jobs.segment_jobs import MaskResult

#: 10 m pixels in UTM 33N, north up.
UTM = (10.0, 0.0, 500_000.0, 0.0, -10.0, 5_200_000.0)
VECTORS = ["geojson", "gpkg", "shp", "fgb", "parquet", "kml"]


def image(shape=(60, 80), **more):
    axes = "tyx"[-len(shape) :]
    return Image(data=np.zeros(shape, np.uint8), axes=axes, **more)


def raster():
    pytest.importorskip("rasterio")
    return image(crs="EPSG:32633", transform=UTM)


def result(number, top, left, bottom, right, *, frame=0, score=0.75):
    pixels = Mask.from_array(np.ones((bottom - top, right - left)), top=top, left=left)
    return MaskResult(Address(frame, number), pixels, score, complete=True)


#: 1 lies wholly under 3, a part of 2 as well.
OVERLAPPING = {r.at: r for r in (result(1, 12, 12, 16, 16), result(2, 0, 0, 20, 11),
                                 result(3, 10, 10, 20, 30))}  # fmt: skip


def features(path):
    return {f["id"]: f for f in json.loads(path.read_text())["features"]}


@pytest.mark.parametrize("suffix", VECTORS)
def test_vectors_keep_overlapping_objects_scores_areas_and_columns(tmp_path, suffix):
    geopandas = pytest.importorskip("geopandas")
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    path, columns = tmp_path / f"a.{suffix}", {Address(0, 2): {"kind": "oak"}}
    save_masks(path, OVERLAPPING, raster(), SaveSettings(), attributes=columns)
    read = geopandas.read_parquet if suffix == "parquet" else geopandas.read_file
    number = "object" if suffix == "kml" else "id"
    table = read(path).sort_values(number)
    assert table[number].astype(int).tolist() == [1, 2, 3]
    assert table["area"].astype(float).tolist() == [1600.0, 22000.0, 20000.0]
    assert table["score"].astype(float).tolist() == [0.75] * 3
    assert table["kind"].tolist()[1] == "oak"
    on_map = table.to_crs(32633).geometry.area
    np.testing.assert_allclose(on_map, [1600, 22000, 20000], rtol=1e-3)
    assert sorted(p.suffix for p in tmp_path.iterdir() if p.is_dir()) == []


@pytest.mark.parametrize("suffix", VECTORS)
def test_what_is_written_is_read_again_as_prompts(tmp_path, suffix):
    pytest.importorskip("geopandas")
    where = raster()
    write_objects(tmp_path / f"a.{suffix}", OVERLAPPING, where)
    found = read_prompts_on(tmp_path / f"a.{suffix}", where).prompts
    boxes = {at.object_id: p.items[0] for at, p in found.items()}
    assert (boxes[2].top, boxes[2].left, boxes[2].bottom, boxes[2].right) == (
        0, 0, 20, 11,
    )  # fmt: skip
    assert sorted(boxes) == [1, 2, 3]


@pytest.mark.parametrize("suffix", [s for s in VECTORS if s != "kml"])
def test_a_transform_alone_places_polygons_and_that_is_said(tmp_path, suffix, caplog):
    geopandas = pytest.importorskip("geopandas")
    path, where = tmp_path / f"a.{suffix}", image(transform=UTM)
    write_objects(path, OVERLAPPING, where)
    assert "does not say its reference system" in caplog.text
    read = geopandas.read_parquet if suffix == "parquet" else geopandas.read_file
    table = read(path)
    if suffix == "geojson":  # GDAL takes any for degrees, whatever it says
        assert json.loads(path.read_text())["crs"] is None
    else:
        assert table.crs is None or not table.crs.to_epsg()
    table = table.set_index("id").sort_index()
    assert table["area"].tolist() == [1600.0, 22000.0, 20000.0]
    first = table.geometry[1]
    assert first.bounds == (500_120.0, 5_199_840.0, 500_160.0, 5_199_880.0)
    again = read_prompts_on(path, where)
    box = again.prompts[Address(0, 2)].items[0]
    assert (box.top, box.left, box.bottom, box.right) == (0, 0, 20, 11)
    assert any("taken for those of its transform" in note for note in again.notes)


@pytest.mark.parametrize("masks", ["rle", "polygons"])
def test_coco_keeps_overlapping_objects_whole(tmp_path, masks):
    path = tmp_path / "a.json"
    attributes = {Address(0, 2): {"kind": "oak", "score": 0.5}}
    write_objects(path, OVERLAPPING, image(), attributes=attributes, coco=masks)
    found = json.loads(path.read_text())["annotations"]
    assert [(one["label"], one["area"]) for one in found] == [
        (1, 16), (2, 220), (3, 200),
    ]  # fmt: skip
    assert found[1]["score"] == 0.5
    assert found[1]["attributes"] == {"kind": "oak"}


def test_what_a_mask_covers_in_a_label_image_is_known(tmp_path):
    covered = save_masks(tmp_path / "a.tif", OVERLAPPING, image(), SaveSettings())
    assert covered.wholly == (Address(0, 1),)
    assert covered.partly == {Address(0, 2): 10}
    covered = save_masks(tmp_path / "a.geojson", OVERLAPPING, image(), SaveSettings())
    assert not covered.wholly
    assert not covered.partly


@pytest.mark.parametrize(
    ("where", "right"),
    [
        (image(), 16),
        (image(scale={"y": 0.5, "x": 0.25}), 2.0),
        (image(scale={"x": 0.25}), 16),
    ],
)
def test_areas_are_in_the_units_of_the_image(tmp_path, where, right):
    write_objects(tmp_path / "a.geojson", OVERLAPPING, where)
    found = features(tmp_path / "a.geojson")[1]["properties"]
    assert found["area"] == right
    assert found.get("pixels", 16) == 16


def test_areas_in_degrees_are_square_metres(tmp_path):
    pytest.importorskip("rasterio")
    degrees = (0.001, 0.0, 15.0, 0.0, -0.001, 46.0)
    where = image(crs="EPSG:4326", transform=degrees)
    write_objects(tmp_path / "a.geojson", OVERLAPPING, where)
    area = features(tmp_path / "a.geojson")[1]["properties"]["area"]
    assert area == pytest.approx(16 * 111.15 * 77.37, rel=0.01)


def test_columns_of_the_input_never_replace_ours(tmp_path):
    columns = {"area": 7, "ID": "x", "fid": 3, "kind": "oak", "Kind": "ash", "id": 1}
    write_objects(
        tmp_path / "a.geojson",
        {Address(0, 1): OVERLAPPING[Address(0, 1)]},
        image(),
        attributes={Address(0, 1): columns},
    )
    assert features(tmp_path / "a.geojson")[1]["properties"] == {
        "id": 1, "area": 16, "input_area": 7, "input_ID": "x", "input_fid": 3,
        "kind": "oak", "Kind_2": "ash",
    }  # fmt: skip


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "parquet"])
def test_columns_of_several_kinds_are_text(tmp_path, suffix):
    geopandas = pytest.importorskip("geopandas")
    values = {1: 5, 2: "five", 3: [1, 2]}
    attributes = {Address(0, n): {"fid": v, "kind": v} for n, v in values.items()}
    write_objects(tmp_path / f"a.{suffix}", OVERLAPPING, image(), attributes=attributes)
    read = geopandas.read_parquet if suffix == "parquet" else geopandas.read_file
    kinds = read(tmp_path / f"a.{suffix}").sort_values("id")["kind"]
    assert kinds.tolist() == ["5", "five", "[1, 2]"]


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "parquet", "geojson", "json"])
def test_labels_without_objects_are_a_file(tmp_path, suffix):
    pytest.importorskip("geopandas")
    write_labels(tmp_path / f"a.{suffix}", np.zeros((9, 9), np.uint8))
    assert (tmp_path / f"a.{suffix}").stat().st_size > 0


def test_strips_of_a_plane_give_the_outlines_of_the_whole(monkeypatch):
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 4, (37, 23)) * (generator.random((37, 23)) < 0.6)
    monkeypatch.setattr("napari_sam.io.writers.outlines._STRIP", 5 * 23)
    for (n, parts), (m, others) in zip(
        outlines_of_plane(Frames(labels), 0), outlines(labels), strict=True
    ):
        assert n == m
        assert len(parts) == len(others)
        for part, other in zip(parts, others, strict=True):
            np.testing.assert_array_equal(part.shell, other.shell)
            assert len(part.holes) == len(other.holes)


@pytest.mark.parametrize("suffix", ["tif", "png", "zarr", "json", "geojson", "gpkg"])
def test_writing_labels_takes_few_bytes_a_pixel(tmp_path, suffix):
    """Of a plane of 16 million pixels on disk, with objects here and there."""
    pytest.importorskip("geopandas")
    side, first = 4096, 200 if suffix == "png" else 70_000
    labels = zarr.create_array(
        tmp_path / "in", shape=(side, side), chunks=(512, 512), dtype="uint32"
    )
    for number, top in enumerate(range(100, side - 100, 500), start=first):
        labels[top : top + 90, top : top + 90] = number
    write_labels(tmp_path / f"warm.{suffix}", np.ones((9, 9), np.uint8))
    tracemalloc.start()
    write_labels(tmp_path / f"a.{suffix}", labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / side**2 < 7


def test_a_large_plane_of_a_tiff_is_written_tile_by_tile(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_sam.io.writers.tiff._WHOLE", 100)
    labels = np.arange(70 * 90, dtype=np.uint32).reshape(70, 90)
    stack = np.stack([labels, labels.T.reshape(70, 90)])
    write_labels(tmp_path / "a.tif", stack, axes="tyx")
    found = read_image(tmp_path / "a.tif", axes="tyx")
    np.testing.assert_array_equal(np.asarray(found.data[:]), stack)


@pytest.mark.parametrize("name", ["gone/a.tif", "gone/a.geojson", "file/a.tif"])
def test_a_folder_that_is_missing_is_said_before_the_work(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWrittenError, match=r"does not exist|is no folder"):
        check_labels_path(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir() if p.name != "napari-sam"] == ["file"]


@pytest.mark.parametrize(
    ("name", "where", "largest", "match"),
    [
        ("a.png", image(), 70_000, "up to 65535"),
        ("a.png", image((3, 9, 9)), 1, "one frame"),
        ("a.tif", image((3, 9, 9), crs="EPSG:32633", transform=UTM), 1, "one frame"),
        ("a.kml", image(), 1, "no coordinates"),
    ],
)
def test_a_form_that_cannot_hold_the_labels_is_refused_before_the_work(
    tmp_path, name, where, largest, match
):
    with pytest.raises(ImageError, match=match):
        check_labels_fit(tmp_path / name, where, largest=largest)
    check_labels_fit(tmp_path / "a.zarr", where, largest=largest)


def test_a_mask_is_outlined_where_it_lies():
    from napari_sam.io.writers.outlines import outlines_of_mask

    (part,) = outlines_of_mask(np.ones((2, 3), bool), Region(5, 7, 7, 10))
    assert part.shell.tolist() == [[5, 7], [5, 10], [7, 10], [7, 7], [5, 7]]
