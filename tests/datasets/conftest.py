"""Small data sets in every layout, written for the tests."""

import json

import imageio.v3 as iio
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from napari_sam.datasets import image_sources
from napari_sam.datasets.layouts import ctc, ome
from napari_sam.io import write_labels

SHAPE = (40, 50)


@pytest.fixture
def labels():
    """40 x 50: object 2 has 60 pixels, object 5 has 100; they do not touch."""
    labels = np.zeros(SHAPE, np.uint16)
    labels[2:8, 3:13] = 2
    labels[20:30, 30:40] = 5
    return labels


@pytest.fixture
def pixels(labels):
    """Grey values, 40 x 50, 8-bit."""
    return (labels * 40 + np.arange(50)).astype(np.uint8)


@pytest.fixture
def compressed():
    """Make COCO run lengths, as text, of a mask."""

    def encode(mask):
        found = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        return {"size": found["size"], "counts": found["counts"].decode()}

    return encode


@pytest.fixture
def label_folder(tmp_path, pixels, labels):
    """``images`` and ``labels`` with three images, a, b and c."""
    root = tmp_path / "cells"
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    for name in "abc":
        iio.imwrite(root / "images" / f"{name}.png", pixels)
        write_labels(root / "labels" / f"{name}.tif", labels)
    return root


@pytest.fixture
def sa1b_folder(tmp_path, pixels, labels, compressed):
    """Two images beside their JSON files; in each, object 3 lies over the others."""
    root = tmp_path / "sa_000000"
    root.mkdir()
    over = np.zeros(SHAPE, bool)
    over[4:25, 8:35] = True
    masks = [labels == 5, labels == 2, over]
    for number in (1, 2):
        said = {
            "image": {"image_id": number, "height": SHAPE[0], "width": SHAPE[1]},
            "annotations": [
                {"id": 10**8 + k, "area": int(m.sum()), "segmentation": compressed(m)}
                for k, m in enumerate(masks)
            ],
        }
        iio.imwrite(root / f"sa_{number}.jpg", pixels)
        (root / f"sa_{number}.json").write_text(json.dumps(said))
    return root


@pytest.fixture
def coco():
    """Content of a COCO file: two images with objects, one without."""
    square = [3, 2, 13, 2, 13, 8, 3, 8]
    runs = {"size": list(SHAPE), "counts": [41, 10, 40 * 50 - 51]}
    images = [
        {"id": i, "file_name": f"{i}.png", "height": SHAPE[0], "width": SHAPE[1]}
        for i in (7, 8, 9)
    ]
    annotations = [
        {"id": 1, "image_id": 7, "category_id": 4, "segmentation": [square]},
        {"id": 2, "image_id": 7, "category_id": 4, "segmentation": runs, "iscrowd": 1},
        {"id": 3, "image_id": 7, "category_id": 5, "segmentation": runs, "iscrowd": 0},
        {"id": 4, "image_id": 9, "category_id": 5, "segmentation": [square]},
    ]
    categories = [{"id": 4, "name": "cell"}, {"id": 5, "name": "debris"}]
    return {"images": images, "annotations": annotations, "categories": categories}


@pytest.fixture
def write_coco(tmp_path, pixels):
    """Write a COCO data set: its content, where to, and where its images lie."""

    def write(content, name="annotations.json", images="images"):
        root = tmp_path / "set"
        for folder in ((root / name).parent, root / images):
            folder.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(content))
        for image in content["images"]:
            iio.imwrite(root / images / image["file_name"], pixels)
        return root

    return write


@pytest.fixture
def files_read(monkeypatch):
    """Record which files of pixels are read."""
    seen = []

    def noted(read):
        def reading(path, **options):
            seen.append(path.name)
            return read(path, **options)

        return reading

    for module in (image_sources, ctc, ome):
        for name in ("read_image", "read_label_image"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, noted(getattr(module, name)))
    return seen
