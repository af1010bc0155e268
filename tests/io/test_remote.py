"""Images behind URLs: only what is looked at is fetched."""

import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import fsspec
import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
import zarr

import napari_sam as sam
from napari_sam.core.errors import (
    MissingFileError,
    MissingPackageError,
    NotAnImageError,
)
from napari_sam.io import read_image
from napari_sam.io.readers.remote import as_url
from napari_sam.testing import ThresholdBackend

rng = np.random.default_rng(0)


@pytest.fixture
def memory():
    """Put files into memory; returns their URL."""

    def put(name, local):
        url = f"memory://{uuid4()}/{name}"
        fsspec.filesystem("memory").put(str(local), url, recursive=local.is_dir())
        return url

    return put


@pytest.fixture
def served():
    """Serve files by ranges; counts the bytes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, *, body):
            file = server.folder / self.path.lstrip("/")
            if not file.is_file():
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            size = file.stat().st_size
            start, stop = 0, size
            if asked:
                start = int(asked[1])
                stop = min(int(asked[2]) + 1, size) if asked[2] else size
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(stop - start))
            self.end_headers()
            if body:
                with file.open("rb") as opened:
                    opened.seek(start)
                    self.wfile.write(opened.read(stop - start))
                server.sent += stop - start

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.sent, server.daemon_threads = 0, True
    server.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def picture(side=200):
    return rng.integers(0, 255, (side, side), np.uint8)


@pytest.mark.parametrize("options", [{}, {"tile": (64, 64), "compression": "zlib"}])
def test_a_tiff_is_read_as_if_it_were_here(memory, tmp_path, options):
    pixels = rng.integers(0, 9999, (3, 200, 150), np.uint16)
    path = tmp_path / "cells.ome.tif"
    said = {"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm"}
    tifffile.imwrite(path, pixels, metadata=said, **options)
    here, there = read_image(path), read_image(memory(path.name, path))
    assert (there.axes, there.scale, there.units) == (here.axes, here.scale, here.units)
    assert there.path is None
    np.testing.assert_array_equal(there.data[1, 50:90, 3:70], pixels[1, 50:90, 3:70])
    np.testing.assert_array_equal(np.asarray(there.data), pixels)


def test_pyramids_of_zarr_and_tiff_have_their_levels(memory, tmp_path):
    pixels, path = picture(), tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(pixels, tile=(64, 64), subifds=1)
        tiff.write(pixels[::2, ::2], tile=(64, 64), subfiletype=1)
    group = zarr.open_group(tmp_path / "cells.zarr", mode="w")
    scales = []
    for k, level in enumerate((pixels, pixels[::2, ::2])):
        group.create_array(str(k), data=level, chunks=(64, 64))
        scale = {"type": "scale", "scale": [0.5 * 2**k] * 2}
        scales.append({"path": str(k), "coordinateTransformations": [scale]})
    axes = [{"name": a, "type": "space", "unit": "micrometer"} for a in "yx"]
    group.attrs["ome"] = {
        "version": "0.5",
        "multiscales": [{"axes": axes, "datasets": scales}],
    }
    for local in (path, tmp_path / "cells.zarr"):
        found = read_image(memory(local.name, local))
        assert found.axes == "yx"
        np.testing.assert_array_equal(found.data[50:90, 3:70], pixels[50:90, 3:70])
        (coarser,) = found.levels
        np.testing.assert_array_equal(coarser[5:50, 7:90], pixels[::2, ::2][5:50, 7:90])
    assert found.scale == {"y": 0.5, "x": 0.5}


def test_a_geotiff_keeps_its_coordinates(memory, tmp_path):
    rasterio = pytest.importorskip("rasterio")
    pixels, path = picture(), tmp_path / "scene.tif"
    options = {"height": 200, "width": 200, "count": 1, "dtype": "uint8"}
    at = rasterio.transform.from_origin(5e5, 4e6, 10, 10)
    with rasterio.open(path, "w", crs="EPSG:32633", transform=at, **options) as raster:
        raster.write(pixels, 1)
    found = read_image(memory("scene.tif", path))
    assert found.crs == "EPSG:32633"
    assert found.transform == (10, 0, 5e5, 0, -10, 4e6)
    np.testing.assert_array_equal(found.data[50:90, 3:70], pixels[50:90, 3:70])


def test_small_pictures_and_arrays_are_fetched_whole(memory, tmp_path):
    pixels = picture(30)
    iio.imwrite(tmp_path / "a.png", pixels)
    np.save(tmp_path / "a.npy", pixels)
    for name in ("a.png", "a.npy"):
        found = read_image(memory(name, tmp_path / name))
        np.testing.assert_array_equal(found.data, pixels)
        assert found.axes == "yx"


def test_a_click_on_a_large_image_fetches_a_small_part_of_it(served, tmp_path):
    side, tile = 8192, rng.integers(0, 90, (256, 256), np.uint8)
    tile[100:130, 90:140] = 200
    count = (side // 256) ** 2
    served.folder = tmp_path
    tifffile.imwrite(
        tmp_path / "large.tif",
        (tile.tobytes() for _ in range(count)),
        shape=(side, side),
        dtype=np.uint8,
        tile=(256, 256),
    )
    group = zarr.create_array(
        tmp_path / "large.zarr",
        shape=(side, side),
        chunks=(256, 256),
        dtype="u1",
        dimension_names=("y", "x"),
        compressors=None,
    )
    group[4096:4608, 4096:4608] = np.tile(tile, (2, 2))
    look = sam.Appearance(limits=((0.0, 255.0),))
    for name in ("large.tif", "large.zarr"):
        served.sent = 0
        found = read_image(f"{served.url}/{name}")
        asked = sam.PromptableImage(found.frames, ThresholdBackend(), appearance=look)
        answer = asked.segment(sam.Prompts.point(4096 + 110, 4096 + 100))
        assert answer.area == 30 * 50
        assert 0 < served.sent < 0.02 * side * side


def test_urls_are_told_from_paths(tmp_path, monkeypatch):
    assert as_url("s3://bucket/a.zarr") == "s3://bucket/a.zarr"
    assert as_url(Path("https://host/a.tif")) == "https://host/a.tif"
    for local in ("C:/a.tif", "a.tif", "file:///a.tif", "/a:/b.tif", Path("a.tif")):
        assert as_url(local) is None
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:").mkdir()
    (tmp_path / "ab:").mkdir()
    (tmp_path / "ab:" / "c.tif").touch()
    assert as_url(Path("ab:/c.tif")) is None


def test_what_is_wrong_is_said(memory, tmp_path, monkeypatch):
    for name in ("a.tif", "a.zarr", "a.npy"):
        with pytest.raises(MissingFileError, match="memory://nowhere/a"):
            read_image(f"memory://nowhere/{name}")
    (tmp_path / "a.tif").write_bytes(b"no tiff at all")
    with pytest.raises(NotAnImageError, match=r"a\.tif cannot be read"):
        read_image(memory("a.tif", tmp_path / "a.tif"))
    with pytest.raises(NotAnImageError, match="not read from afar"):
        read_image("memory://x/film.mp4")
    with pytest.raises(NotAnImageError, match="cannot be opened"):
        read_image("nosuch://x/a.tif")
    if "s3fs" not in sys.modules:
        monkeypatch.setitem(sys.modules, "s3fs", None)
        with pytest.raises(MissingPackageError, match="s3fs"):
            read_image("s3://bucket/a.tif")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingPackageError, match="pip install fsspec"):
        read_image("memory://x/a.tif")
