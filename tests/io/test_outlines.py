"""Outlines run along the edges of pixels, whatever the shape."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from napari_sam.io import read_image, write_labels
from napari_sam.io.writers.outlines import area, outlines

RING = np.zeros((6, 7), int)
RING[1:5, 1:6] = 4
RING[2:4, 2:4] = 0
RING[2, 2] = 9


def filled(shape, parts):
    """Paint parts again, by the even-odd rule at the middle of each pixel."""
    rows, cols = np.indices(shape) + 0.5
    out = np.zeros(shape, int)
    for part in parts:
        for ring in (part.shell, *part.holes):
            for (r0, c0), (r1, c1) in pairwise(ring):
                if c0 == c1:
                    out += (min(r0, r1) < rows) & (rows < max(r0, r1)) & (cols < c0)
    return out % 2 == 1


@given(arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 7)),
              elements=st.integers(0, 2)))  # fmt: skip
def test_painting_outlines_gives_the_labels_back(labels):
    found = dict(outlines(labels))
    assert sorted(found) == [n for n in np.unique(labels) if n]
    for number, parts in found.items():
        np.testing.assert_array_equal(filled(labels.shape, parts), labels == number)
        inside = sum(area(p.shell) + sum(map(area, p.holes)) for p in parts)
        assert inside == (labels == number).sum()
        for part in parts:
            assert area(part.shell) > 0
            assert all(area(hole) < 0 for hole in part.holes)
            for ring in (part.shell, *part.holes):
                assert len({tuple(p) for p in ring}) == len(ring) - 1


def test_a_square_has_four_corners():
    labels = np.zeros((9, 9), np.uint32)
    labels[2:5, 3:8] = 4_000_000_000
    ((number, (part,)),) = outlines(labels)
    assert number == 4_000_000_000
    assert part.shell.tolist() == [[2, 3], [2, 8], [5, 8], [5, 3], [2, 3]]


def test_geojson_without_coordinates_is_in_pixels(tmp_path):
    write_labels(tmp_path / "a.geojson", RING)
    content = json.loads((tmp_path / "a.geojson").read_text())
    assert "crs" not in content
    ring, dot = content["features"]
    assert ring["properties"] == {"id": 4, "area": 16}
    assert dot["properties"] == {"id": 9, "area": 1}
    shell, hole = ring["geometry"]["coordinates"]
    assert [1, 1] in shell
    assert [6, 5] in shell
    assert sorted(map(tuple, hole[1:])) == [(2, 2), (2, 4), (4, 2), (4, 4)]
    assert area(np.array(shell)[:, ::-1]) > 0, "against the clock, where y is up"


def test_features_of_a_stack_say_their_frame(tmp_path):
    labels = np.stack([0 * RING, RING])
    write_labels(tmp_path / "a.geojson", labels, axes="zyx")
    features = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert [f["properties"]["frame"] for f in features] == [1, 1]


@given(arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 7)),
              elements=st.integers(0, 2)))  # fmt: skip
def test_run_lengths_are_exact(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("coco") / "a.json"
    write_labels(path, labels)
    said = json.loads(path.read_text())
    for one in said["annotations"]:
        mask = labels == one["label"]
        runs = one["segmentation"]
        np.testing.assert_array_equal(coco_mask.decode(runs), mask)
        best = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert runs["counts"] == best["counts"].decode()
        assert one["area"] == mask.sum()
        assert one["bbox"] == coco_mask.toBbox(runs).tolist()


def test_polygons_of_coco_are_filled(tmp_path):
    image = read_image_of(tmp_path)
    write_labels(tmp_path / "a.json", RING, like=image, coco="polygons")
    said = json.loads((tmp_path / "a.json").read_text())
    assert said["images"][0]["file_name"] == "cells.tif"
    runs = coco_mask.merge(
        coco_mask.frPyObjects(said["annotations"][0]["segmentation"], *RING.shape)
    )
    expected = np.zeros_like(RING)
    expected[1:5, 1:6] = 1
    np.testing.assert_array_equal(coco_mask.decode(runs), expected)


def read_image_of(folder):
    write_labels(folder / "cells.tif", RING)
    return read_image(folder / "cells.tif")


@pytest.mark.parametrize("name", ["a.json", "a.geojson"])
def test_labels_without_objects_are_a_file_without_features(tmp_path, name):
    write_labels(tmp_path / name, 0 * RING)
    said = json.loads((tmp_path / name).read_text())
    assert said["features" if "geo" in name else "annotations"] == []
