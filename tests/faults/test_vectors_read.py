"""Places and numbers that people bring in files of vectors and tables.

One row for each kind: what the file holds, and the right prompts.
"""

import codecs
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.prompts import Prompts
from napari_sam.io import read_image, read_prompts, read_prompts_on, write_labels
from napari_sam.io.geo_transform import reprojected, to_map
from napari_sam.jobs import PromptFiles, pair_images

#: 10 m pixels in UTM 33N, north up; 600 x 500 pixels.
UTM = (10.0, 0.0, 500_000.0, 0.0, -10.0, 5_200_000.0)


@pytest.fixture
def image(tmp_path):
    """An image without coordinates on earth."""
    write_labels(tmp_path / "plain.tif", np.zeros((64, 80), np.uint8))
    return read_image(tmp_path / "plain.tif")


@pytest.fixture
def raster(tmp_path):
    """A raster in UTM."""
    rasterio = pytest.importorskip("rasterio")
    options = {"driver": "GTiff", "count": 1, "height": 600, "width": 500}
    with rasterio.open(
        tmp_path / "raster.tif", "w", dtype="uint8", crs="EPSG:32633",
        transform=rasterio.Affine(*UTM), **options,
    ) as out:  # fmt: skip
        out.write(np.zeros((1, 600, 500), np.uint8))
    return read_image(tmp_path / "raster.tif")


def point(x, y, **properties):
    geometry = {"type": "Point", "coordinates": [x, y]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "features": features})


def numbers(path, image):
    return [at.object_id for at in read_prompts(path, image=image)]


@pytest.mark.parametrize(
    ("given", "right", "said"),
    [
        ([40.0, 10.0, None, 20.0], [40, 10, 3, 20], "feature 3, which has none is 3"),
        ([3.0, 10.0, None, 20.0], [3, 10, 5, 20], "feature 3, which has none is 5"),
        (["40", " 10 ", "20.0"], [40, 10, 20], ""),
        ([None, None, None], [1, 2, 3], ""),
        (["tree", 1, "shrub", "tree"], [5, 1, 3], "'tree' is 5, 'shrub' is 3"),
        ([0, 1, 2], [4, 1, 2], "'0' is 4"),
        ([-7, 5_000_000_000, 2], [1, 4, 2], "'-7' is 1, '5000000000' is 4"),
        ([2.5, 2.25, 1], [4, 2, 1], "'2.5' is 4, '2.25' is 2"),
        ([True, 1], [3, 1], "'True' is 3"),
        (["", 1, "nan"], [4, 1, 3], "'nan' is 3"),
    ],
)
@pytest.mark.parametrize("name", ["id", "object", "ID"])
def test_numbers_are_kept_and_the_nameless_get_free_ones(
    tmp_path, image, given, right, said, name
):
    path = tmp_path / "a.geojson"
    places = [point(i + 0.5, 0.5, **{name: one}) for i, one in enumerate(given)]
    path.write_text(collection(*places))
    found = read_prompts_on(path, image)
    assert [at.object_id for at in found.prompts] == right
    assert said in " ".join(found.notes)
    assert bool(said) == bool(found.notes)


@pytest.mark.parametrize(
    ("members", "right"),
    [([7, 5], [7, 5]), (["7", "5"], [7, 5]), ([0, 1], [1, 2]), (["a", 4], [1, 2])],
)
def test_the_id_beside_the_properties_is_a_number_if_all_could_be(
    tmp_path, image, members, right
):
    path = tmp_path / "a.geojson"
    path.write_text(collection(*(point(9, 9) | {"id": m} for m in members)))
    assert numbers(path, image) == right


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "parquet", "kml"])
def test_files_of_a_gis_keep_numbers_places_and_columns(tmp_path, raster, suffix):
    geopandas = pytest.importorskip("geopandas")
    shapely = pytest.importorskip("shapely")
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    corners = to_map([(100.5, 200.5), (20.5, 30.5), (300.5, 40.5)], UTM)
    table = geopandas.GeoDataFrame(
        {"id": [40.0, 10.0, None], "kind": ["oak", "ash", "elm"]},
        geometry=[shapely.Point(*xy) for xy in corners], crs="EPSG:32633",
    )  # fmt: skip
    path = tmp_path / f"a.{suffix}"
    if suffix == "parquet":
        table.to_parquet(path)
    elif suffix == "kml":
        table = table.rename(columns={"id": "object"})  # id names a place in KML
        table.to_crs(4326).to_file(path, driver="LIBKML", engine="pyogrio")
    else:
        table.to_file(path, engine="pyogrio")
    found = read_prompts_on(path, raster)
    by_number = {at.object_id: p.items[0] for at, p in found.prompts.items()}
    assert sorted(by_number) == [3, 10, 40]
    place = (by_number[40].row, by_number[40].col)
    np.testing.assert_allclose(place, (100, 200), atol=0.01)
    assert found.attributes[Address(0, 10)]["kind"] == "ash"


