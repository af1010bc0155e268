"""Automatic masks written as SA-1B has them, and read again."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco

from napari_sam.automatic.automatic_masks import AutomaticMask
from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.io.sa1b import read_sa1b, run_lengths, write_sa1b

SHAPE = 31, 17


def random_masks():
    rng = np.random.default_rng(0)
    planes = [rng.uniform(size=SHAPE) > share for share in (0.2, 0.5, 0.97)]
    corner = np.zeros(SHAPE, bool)
    corner[-3:, -2:] = True
    return [*planes, corner, np.ones(SHAPE, bool)]


def automatic(pixels, k=0):
    crop = Region(1, 2, 30, 16)
    return AutomaticMask(Mask.from_array(pixels), 0.5 + k / 64, 0.75, (3.5, 4.25), crop)


@pytest.mark.parametrize("pixels", random_masks())
def test_run_lengths_are_those_of_pycocotools(pixels):
    expected = coco.encode(np.asfortranarray(pixels.astype(np.uint8)))
    found = run_lengths(Mask.from_array(pixels), SHAPE)
    assert found == {"size": list(SHAPE), "counts": expected["counts"].decode()}


def test_masks_come_back_as_they_were(tmp_path):
    masks = [automatic(pixels, k) for k, pixels in enumerate(random_masks())]
    write_sa1b(tmp_path / "a.json", masks, SHAPE, image="a.png")
    found, shape = read_sa1b(tmp_path / "a.json")
    assert shape == SHAPE
    for one, same in zip(masks, found, strict=True):
        assert (one.mask, one.score, one.stability, one.point, one.crop) == same


def test_the_layout_of_sa_1b_reads_it(tmp_path):
    from imageio.v3 import imwrite

    corner = np.zeros(SHAPE, bool)
    corner[2:9, 3:8] = True
    imwrite(tmp_path / "a.png", np.zeros(SHAPE, np.uint8))
    write_sa1b(tmp_path / "a.json", [automatic(corner)], SHAPE, image="a.png")
    (one,) = read_labelled_images(tmp_path)
    np.testing.assert_array_equal(one.labels > 0, corner)
    record = json.loads((tmp_path / "a.json").read_text())
    assert record["annotations"][0]["bbox"] == [3, 2, 5, 7]
    assert record["annotations"][0]["point_coords"] == [[4.25, 3.5]]


@pytest.mark.parametrize("text", ["[]", "{}", "not JSON", '{"image": {"height": 1}}'])
def test_what_is_no_such_file_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ImageError, match=r"a\.json is no JSON file of SA-1B"):
        read_sa1b(tmp_path / "a.json")


@pytest.mark.parametrize("counts", ["0", "PPYo0", "\x00", [3, 4], [10**9, 1]])
def test_run_lengths_that_do_not_fill_the_image_are_refused(tmp_path, counts):
    path, corner = tmp_path / "a.json", np.zeros(SHAPE, bool)
    corner[2:9, 3:8] = True
    write_sa1b(path, [automatic(corner)], SHAPE, image="a.png")
    record = json.loads(path.read_text())
    record["annotations"][0]["segmentation"]["counts"] = counts
    path.write_text(json.dumps(record))
    with pytest.raises(ImageError, match="annotation 1"):
        read_sa1b(path)
