"""Looking through a data set before a long run depends on it."""

import json

import numpy as np
import pytest
import tifffile

from napari_sam.core.errors import ImageError
from napari_sam.core.images.frames import Frames
from napari_sam.datasets.checking import (
    Contents,
    check_labelled_images,
    iter_check_labelled_images,
)
from napari_sam.datasets.labelled_images import LabelledImage, read_labelled_images
from napari_sam.io import write_labels


def test_a_good_set_is_counted(label_folder, labels):
    write_labels(label_folder / "labels" / "c.tif", 0 * labels, overwrite=True)
    assert check_labelled_images(read_labelled_images(label_folder)) == Contents(
        3, 4, 1
    )


def test_every_image_is_a_step(label_folder):
    steps = list(iter_check_labelled_images(read_labelled_images(label_folder)))
    assert [(s.done, s.total, s.what) for s in steps] == [
        (1, 3, "a"),
        (2, 3, "b"),
        (3, 3, "c"),
    ]


def test_everything_that_is_wrong_is_said_at_once(label_folder, labels, pixels):
    write_labels(label_folder / "labels" / "a.tif", labels[:5], overwrite=True)
    tifffile.imwrite(label_folder / "labels" / "b.tif", labels + 0.5)
    (label_folder / "images" / "c.png").write_bytes(b"no")
    with pytest.raises(ImageError) as caught:
        check_labelled_images(read_labelled_images(label_folder))
    first, *lines = str(caught.value).splitlines()
    assert first == "3 of 3 images cannot be used:"
    assert ["a.tif" in lines[0], "b.tif" in lines[1], "c.png" in lines[2]] == [True] * 3
    with pytest.raises(ImageError) as caught:
        check_labelled_images(read_labelled_images(label_folder), most=1)
    assert len(str(caught.value).splitlines()) == 3
    assert str(caught.value).endswith("\n- and 2 more errors")
    with pytest.raises(ImageError) as caught:
        check_labelled_images(read_labelled_images(label_folder)[:1])
    assert len(str(caught.value).splitlines()) == 1


def test_broken_masks_are_found(sa1b_folder):
    path = sa1b_folder / "sa_2.json"
    said = json.loads(path.read_text())
    said["annotations"][0]["segmentation"]["counts"] = "c26"
    path.write_text(json.dumps(said))
    with pytest.raises(ImageError, match=r"sa_2\.json: annotation 1 is broken"):
        check_labelled_images(read_labelled_images(sa1b_folder))


def test_a_set_without_objects_is_refused(label_folder, labels):
    for name in "abc":
        write_labels(
            label_folder / "labels" / f"{name}.tif", 0 * labels, overwrite=True
        )
    with pytest.raises(ImageError, match="cells: there is no object in any of 3"):
        check_labelled_images(read_labelled_images(label_folder))


def test_pixels_that_are_read_late_are_looked_at_too(pixels, labels):
    broken = np.where(labels == 5, np.inf, pixels)
    pair = LabelledImage(
        "a", "late", lambda: Frames(broken), labels, files=("a.zarr", "b")
    )
    with pytest.raises(ImageError, match=r"a\.zarr has 100 pixels that are NaN or inf"):
        check_labelled_images([pair])