EMPTY = [
    None,
    {"type": "Point", "coordinates": []},
    {"type": "Polygon", "coordinates": []},
    {"type": "Polygon", "coordinates": [[]]},
    {"type": "MultiPolygon", "coordinates": []},
    {"type": "MultiPolygon", "coordinates": [[]]},
    {"type": "LineString", "coordinates": None},
    {"type": "GeometryCollection", "geometries": []},
    {"type": "Point", "coordinates": [float("nan"), float("nan")]},
]


@pytest.mark.parametrize("geometry", EMPTY, ids=str)
def test_one_empty_geometry_refuses_no_file(tmp_path, image, geometry):
    path = tmp_path / "a.geojson"
    path.write_text(collection({"properties": {}, "geometry": geometry}, point(5, 5)))
    found = read_prompts_on(path, image)
    assert list(found.prompts) == [Address(0, 2)]
    assert "no geometry: 1 features" in " ".join(found.notes)


def test_the_parts_of_a_polygon_have_one_box(tmp_path, image):
    parts = [[[[x, 2], [x + 4, 2], [x + 4, 9], [x, 9], [x, 2]]] for x in (10, 40)]
    geometry = {"type": "MultiPolygon", "coordinates": parts}
    (tmp_path / "a.geojson").write_text(json.dumps(geometry))
    found = read_prompts(tmp_path / "a.geojson", image=image)
    assert found == {Address(0, 1): Prompts.rectangle(2, 10, 9, 44)}


