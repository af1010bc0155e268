"""YOLO, LabelMe and Pascal VOC as other programs write them."""

import base64
import json
from io import BytesIO

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets import read_labelled_images

SHAPE = (40, 50)


@pytest.fixture
def pixels():
    return np.zeros(SHAPE, np.uint8)


def write(root, files, pixels):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            iio.imwrite(path, pixels)
        else:
            path.write_text(content, encoding="utf-8")


def labels_of(image):
    truth = image.truth
    return {truth.categories[n]: truth.mask(n).region for n in truth.ids.tolist()}


SQUARE = "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n"
BOX = "1 0.5 0.5 0.2 0.5\n"


@pytest.mark.parametrize(
    "names",
    ["names: ['cell', \"a, b\"]", "names:\n- cell\n- 'a, b'  # two",
     "names:\n  0: cell\n  1: \"a, b\"\n", "names: {0: cell, 1: 'a, b'}"],
)  # fmt: skip
def test_yolo_as_others_write_it(tmp_path, pixels, names, caplog):
    files = {
        "data.yaml": f"train: ../train/images\nval: ../valid/images\nnc: 2\n{names}\n",
        "train/images/a.jpg": None,
        "train/images/b.jpg": None,
        "train/labels/a.txt": SQUARE + BOX,
        "valid/images/c.jpg": None,
        "valid/labels/c.txt": BOX,
    }
    write(tmp_path / "set", files, pixels)
    images = read_labelled_images(tmp_path / "set")
    assert [(im.kind, im.name) for im in images] == [
        ("train", "a"), ("train", "b"), ("val", "c"),
    ]  # fmt: skip
    found = labels_of(images[0])
    assert found["cell"].slices == (slice(4, 20), slice(5, 25))
    assert found["a, b"].slices == (slice(10, 30), slice(20, 30))
    assert len(images[1].truth.ids) == 0  # without a text: background
    assert "holds boxes" in caplog.text


def test_a_file_of_settings_in_any_encoding_is_in_nobodys_way(tmp_path, pixels):
    files = {"images/a.png": None, "labels/a.png": None}
    write(tmp_path / "set", files, pixels)
    (tmp_path / "set" / "a.yaml").write_bytes("names: [h\u00e4user]".encode("latin-1"))
    [image] = read_labelled_images(tmp_path / "set")
    assert image.name == "a"


def test_a_part_of_yolo_by_its_folder(tmp_path, pixels):
    files = {
        "images/val/a.png": None,
        "labels/val/a.txt": SQUARE,
        "images/train/b.png": None,
    }
    write(tmp_path / "set", files, pixels)
    [image] = read_labelled_images(tmp_path / "set" / "images" / "val")
    assert labels_of(image).keys() == {"0"}


@pytest.mark.parametrize(
    ("line", "words"),
    [("0 0.1 0.2 0.3", "expected the number of a class"),
     ("0 10 20 30 40", "shares of the image, from 0 to 1; there is 40"),
     ("0 0.1 x 0.3 0.4", "line 2: 0, 0.1, x"), ("0.5 0.1 0.1 0.3 0.4", "line 2: 0.5")],
)  # fmt: skip
def test_broken_lines_of_yolo_are_refused(tmp_path, pixels, line, words):
    files = {"images/a.png": None, "labels/a.txt": f"{SQUARE}{line}\n"}
    write(tmp_path / "set", files, pixels)
    [image] = read_labelled_images(tmp_path / "set")
    with pytest.raises(ImageError, match=words):
        _ = image.truth


def labelme(*shapes, image="C:\\work\\a.png"):
    return json.dumps({
        "version": "4.5.6", "flags": {}, "shapes": list(shapes), "imagePath": image,
        "imageData": None, "imageHeight": SHAPE[0], "imageWidth": SHAPE[1],
    })  # fmt: skip


def shape(label, kind, points, group=None, **more):
    return {
        "label": label,
        "points": points,
        "group_id": group,
        "shape_type": kind,
        **more,
    }


def test_labelme_as_labelme_writes_it(tmp_path, pixels, caplog):
    file = BytesIO()
    Image.fromarray(np.array([[1, 0], [1, 1]], bool)).save(file, "png")
    text = base64.b64encode(file.getvalue()).decode()
    shapes = [
        shape("cell", "polygon", [[1, 2], [5, 2], [5, 6], [1, 6]], 7),
        shape("cell", "polygon", [[11, 2], [15, 2], [15, 6], [11, 6]], 7),
        shape("roof", "rectangle", [[20, 10], [30, 20]]),
        shape("disc", "circle", [[40.5, 20.5], [43.5, 20.5]]),
        shape("drawn", "mask", [[8, 30], [9, 31]], mask=text),
        shape("way", "linestrip", [[1, 1], [2, 2]]),
    ]
    write(tmp_path / "set", {"other.png": None, "a.png": None, "n.json": ""}, pixels)
    (tmp_path / "set" / "n.json").write_text(labelme(*shapes))
    (tmp_path / "set" / "other.json").write_text(labelme(image="other.png"))
    first, second = read_labelled_images(tmp_path / "set")
    truth = first.truth
    assert first.files[0].endswith("a.png")
    numbers = {truth.categories[n]: n for n in truth.ids.tolist()}
    assert numbers == {"cell": 7, "roof": 1, "disc": 2, "drawn": 3}
    assert truth.mask(7).area == 32
    assert truth.mask(1).region.slices == (slice(10, 20), slice(20, 30))
    assert truth.mask(2).area == pytest.approx(np.pi * 9, abs=3)
    np.testing.assert_array_equal(truth.mask(3).array, [[1, 0], [1, 1]])
    assert (truth.mask(3).region.top, truth.mask(3).region.left) == (30, 8)
    assert len(second.truth.ids) == 0
    assert "left out a linestrip" in caplog.text


