"""A folder is labelled by a model of words that workers open from its folder."""

import numpy as np
import pytest
import tifffile

import napari_sam as sam
from napari_sam.automatic import TextSettings
from napari_sam.jobs import Executor


@pytest.mark.parametrize("kind", ["owlv2", "clip"])
def test_workers_open_the_folder_themselves(kind, request, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[10:30, 20:40] = pixels[40:50, 5:15] = 200
    for k, name in enumerate("ab"):
        tifffile.imwrite(images / f"{name}.tif", np.roll(pixels, k), photometric="rgb")
    written = []
    for workers in (0, 1):
        out = tmp_path / f"out{workers}"
        sam.label(
            images, out, words=["roof"], concepts=request.getfixturevalue(kind),
            text=TextSettings(threshold=0.0), model="pocket",
            executor=Executor(workers),
        )  # fmt: skip
        files = sorted((out / "labels").glob("?.*"))
        written.append([(path.name, path.read_bytes()) for path in files])
    assert [name for name, _ in written[0]] == ["a.csv", "a.tif", "b.csv", "b.tif"]
    assert len(written[0][0][1].splitlines()) > 1, "something is found"
    assert written[0] == written[1]