@pytest.mark.parametrize(
    ("content", "count"),
    [
        ({"type": "Point", "coordinates": [5, 5]}, 1),
        ({"type": "MultiPoint", "coordinates": [[5, 5], [9, 9]]}, 1),
        (point(5, 5), 1),
        ([point(5, 5), point(9, 9)], 2),
        ({"features": [point(5, 5), point(9, 9)]}, 2),
        ({"type": "FeatureCollection", "features": [point(5, 5)]}, 1),
    ],
)
@pytest.mark.parametrize("suffix", ["geojson", "json"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_bare_geometries_and_every_encoding_are_read(
    tmp_path, image, content, count, suffix, encoding
):
    path = tmp_path / f"a.{suffix}"
    path.write_text(json.dumps(content), encoding=encoding)
    assert len(read_prompts(path, image=image)) == count


def test_one_feature_on_each_line_is_read(tmp_path, image):
    path = tmp_path / "a.geojsonl"
    path.write_text("\x1e" + json.dumps(point(5, 5)) + "\n" + json.dumps(point(9, 9)))
    assert len(read_prompts(path, image=image)) == 2


CSV = {
    "semicolons": "object;row;col\n7;12;30\n",
    "tabs": "object\trow\tcol\n7\t12\t30\n",
    "bars": "object|row|col\n7|12|30\n",
    "decimal commas": "object;row;col\n7;12,0;30,0\n",
    "what Excel says first": "sep=;\nobject;row;col\n7;12;30\n",
    "comments": "# of today\nobject,row,col\n7,12,30\n",
    "capitals and spaces": "Object, Row ,COL\n7,12,30\n",
    "quotes": '"object","row","col"\n"7","12","30"\n',
    "units": "object,x (px),y [px]\n7,30,12\n",
    "x and y": "object,x,y\n7,30,12\n",
    "id": "id,y,x\n7,12,30\n",
    "reals": "id,y,x\n7.0,12.0,30.0\n",
    "columns of others": "name,object,row,col,area\noak,7,12,30,4.5\n",
    "empty rows": "object,row,col\n,,\n7,12,30\n\n;\n".replace(";", ",,"),
    "old Macs": "object,row,col\r7,12,30\r",
    "a row without a place": "object,row,col\n3,,\n7,12,30\n",
    "a row of no numbers": "object,row,col\n3,NaN,NA\n7,12,30\n",
    "points of napari": "object,axis-0,axis-1\n7,12,30\n",
    "points of napari, through time": "id,axis-0,axis-1,axis-2\n7,0.0,12,30\n",
    "centroids": "id,centroid-0,centroid-1,bbox-0,bbox-1,bbox-2,bbox-3\n"
    "7,12,30,1,2,3,4\n",
    "middles of ImageJ": "id,X,Y,BX,BY,Width,Height\n7,30,12,20,6,20,12\n",
    "a long outline": f"object,row,col,outline\n7,12,30,{'1 ' * 100_000}\n",
}


@pytest.mark.parametrize("text", CSV.values(), ids=CSV)
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_tables_of_every_make_are_read(tmp_path, image, text, mark):
    encoding = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-8"
    (tmp_path / "a.csv").write_bytes(mark + text.encode(encoding))
    found = read_prompts(tmp_path / "a.csv", image=image)
    assert found == {Address(0, 7): Prompts.point(12, 30)}


def test_rows_without_numbers_are_objects_of_their_own(tmp_path, image):
    (tmp_path / "a.csv").write_text("x,y,kind\n30,12,oak\n5,6,ash\n")
    found = read_prompts_on(tmp_path / "a.csv", image)
    assert found.prompts == {
        Address(0, 1): Prompts.point(12, 30),
        Address(0, 2): Prompts.point(6, 5),
    }
    assert found.attributes[Address(0, 2)] == {"kind": "ash"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,xmin,ymin,xmax,ymax\n4,10,2,40,9\n", ""),
        ("id,x1,y1,x2,y2\n4,10,2,40,9\n", ""),
        ("id,bbox-0,bbox-1,bbox-2,bbox-3\n4,2,10,9,40\n", ""),
        ("id,x,y,w,h\n4,10,2,30,7\n", "x, y, w and h are taken for boxes"),
        ("id,x,y,width,height\n4,10,2,30,7\n", "taken for boxes"),
        ("id;BX;BY;Width;Height\n4;10,0;2,0;30,0;7,0\n", "BX, BY, Width and Height"),
    ],
)
def test_boxes_of_a_table_are_corners_or_a_corner_and_a_size(
    tmp_path, image, text, said
):
    (tmp_path / "a.csv").write_text(text)
    found = read_prompts_on(tmp_path / "a.csv", image)
    assert found.prompts == {Address(0, 4): Prompts.rectangle(2, 10, 9, 40)}
    assert said in " ".join(found.notes)
    assert bool(said) == bool(found.notes)


def test_letters_of_western_windows_are_read_and_said(tmp_path, image):
    (tmp_path / "a.csv").write_bytes("x,y,kind\n30,12,Bäume\n".encode("cp1252"))
    found = read_prompts_on(tmp_path / "a.csv", image)
    assert found.attributes[Address(0, 1)] == {"kind": "Bäume"}
    assert "not in Unicode" in found.notes[0]


def test_a_table_of_names_alone_holds_no_prompts(tmp_path, image):
    (tmp_path / "a.csv").write_text("id,x,y\n")
    assert read_prompts(tmp_path / "a.csv", image=image) == {}


def test_what_is_no_number_of_json_stays_text(tmp_path, image):
    (tmp_path / "a.csv").write_text(f"x,y,area\n30,12,{'7' * 5000}\n1,1,inf\n")
    found = read_prompts_on(tmp_path / "a.csv", image)
    json.dumps(dict(found.attributes[Address(0, 1)]), allow_nan=False)
    assert found.attributes[Address(0, 2)] == {"area": "inf"}


@pytest.mark.parametrize(
    ("head", "crs", "option"),
    [
        ("lon,lat", "OGC:CRS84", None),
        ("Longitude;Latitude", "OGC:CRS84", None),
        ("x,y", "EPSG:32633", None),
        ("easting\tnorthing", "EPSG:32633", None),
        ("x,y", "EPSG:3857", "EPSG:3857"),
    ],
)
def test_tables_of_places_on_earth_are_brought_to_the_raster(
    tmp_path, raster, head, crs, option
):
    place = reprojected(to_map([(100.5, 200.5)], UTM), "EPSG:32633", crs)[0].tolist()
    between = next(d for d in ",;\t" if d in head)
    row = between.join(map(repr, place))
    (tmp_path / "a.csv").write_text(
        f"id{between}{head}{between}kind\n9{between}{row}{between}oak\n"
        f"10{between}{between}{between}nowhere\n"
    )
    found = read_prompts_on(tmp_path / "a.csv", raster, crs=option)
    (at,) = found.prompts
    one = found.prompts[at].items[0]
    assert at == Address(0, 9)
    np.testing.assert_allclose((one.row, one.col), (100, 200), atol=0.01)
    assert found.attributes[at]["kind"] == "oak"
    assert "no geometry: 1" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("lon,lat\n2,48\n", "no coordinates"),
        ("object,row,col,positiv\n1,2,3,0\n", "positiv for positive"),
        ("object,row,col\n1,2,3,4\n", "more values"),
        (
            "index,shape-type,vertex-index,axis-0,axis-1\n0,ellipse,0,2,3\n",
            "napari's shapes",
        ),
        ("name,size\na,3\n", "object must be there|either row and col"),
        ("", "first line"),
    ],
)
def test_a_table_that_makes_no_sense_is_one_sentence(tmp_path, image, text, match):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(PromptError, match=match) as caught:
        read_prompts(tmp_path / "a.csv", image=image)
    assert "a.csv" in str(caught.value)


