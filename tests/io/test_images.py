import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
import zarr

from napari_sam.core.errors import (
    AxesError,
    MissingFileError,
    NapariSamError,
    NotAnImageError,
)
from napari_sam.io import read_image

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("axes", "options"),
    [
        ("YX", {}),
        ("ZYX", {"imagej": True}),
        ("TZCYX", {"imagej": True}),
        ("TCYX", {"ome": True}),
        ("ZYX", {"ome": True}),
    ],
)
def test_a_tiff_that_says_its_axes_needs_no_others(tmp_path, axes, options):
    sizes = {"T": 3, "Z": 2, "C": 2, "Y": 9, "X": 8}
    pixels = RNG.integers(0, 999, [sizes[a] for a in axes]).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pixels, metadata={"axes": axes}, **options)
    found = read_image(tmp_path / "a.tif")
    assert found.axes == axes.lower()
    np.testing.assert_array_equal(found.data, pixels)


def test_samples_of_a_tiff_are_channels(tmp_path):
    rgb = RNG.integers(0, 99, (9, 8, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", rgb, photometric="rgb")
    assert read_image(tmp_path / "a.tif").axes == "yxc"


def test_a_tiff_that_does_not_say_its_axes_needs_them(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 9, 8), np.float32), metadata=None)
    with pytest.raises(AxesError, match=r"a\.tif: .*needs axes"):
        read_image(tmp_path / "a.tif")
    assert len(read_image(tmp_path / "a.tif", axes="tyx").frames) == 5


def test_axes_that_are_given_win(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.zeros((5, 9, 8), np.uint8),
        imagej=True,
        metadata={"axes": "ZYX"},
    )
    assert read_image(tmp_path / "a.tif", axes="tyx").axes == "tyx"


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_pictures_are_grey_or_colour(tmp_path, suffix):
    grey = RNG.integers(0, 255, (9, 8), dtype=np.uint8)
    rgb = RNG.integers(0, 255, (9, 8, 3), dtype=np.uint8)
    for pixels, axes in ((grey, "yx"), (rgb, "yxc")):
        path = tmp_path / f"{axes}.{suffix}"
        iio.imwrite(path, pixels)
        found = read_image(path)
        assert found.axes == axes
        np.testing.assert_array_equal(found.data, pixels)


def test_16_bits_of_a_png_survive(tmp_path):
    pixels = RNG.integers(0, 60_000, (9, 8)).astype(np.uint16)
    iio.imwrite(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").data, pixels)


def test_zarr_says_its_axes_by_dimension_names(tmp_path):
    array = zarr.create_array(
        tmp_path / "a.zarr",
        shape=(4, 9, 8),
        dtype="u2",
        dimension_names=("t", "y", "x"),
    )
    array[:] = 7
    found = read_image(tmp_path / "a.zarr")
    assert (found.axes, len(found.frames)) == ("tyx", 4)
    assert not isinstance(found.data, np.ndarray), "read plane by plane"


def test_ome_zarr_says_where_its_finest_level_is(tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("0", shape=(2, 9, 8), dtype="u1")
    names = [{"name": a, "type": "space"} for a in "zyx"]
    group.attrs["ome"] = {"multiscales": [{"axes": names, "datasets": [{"path": "0"}]}]}
    assert read_image(tmp_path / "a.zarr").axes == "zyx"
    group.attrs.clear()
    with pytest.raises(NotAnImageError, match="without an image"):
        read_image(tmp_path / "a.zarr")


def test_npy_is_read_without_pickles(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(5))
    assert read_image(tmp_path / "a.npy").axes == "yx"
    np.save(tmp_path / "b.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(NotAnImageError):
        read_image(tmp_path / "b.npy")


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg", "a.txt", "a.npy", "a"])
@pytest.mark.parametrize("content", [b"", b"not an image at all" * 20])
def test_a_file_that_is_no_image_is_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotAnImageError, match="cannot be read as an image") as caught:
        read_image(tmp_path / name)
    assert len(str(caught.value).splitlines()) == 1


def test_a_truncated_tiff_is_no_image(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, RNG.random((64, 64)), compression="zlib")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(NapariSamError):
        read_image(path)


def test_a_folder_that_is_no_zarr_is_no_image(tmp_path):
    with pytest.raises(NotAnImageError):
        read_image(tmp_path)


def test_what_is_not_there_is_missing(tmp_path):
    with pytest.raises(MissingFileError, match="does not exist"):
        read_image(tmp_path / "a.tif")
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "a.tif")


def test_an_empty_image_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((0, 5)))
    with pytest.raises(NotAnImageError, match=r"a\.npy: The image is empty"):
        read_image(tmp_path / "a.npy")