def test_broken_shapes_of_labelme_are_refused(tmp_path, pixels):
    write(tmp_path / "set", {"a.png": None}, pixels)
    file = tmp_path / "set" / "a.json"
    for broken in (
        shape("a", "polygon", [[1, 2], [3]]),
        shape("a", "mask", [[1, 2], [3, 4]], mask="nothing"),
        shape("a", "rectangle", [[1, 2]]),
    ):
        file.write_text(labelme(broken))
        [image] = read_labelled_images(tmp_path / "set")
        with pytest.raises(ImageError, match=r"a\.json: shape 0, a .* cannot be read"):
            _ = image.truth
    file.unlink()
    (tmp_path / "set" / "b.json").write_text(labelme(image="missing.png"))
    with pytest.raises(MissingFileError, match=r"no image for b\.json"):
        read_labelled_images(tmp_path / "set")


XML = """<annotation><filename>a.jpg</filename>
<size><width>50</width><height>40</height><depth>3</depth></size>
<object><name>cat</name><bndbox><xmin>3</xmin><ymin>5</ymin><xmax>12</xmax><ymax>9</ymax></bndbox></object>
<object><name>dog</name><bndbox><ymin>20</ymin><xmin>20.0</xmin><xmax>29</xmax><ymax>29</ymax></bndbox></object>
</annotation>"""


def test_voc_with_masks_and_without(tmp_path, pixels, caplog):
    files = {
        "Annotations/a.xml": XML,
        "Annotations/b.xml": XML,
        "JPEGImages/a.jpg": None,
        "JPEGImages/b.jpg": None,
        "ImageSets/Main/train.txt": "a\n",
        "ImageSets/Main/val.txt": "b\n",
    }
    root = tmp_path / "VOC2012"
    write(root, files, pixels)
    first, second = read_labelled_images(root)
    assert (first.kind, second.kind) == ("train", "val")
    boxes = labels_of(first)
    assert boxes["cat"].slices == (slice(4, 9), slice(2, 12))
    assert boxes["dog"].slices == (slice(19, 29), slice(19, 29))
    assert "holds boxes" in caplog.text
    numbers = np.zeros(SHAPE, np.uint8)
    numbers[5:8, 4:9], numbers[21:27, 21:27] = 1, 2
    numbers[4, 4:9] = 255  # belongs to none
    (root / "SegmentationObject").mkdir()
    picture = Image.fromarray(numbers)
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    picture.save(root / "SegmentationObject" / "a.png")
    [image] = read_labelled_images(root / "ImageSets" / "Main" / "train.txt")
    np.testing.assert_array_equal(image.labels, np.where(numbers == 255, 0, numbers))
    assert image.truth.categories == {1: "cat", 2: "dog"}


def test_broken_annotations_of_voc_are_refused(tmp_path, pixels):
    files = {"Annotations/a.xml": XML.replace("ymax", "ymux"), "JPEGImages/a.jpg": None}
    write(tmp_path / "set", files, pixels)
    [image] = read_labelled_images(tmp_path / "set")
    with pytest.raises(ImageError, match="bndbox/ymax is missing"):
        _ = image.truth
    (tmp_path / "set" / "Annotations" / "b.xml").write_text(XML)
    with pytest.raises(MissingFileError, match="no image or no annotation of b"):
        read_labelled_images(tmp_path / "set")


def test_a_folder_of_data_sets_is_all_of_them(tmp_path, pixels, caplog):
    files = {"one/images/a.png": None, "one/labels/a.txt": SQUARE, "notes/x.md": "# x"}
    write(tmp_path / "set", files, pixels)
    write(tmp_path / "set" / "two", {"a.png": None, "a.json": labelme()}, pixels)
    images = read_labelled_images(tmp_path / "set")
    assert [(im.kind, im.name) for im in images] == [("one", "a"), ("two", "a")]
    assert "left out notes" in caplog.text


@pytest.mark.parametrize(
    ("table", "classes"),
    [("label,class\n1,roof\n", {1: "roof"}), ("index;category\n", {}),
     ("\ufeffObject, Category ,area\n2.0,tree,7\n", {2: "tree"}), ("name\nx\n", {})],
)  # fmt: skip
def test_classes_are_in_a_table_beside_labels(tmp_path, pixels, table, classes):
    write(tmp_path / "set", {"images/a.png": None, "labels/a.csv": table}, pixels)
    iio.imwrite(tmp_path / "set" / "labels" / "a.png", np.ones(SHAPE, np.uint8))
    [image] = read_labelled_images(tmp_path / "set")
    assert image.truth.categories == classes


@pytest.mark.parametrize(
    ("table", "words"),
    [("label,class\nx,roof\n", "'x' is no label"),
     ("label,class\n1,roof\n1,tree\n", "label 1 is of two classes")],
)  # fmt: skip
def test_broken_tables_of_classes_are_refused(tmp_path, pixels, table, words):
    write(tmp_path / "set", {"images/a.png": None, "labels/a.csv": table}, pixels)
    iio.imwrite(tmp_path / "set" / "labels" / "a.png", np.ones(SHAPE, np.uint8))
    [image] = read_labelled_images(tmp_path / "set")
    with pytest.raises(ImageError, match=words):
        _ = image.truth