def test_a_table_of_several_images_may_have_semicolons(tmp_path, image):
    folder = tmp_path / "images"
    folder.mkdir()
    write_labels(folder / "one.tif", np.ones((9, 9), np.uint8))
    path = tmp_path / "a.csv"
    path.write_text("image;x;y;kind\none.tif;3;4;oak\n", encoding="utf-16")
    pairs = pair_images(folder, PromptFiles(path))
    found = pairs[folder / "one.tif"].read(read_image(folder / "one.tif"))
    assert found.prompts == {Address(0, 1): Prompts.point(4, 3)}
    assert found.attributes[Address(0, 1)] == {"kind": "oak"}


def roi_file(path, roitype, corners, *, name, t_position=0):
    roifile = pytest.importorskip("roifile")
    roi = roifile.ImagejRoi.frompoints(np.array(corners), name=name)
    roi.t_position = t_position
    roi.roitype = roifile.ROI_TYPE[roitype]
    if roitype in ("RECT", "OVAL"):
        roi.left, roi.top, roi.right, roi.bottom = 1, 2, 5, 9
    roi.tofile(path)
    return path


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("POLYGON", Prompts.rectangle(2, 1, 9, 5)),
        ("FREEHAND", Prompts.rectangle(2, 1, 9, 5)),
        ("RECT", Prompts.rectangle(2, 1, 9, 5)),
        ("OVAL", Prompts.rectangle(2, 1, 9, 5)),
        ("POLYLINE", Prompts.scribble([(1.5, 0.5), (1.5, 4.5), (8.5, 4.5)])),
    ],
)
def test_regions_of_imagej_are_read(tmp_path, image, kind, right):
    path = roi_file(tmp_path / "a.roi", kind, [[1, 2], [5, 2], [5, 9]], name="17")
    assert read_prompts(path, image=image) == {Address(0, 17): right}


def test_each_point_of_imagej_is_an_object_in_its_frame(tmp_path):
    write_labels(tmp_path / "s.tif", np.zeros((3, 64, 80), np.uint8), axes="tyx")
    stack = read_image(tmp_path / "s.tif")
    corners = [[3, 4], [30, 12]]
    path = roi_file(tmp_path / "a.zip", "POINT", corners, name="p", t_position=3)
    assert read_prompts(path, image=stack) == {
        Address(2, 1): Prompts.point(4, 3),
        Address(2, 2): Prompts.point(12, 30),
    }


