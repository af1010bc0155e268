"""Large images are opened, and only what is looked at is read."""

from concurrent.futures import ThreadPoolExecutor

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
import zarr

from napari_sam.core.errors import (
    AxesError,
    ImageError,
    MissingPackageError,
    NotAnImageError,
)
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.frames import Frames
from napari_sam.io import read_image
from napari_sam.io.readers import tiff
from napari_sam.io.readers.lazy import FileArray, window
from napari_sam.io.slicing import along_each_axis

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "where",
    [
        ...,
        2,
        -1,
        (slice(None), 3),
        (slice(1, 4), slice(2, None, 3), 0),
        (slice(None, None, -2), slice(7, 2, -1)),
        (..., slice(1, 2)),
        (slice(3, 3), 2),
        np.int64(2),
    ],
)
def test_slicing_is_that_of_numpy(tmp_path, where):
    data = np.arange(5 * 9 * 4).reshape(5, 9, 4)
    read = []

    def within(bounds):
        read.append(bounds)
        return data[tuple(slice(*b) for b in bounds)]

    lazy = FileArray(tmp_path / "a", data.shape, data.dtype, within)
    np.testing.assert_array_equal(lazy[where], data[where])
    assert lazy[where].shape == data[where].shape


def test_a_window_is_as_small_as_can_be():
    bounds, rest = window((slice(4, 10, 5), 2), (20, 30, 3))
    assert bounds == ((4, 10), (2, 3), (0, 3))
    assert rest == (slice(None, None, 5), 0, slice(None, None, 1))
    with pytest.raises(IndexError):
        window((0, 0, 0), (4, 4))
    with pytest.raises(IndexError):
        window(9, (4, 4))


