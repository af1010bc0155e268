"""Resuming: answers of pixels that are no more are not taken."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tifffile

from napari_sam.jobs.image_spec import file_stamp
from napari_sam.jobs.results_file import results_setup
from napari_sam.testing import ThresholdBackend


def zarr_of(path, pixels):
    import zarr

    zarr.create_array(path, data=pixels, compressors=None)
    return next(f for f in path.rglob("*") if f.is_file() and f.name != "zarr.json")


def folder_of(path, pixels):
    path.mkdir()
    for i in range(2):
        tifffile.imwrite(path / f"{i}.tif", pixels)
    return path / "1.tif"


@pytest.mark.parametrize("made", [zarr_of, folder_of])
def test_what_lies_inside_is_stamped(tmp_path, made):
    path = tmp_path / "image"
    inside = made(path, np.ones((8, 8), np.uint8))
    before, folder = file_stamp(str(path)), path.stat()
    assert before
    assert file_stamp(str(path)) == before
    # In place: the folder's own time and the sizes stay as they are.
    content = bytearray(inside.read_bytes())
    content[-1] ^= 1
    inside.write_bytes(bytes(content))
    os.utime(inside, ns=(1, inside.stat().st_mtime_ns + 1))
    os.utime(path, ns=(folder.st_atime_ns, folder.st_mtime_ns))
    assert file_stamp(str(path)) != before


@pytest.mark.parametrize("name", ["there.vrt", "s3://bucket/image.zarr"])
def test_what_may_change_unseen_is_not_believed(tmp_path, name):
    from napari_sam import PromptableImage

    path = name if "://" in name else tmp_path / name
    if "://" not in name:
        path.write_text("<VRTDataset/>")
    image = PromptableImage(np.zeros((8, 8), np.uint8), ThresholdBackend())
    assert results_setup(path, image, 0.0) != results_setup(path, image, 0.0)