@pytest.mark.parametrize("crs", ["EPSG:999999", "no such system", "+proj=nowhere"])
def test_an_unknown_reference_system_is_one_sentence(tmp_path, raster, crs):
    (tmp_path / "a.geojson").write_text(collection(point(5e5, 5.2e6)))
    with pytest.raises((PromptError, ImageError)) as caught:
        read_prompts(tmp_path / "a.geojson", image=raster, crs=crs)
    assert crs in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_file_that_says_no_reference_system_is_taken_for_the_images(tmp_path, raster):
    geopandas = pytest.importorskip("geopandas")
    shapely = pytest.importorskip("shapely")
    (place,) = to_map([(100.5, 200.5)], UTM)
    geopandas.GeoDataFrame(geometry=[shapely.Point(*place)]).to_file(
        tmp_path / "a.shp", engine="pyogrio"
    )
    found = read_prompts_on(tmp_path / "a.shp", raster)
    assert found.prompts == {Address(0, 1): Prompts.point(100, 200)}
    assert "taken for the image's" in " ".join(found.notes)


def test_of_several_layers_it_is_said_which_was_read(tmp_path, image):
    geopandas = pytest.importorskip("geopandas")
    shapely = pytest.importorskip("shapely")
    for name in ("roofs", "trees"):
        geopandas.GeoDataFrame(geometry=[shapely.Point(5, 5)]).to_file(
            tmp_path / "a.gpkg", layer=name, engine="pyogrio"
        )
    found = read_prompts_on(tmp_path / "a.gpkg", image)
    assert "layer roofs, not from trees" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("properties", "match"),
    [({"frame": 3}, "frame=3"), ({"frame": "a"}, "frame='a'"),
     ({"positive": "maybe"}, "positive='maybe'")],
)  # fmt: skip
def test_frames_and_truths_that_make_no_sense_name_the_feature(
    tmp_path, image, properties, match
):
    (tmp_path / "a.geojson").write_text(collection(point(5, 5, **properties)))
    with pytest.raises(PromptError, match=f"feature 1: {match}"):
        read_prompts(tmp_path / "a.geojson", image=image)


#: Half a degree beyond 13 east, 52 north: numbers that could be pixels, too.
DEGREES = (0.01, 0.0, 13.0, 0.0, -0.01, 52.0)


@pytest.mark.parametrize(
    ("name", "text", "right", "said"),
    [
        ("a.geojson", collection(point(13.205, 51.895)), (10, 20), "its transform"),
        ("a.geojson", collection(point(20.5, 10.5)), (10, 20), "pixels"),
        ("a.csv", "x,y\n13.205,51.895\n", (10, 20), "its transform"),
        ("a.csv", "lon,lat\n13.205,51.895\n", (10, 20), "its transform"),
        ("a.csv", "x,y\n20,10\n", (10, 20), ""),
    ],
)
def test_places_on_an_image_with_a_world_file_are_of_its_transform(
    tmp_path, image, name, text, right, said
):
    (tmp_path / name).write_text(text)
    found = read_prompts_on(tmp_path / name, replace(image, transform=DEGREES))
    (prompts,) = found.prompts.values()
    (one,) = prompts.items
    assert (one.row, one.col) == pytest.approx(right)
    assert said in " ".join(found.notes)


def test_what_lies_beside_an_image_with_a_world_file_is_refused(tmp_path, image):
    (tmp_path / "a.geojson").write_text(collection(point(500.0, 51.895)))
    with pytest.raises(PromptError, match="those of its transform"):
        read_prompts(tmp_path / "a.geojson", image=replace(image, transform=DEGREES))


def test_a_zip_of_a_later_version_is_refused(tmp_path, image):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr("a.roi", "")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    at = content.index(b"PK\x01\x02") + 6
    content[at] = 72
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(PromptError, match="cannot be read as a zip"):
        read_prompts(tmp_path / "a.zip", image=image)