def test_what_is_not_compressed_is_mapped(tmp_path):
    pixels = RNG.integers(0, 999, (3, 40, 50)).astype(">u2")
    tifffile.imwrite(
        tmp_path / "a.tif", pixels, imagej=True, metadata={"axes": "ZYX"}, byteorder=">"
    )
    found = read_image(tmp_path / "a.tif")
    assert isinstance(found.data, np.memmap)
    assert found.frames.dtype == found.frames[1].dtype == np.uint16
    np.testing.assert_array_equal(found.frames[1], pixels[1])


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A tiled and compressed pyramid, taken for one that is too large to read."""
    monkeypatch.setattr(tiff, "_SMALL", 0)
    pixels = RNG.integers(0, 255, (3, 160, 192), dtype=np.uint8)
    options = {"tile": (32, 32), "compression": "zlib", "photometric": "minisblack"}
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", bigtiff=True) as out:
        said = {
            "axes": "CYX",
            "PhysicalSizeX": 0.5,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": 0.25,
            "Channel": {"Name": ["dapi", "gfp", "rfp"]},
        }
        out.write(pixels, subifds=2, metadata=said, **options)
        for by in (2, 4):
            out.write(pixels[:, ::by, ::by], subfiletype=1, **options)
    return tmp_path / "a.ome.tif", pixels


def test_only_the_tiles_that_are_looked_at_are_decoded(large, monkeypatch):
    path, pixels = large
    found = read_image(path)
    assert isinstance(found.data, FileArray)
    decoded = []
    get = tifffile.zarr.ZarrTiffStore.get

    async def noted(self, key, *args, **kwargs):
        decoded.append(key)
        return await get(self, key, *args, **kwargs)

    monkeypatch.setattr(tifffile.zarr.ZarrTiffStore, "get", noted)
    region = Region(40, 70, 60, 90)
    np.testing.assert_array_equal(
        found.frames.read(0, region), pixels[:, 40:60, 70:90].transpose(1, 2, 0)
    )
    assert len(decoded) == 3  # one tile of 32 x 32 of each channel
    np.testing.assert_array_equal(found.data, pixels)


def test_a_pyramid_has_levels_sizes_and_names(large):
    path, pixels = large
    found = read_image(path)
    assert [level.shape for level in found.frames.levels] == [(3, 80, 96), (3, 40, 48)]
    np.testing.assert_array_equal(found.levels[0], pixels[:, ::2, ::2])
    assert found.scale == {"x": 0.5, "y": 0.25}
    assert found.units == {"x": "micrometer", "y": "micrometer"}
    assert found.channel_names == ("dapi", "gfp", "rfp")


def test_threads_may_read_at_once(large):
    path, pixels = large
    frames = read_image(path).frames
    corners = [(r, c) for r in range(0, 128, 16) for c in range(0, 160, 16)] * 4

    def same(at):
        part = frames.read(0, Region(*at, at[0] + 30, at[1] + 30))
        expected = pixels[:, at[0] : at[0] + 30, at[1] : at[1] + 30].transpose(1, 2, 0)
        return np.array_equal(part, expected)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(same, corners))


def test_a_file_that_was_cut_off_says_so_when_it_is_opened(tmp_path):
    for name, options in (("plain", {}), ("packed", {"compression": "zlib"})):
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, RNG.random((64, 64)), **options)
        path.write_bytes(path.read_bytes()[:-200])
        with pytest.raises(NotAnImageError, match=r"cut off: it has \d+ bytes"):
            read_image(path)


def test_damage_is_said_with_the_name_of_the_file(large):
    path, _ = large
    content = bytearray(path.read_bytes())
    content[2000:-2000] = bytes(len(content) - 4000)
    found = read_image(path)
    path.write_bytes(content)
    with pytest.raises(NotAnImageError, match=r"a\.ome\.tif cannot be read"):
        np.asarray(found.data)


def test_a_compression_that_needs_a_package_names_it(tmp_path, monkeypatch):
    class Without(dict):
        def __missing__(self, key):
            raise KeyError(key)

    tifffile.imwrite(tmp_path / "a.tif", np.zeros((64, 64)), compression="zlib")
    monkeypatch.setattr(tifffile.TIFF, "DECOMPRESSORS", Without(), raising=False)
    with pytest.raises(MissingPackageError, match="pip install imagecodecs"):
        read_image(tmp_path / "a.tif")


def test_imagej_says_how_large_a_pixel_is(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.zeros((2, 3, 8, 9), np.uint8),
        imagej=True,
        resolution=(4.0, 2.0),
        metadata={"axes": "TZYX", "unit": "um", "spacing": 2.5, "finterval": 30},
    )
    found = read_image(tmp_path / "a.tif")
    assert found.scale == {"t": 30.0, "z": 2.5, "y": 0.5, "x": 0.25}
    assert found.units == {"t": "second", **dict.fromkeys("zyx", "micrometer")}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_says_levels_sizes_and_names(tmp_path, version):
    form = 2 if version == "0.4" else 3
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=form)
    pixels = RNG.integers(0, 99, (2, 3, 16, 20), dtype=np.uint8)
    group.create_array("s0", data=pixels)
    group.create_array("s1", data=pixels[..., ::2, ::2])
    axes = [
        {"name": "c", "type": "channel"},
        {"name": "z", "type": "space", "unit": "micrometer", "strange": {"key": 1}},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space"},
    ]
    datasets = [
        {
            "path": f"s{k}",
            "coordinateTransformations": [
                {"type": "scale", "scale": [1, 2, 0.5 * 2**k, 0.25 * 2**k]},
                {"type": "translation", "translation": [0, 3, 1, 1]},
            ],
        }
        for k in range(2)
    ]
    said = {
        "multiscales": [
            {
                "axes": axes,
                "datasets": datasets,
                "unknown": [1],
                "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 1, 1]}],
            }
        ],
        "omero": {"channels": [{"label": "dapi"}, {"label": "gfp"}]},
    }
    group.attrs.update(said if form == 2 else {"ome": {"version": version, **said}})
    found = read_image(tmp_path / "a.zarr")
    assert found.axes == "czyx"
    assert found.scale == {"z": 4.0, "y": 0.5, "x": 0.25}
    assert found.units == {"z": "micrometer", "y": "micrometer"}
    assert found.translation == {"z": 6.0, "y": 1.0, "x": 1.0}
    assert found.channel_names == ("dapi", "gfp")
    assert [level.shape for level in found.frames.levels] == [(2, 3, 8, 10)]
    np.testing.assert_array_equal(found.frames[1][..., 0], pixels[0, 1])


def test_a_folder_is_a_stack_in_natural_order(tmp_path):
    for number in (10, 9, 1):
        iio.imwrite(tmp_path / f"f{number}.png", np.full((6, 7), number, np.uint8))
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.png").write_bytes(b"")
    found = read_image(tmp_path)
    assert (found.axes, found.data.shape) == ("tyx", (3, 6, 7))
    assert [found.frames[i][0, 0] for i in range(3)] == [1, 9, 10]
    assert read_image(tmp_path, axes="zyx").axes == "zyx"
    with pytest.raises(AxesError, match="one letter more"):
        read_image(tmp_path, axes="yx")


def test_a_folder_of_unlike_files_is_no_stack(tmp_path):
    iio.imwrite(tmp_path / "1.png", np.zeros((6, 7), np.uint8))
    iio.imwrite(tmp_path / "2.png", np.zeros((6, 8), np.uint8))
    frames = read_image(tmp_path).frames
    with pytest.raises(ImageError, match=r"1\.png has the shape \(6, 7\).*2\.png"):
        frames[1]


def test_npy_is_mapped(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(5))
    assert isinstance(read_image(tmp_path / "a.npy").data, np.memmap)


def test_other_arrays_are_sliced_as_they_are(tmp_path):
    data = RNG.integers(0, 99, (4, 30, 20), dtype=np.uint8)
    for package, wrap in {
        "dask.array": lambda m: m.from_array(data, chunks=(1, 10, 10)),
        "xarray": lambda m: m.DataArray(data, dims=("time", "y", "x")),
        "h5py": lambda m: m.File(tmp_path / "a.h5", "w").create_dataset("a", data=data),
    }.items():
        try:
            module = __import__(package, fromlist=["x"])
        except ImportError:
            continue
        frames = Frames(wrap(module), None if package == "xarray" else "tyx")
        part = frames.read(2, Region(3, 4, 9, 11))
        assert isinstance(part, np.ndarray)
        np.testing.assert_array_equal(part, data[2, 3:9, 4:11])


def test_an_ellipsis_stands_for_the_axes_that_are_left():
    every = slice(None)
    assert along_each_axis((1, ..., slice(2, 3)), 4) == [1, every, every, slice(2, 3)]
    assert along_each_axis(..., 2) == along_each_axis((), 2) == [every, every]
    assert along_each_axis((..., 1, 2), 2) == [1, 2]
