"""Reading of images: a row for each kind of file that people have brought.

A new report is one row: its name, what writes the file, and the pixels that are right
(those of the same picture as a plain PNG) or words of the refusal.
"""

import logging
import struct
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from napari_sam.core.errors import AxesError, NapariSamError
from napari_sam.io import read_image
from napari_sam.io.readers import other_packages

from .pictures import (
    ALPHA,
    BY_INKS,
    BY_PALETTE,
    DEEP,
    GREY,
    INKS,
    PALETTE,
    RGB,
    as_stored,
    exif_of,
    png,
    premultiplied,
)

COLORMAP = PALETTE.T.astype(np.uint16) * 257


def tif(pixels, **options):
    options.setdefault("metadata", None)
    return lambda path: tifffile.imwrite(path, pixels, **options)


def pillow(picture, **options):
    return lambda path: picture().save(path, **options)


def written(content):
    return lambda path: path.write_bytes(content)


def palette_picture(mode="P"):
    picture = Pillow.fromarray(GREY, "L")
    picture.putpalette(PALETTE.tobytes())
    return picture.convert(mode) if mode != "P" else picture


def jp2(pixels, mode, *, space=None):
    """Write a JPEG 2000 file without loss, of another colour space than it is."""

    def write(path):
        Pillow.fromarray(pixels, mode).save(path, irreversible=False)
        if space is not None:
            before, colr, after = path.read_bytes().partition(b"colr\x01\x00\x00")
            number = space.to_bytes(4, "big")
            path.write_bytes(before + colr + number + after[4:])

    return write


def photometric_of(pixels, number, **options):
    """Write a TIFF, and change its photometric interpretation afterwards."""

    def write(path):
        tifffile.imwrite(path, pixels, metadata=None, **options)
        with tifffile.TiffFile(path, mode="r+") as tiff:
            tiff.pages.first.tags[262].overwrite(number)

    return write


def turned_tif(pixels, orientation, **options):
    tag = (274, 3, 1, orientation, True)
    return tif(as_stored(pixels, orientation), extratags=[tag], **options)


def lut_tif(path):
    fire = np.stack([np.linspace(0, 255, 256)] * 3).astype(np.uint8)
    tifffile.imwrite(path, GREY, imagej=True, colormap=fire)


def luma_tif(path):
    y = np.stack([GREY, np.full_like(GREY, 128), np.full_like(GREY, 128)], -1)
    tag = (530, 3, 2, (1, 1), True)
    photometric_of(y, 6, photometric="rgb", extratags=[tag])(path)


def raster(pixels, **options):
    """Write a GeoTIFF by rasterio, bands first."""

    def write(path):
        import rasterio

        bands = pixels if pixels.ndim == 3 else pixels[None]
        colours = options.get("colormap")
        more = {k: v for k, v in options.items() if k != "colormap"}
        with rasterio.open(
            path, "w", driver=more.pop("driver", "GTiff"), count=len(bands),
            height=bands.shape[1], width=bands.shape[2], dtype=bands.dtype,
            transform=rasterio.Affine(2, 0, 100, 0, -2, 500), **more,
        ) as out:  # fmt: skip
            out.write(bands)
            if colours is not None:
                out.write_colormap(1, {i: tuple(c) for i, c in enumerate(colours)})

    return write


def animation(path):
    frames = [Pillow.fromarray(p) for p in (RGB, RGB[::-1].copy())]
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)


def pnm(kind, most, pixels):
    rows, cols = pixels.shape[:2]
    head = b"P%d\n# by hand\n%d %d\n%d\n" % (kind, cols, rows, most)
    return written(head + pixels.astype(">u2" if most > 255 else "u1").tobytes())


GREY2 = np.stack([GREY, ALPHA], -1)
RGBA = np.concatenate([RGB, ALPHA[..., None]], -1)
WHITE_IS_0 = photometric_of(255 - GREY, 0, photometric="minisblack")
WORDS = np.arange(GREY.size, dtype=np.float32).reshape(GREY.shape)

ROWS = [
    # Colours of a TIFF.
    ("palette.tif", tif(GREY, photometric="palette", colormap=COLORMAP), BY_PALETTE),
    ("palette-zip.tif", tif(GREY, photometric="palette", colormap=COLORMAP,
                            compression="zlib", tile=(16, 16)), BY_PALETTE),
    ("palette-8.tif", tif(GREY, photometric="palette",
                          colormap=PALETTE.T.astype(np.uint16)), BY_PALETTE),
    ("palette-16.tif", tif(GREY.astype(np.uint16), photometric="palette",
                           colormap=np.pad(COLORMAP, ((0, 0), (0, 65280)))),
     BY_PALETTE),
    ("palette-stack.tif", tif(np.stack([GREY, GREY]), photometric="palette",
                              colormap=COLORMAP, metadata={"axes": "ZYX"}), BY_PALETTE),
    ("lut.tif", lut_tif, GREY),
    ("cmyk.tif", tif(INKS, photometric="separated"), BY_INKS),
    ("cmyk-planar.tif", tif(np.moveaxis(INKS, -1, 0), photometric="separated",
                            planarconfig="separate"), BY_INKS),
    ("white-is-0.tif", WHITE_IS_0, GREY),
    ("white-is-0-16.tif", tif(65535 - DEEP[..., 0], photometric="miniswhite"),
     DEEP[..., 0]),
    ("white-is-0-1.tif", tif(GREY < 128, photometric="miniswhite"), GREY >= 128),
    ("one-bit.tif", tif(GREY > 99, photometric="minisblack"), GREY > 99),
    ("luma.tif", luma_tif, np.repeat(GREY[..., None], 3, -1)),
    ("grey-alpha.tif", tif(GREY2, photometric="minisblack", planarconfig="contig",
                           extrasamples=["unassalpha"]), GREY),
    ("planar.tif", tif(np.moveaxis(RGB, -1, 0), photometric="rgb",
                       planarconfig="separate"), RGB),
    ("rgba.tif", tif(RGBA, photometric="rgb", extrasamples=["unassalpha"]), RGBA),
    ("big-endian.tif", tif(DEEP, photometric="rgb", byteorder=">"), DEEP),
    ("big.tif", tif(DEEP, photometric="rgb", bigtiff=True), DEEP),
    ("half.tif", tif(WORDS.astype(np.float16)), WORDS.astype(np.float16)),
    ("int8.tif", tif(GREY.view(np.int8)), GREY.view(np.int8)),
    ("uint32.tif", tif(GREY.astype(np.uint32) << 20), GREY.astype(np.uint32) << 20),
    ("complex.tif", tif(WORDS.astype(np.complex64)), "complex64"),
    ("subsampled.tif", photometric_of(RGB, 6, photometric="rgb"), "YCbCr"),
    ("lab-float.tif", photometric_of(RGB.astype(np.float32), 8, photometric="rgb"),
     r"CIE L\*a\*b\*.*as RGB"),
    ("lab-d65.tif", photometric_of(RGB, 8, photometric="rgb", extratags=[
        (318, 5, 2, (3127, 10000, 3290, 10000), True)]), "another white"),
    ("itu-lab.tif", photometric_of(RGB, 10, photometric="rgb"), r"ITU L\*a\*b\*"),
    ("cfa.tif", photometric_of(GREY, 32803, photometric="minisblack"), "colour filter"),
    ("logl.tif", photometric_of(GREY, 32844, photometric="minisblack"), "LogL"),
    ("raw.tif", photometric_of(GREY, 34892, photometric="minisblack"), "LinearRaw"),
    # Orientation.
    *[(f"tag-{k}.tif", turned_tif(RGB, k, photometric="rgb"), RGB)
      for k in range(1, 9)],
    ("tag-6-grey.tif", turned_tif(DEEP[..., 0], 6), DEEP[..., 0]),
    ("tag-8-planar.tif", tif(
        np.moveaxis(as_stored(RGB, 8), -1, 0), photometric="rgb",
        planarconfig="separate", extratags=[(274, 3, 1, 8, True)]), RGB),
    *[(f"exif-{k}.png", pillow(partial(Pillow.fromarray, as_stored(RGB, k)),
                               exif=exif_of(k)), RGB) for k in range(1, 9)],
    ("exif-6.webp", pillow(partial(Pillow.fromarray, as_stored(RGB, 6)), lossless=True,
                           exif=b"Exif\0\0" + exif_of(6)), RGB),
    ("exif-6-deep.png", written(png(as_stored(DEEP, 6), 2, exif=6)), DEEP),
    # Depth.
    ("48.png", written(png(DEEP, 2)), DEEP),
    ("64.png", written(png(np.concatenate([DEEP, DEEP[..., :1]], -1), 6)),
     np.concatenate([DEEP, DEEP[..., :1]], -1)),
    ("grey-alpha-16.png", written(png(DEEP[..., :2], 4)), DEEP[..., 0]),
    ("16.png", written(png(DEEP[..., 0], 0)), DEEP[..., 0]),
    ("48.ppm", pnm(6, 65535, DEEP), DEEP),
    ("16.pgm", pnm(5, 4095, DEEP[..., 0] >> 4), DEEP[..., 0] >> 4),
    ("8.ppm", pnm(6, 255, RGB), RGB),
    # Other pictures.
    ("grey-alpha.png", pillow(partial(Pillow.fromarray, GREY2, "LA")), GREY),
    ("palette.png", pillow(palette_picture), BY_PALETTE),
    ("palette.gif", pillow(palette_picture), BY_PALETTE),
    ("palette.bmp", pillow(palette_picture), BY_PALETTE),
    ("transparent.png", pillow(palette_picture, transparency=7), BY_PALETTE),
    ("one-bit.png", pillow(lambda: Pillow.fromarray(GREY > 99)), GREY > 99),
    ("colours.webp", pillow(partial(Pillow.fromarray, RGB), lossless=True), RGB),
    ("moves.webp", animation, RGB),
    ("inks.jp2", jp2(INKS, "CMYK"), BY_INKS),
    ("cielab.jp2", jp2(RGB, "RGB", space=14), "CIELab"),
    ("unknown.jp2", jp2(RGB, "RGB", space=77), "number 77"),
    ("colours.jp2", pillow(partial(Pillow.fromarray, RGB), irreversible=False), RGB),
    ("inside.tif", written(png(DEEP, 2)), DEEP),  # a PNG under another suffix
    # Rasters.
    ("geo-palette.tif", raster(GREY, colormap=PALETTE), BY_PALETTE),
    ("geo-grey-alpha.tif", raster(np.stack([GREY, ALPHA]), alpha="YES"), GREY),
    ("geo-white-is-0.tif", raster(255 - GREY, photometric="MINISWHITE"), GREY),
    ("geo-rgb.tif", raster(np.moveaxis(RGB, -1, 0), photometric="RGB"), RGB),
    ("envi.dat", raster(DEEP[..., 0], driver="ENVI"), DEEP[..., 0]),
    ("ehdr.bil", raster(DEEP[..., 0], driver="EHdr"), DEEP[..., 0]),
    # Not images, or images that another package reads.
    ("slide.czi", written(b"ZISRAWFILE" + bytes(99)), "bioio-czi"),
    ("slide.nd2", written(bytes(99)), "bioio-nd2"),
    ("slide.lif", written(bytes(99)), "bioio-lif"),
    ("slide.oib", written(bytes(99)), "bioio-bioformats"),
    ("slide.vsi", tif(GREY), "bioio-bioformats"),  # a TIFF with a thumbnail in front
    ("slide.mrxs", written(bytes(99)), "bioio-bioformats"),
    ("camera.dng", tif(GREY), "camera"),
    ("words.asc", written(b"a grid of nothing\n" * 99), "cannot be read as an image"),
    ("words.dat", written(b"words\n" * 99), "neither content nor suffix"),
    ("table.npz", written(b"PK\x03\x04" + bytes(99)), "cannot be read as an image"),
    ("paper.pdf", written(b"%PDF-1.7\n"), "a PDF"),
    ("photo.heic", written(b"\0\0\0\x18ftypheic" + bytes(99)), "HEIC"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "write", "right"), ROWS, ids=[r[0] for r in ROWS])
def test_an_image_is_read_as_meant_or_refused(tmp_path, name, write, right):
    path = tmp_path / name
    write(path)
    if isinstance(right, str):
        with pytest.raises(NapariSamError, match=right) as caught:
            read_image(path)
        assert len(str(caught.value).splitlines()) == 1
        return
    found = read_image(path)
    plane = found.frames[0]
    assert plane.dtype == right.dtype
    np.testing.assert_array_equal(plane, right)
    assert found.axes.endswith("c") == (right.ndim == 3)


@pytest.mark.parametrize(
    ("name", "package"),
    [("a.dcm", "pydicom"), ("dicom", "pydicom"), ("a.nii.gz", "nibabel"),
     ("a.mrc", "mrcfile"), ("a.rec", "mrcfile")],
)  # fmt: skip
def test_what_a_package_reads_that_is_not_there_names_it(
    tmp_path, monkeypatch, name, package
):
    monkeypatch.setattr(other_packages, "find_spec", lambda name: None)
    (tmp_path / name).write_bytes(bytes(128) + b"DICM" + bytes(400))
    with pytest.raises(NapariSamError, match=f"pip install {package}"):
        read_image(tmp_path / name)


def test_inks_of_a_jpeg_are_not_inverted(tmp_path):
    flat = np.broadcast_to(INKS[:1, :1], (16, 16, 4)).copy()
    Pillow.fromarray(flat, "CMYK").save(tmp_path / "a.jpg", quality=100)
    found = read_image(tmp_path / "a.jpg").frames[0].astype(int)
    assert np.abs(found - BY_INKS[0, 0]).max() <= 3


def test_brightness_and_colour_of_a_jpeg_2000_become_rgb(tmp_path):
    luma = np.asarray(Pillow.fromarray(RGB).convert("YCbCr"))
    Pillow.fromarray(luma, "YCbCr").save(tmp_path / "a.jp2", irreversible=False)
    found = read_image(tmp_path / "a.jp2").frames[0].astype(int)
    right = np.asarray(Pillow.fromarray(luma, "YCbCr").convert("RGB")).astype(int)
    assert np.abs(found - right).max() <= 3


def test_what_is_wrong_with_a_jpeg_2000_is_said_once_and_in_one_line(tmp_path, capfd):
    path = tmp_path / "a.jp2"
    Pillow.fromarray(np.tile(RGB, (9, 9, 1))).save(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"\xff\x51") + 13] ^= 4  # its height
    path.write_bytes(content)
    with pytest.raises(NapariSamError, match="cannot be read") as caught:
        np.asarray(read_image(path).data)
    assert len(str(caught.value).splitlines()) == 1
    assert "previous exception" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_jpeg_is_upright(tmp_path, orientation):
    ramp = np.add.outer(np.arange(16) * 9, np.arange(24) * 4).astype(np.uint8)
    stored = Pillow.fromarray(as_stored(ramp, orientation))
    stored.save(
        tmp_path / "a.jpg", quality=100, exif=b"Exif\0\0" + exif_of(orientation)
    )
    found = read_image(tmp_path / "a.jpg").frames[0].astype(int)
    assert np.abs(found - ramp).max() <= 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_multiplied_by_their_opacity_are_divided_by_it(tmp_path, dtype):
    most = np.iinfo(dtype).max
    pixels = RGB.astype(dtype) * (most // 255)
    alpha = np.full(GREY.shape, most // 2, dtype)
    tifffile.imwrite(tmp_path / "a.tif", premultiplied(pixels, alpha),
                     photometric="rgb", extrasamples=["assocalpha"])  # fmt: skip
    found = read_image(tmp_path / "a.tif").frames[0].astype(float)
    assert np.abs(found - pixels).max() <= 2


def test_lazy_pixels_of_any_window_are_those_of_the_whole(tmp_path):
    pixels = np.tile(GREY, (9, 7))
    tags = [(274, 3, 1, 6, True)]
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="palette",
                     colormap=COLORMAP, extratags=tags)  # fmt: skip
    data = read_image(tmp_path / "a.tif").data
    right = PALETTE[np.rot90(pixels, -1)]
    assert not isinstance(data, np.ndarray), "mapped into memory"
    np.testing.assert_array_equal(data[5:31, 9:80, 1:3], right[5:31, 9:80, 1:3])


def test_a_picture_of_any_size_is_opened_without_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 8)
    Pillow.fromarray(RGB).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").data, RGB)


def test_a_picture_beyond_memory_is_refused_before_it_is_decoded(tmp_path):
    content = bytearray(png(GREY, 0, bits=8))
    content[16:24] = b"\x7f\xff\xff\xff\x7f\xff\xff\xff"
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(NapariSamError, match=r"GB of memory|cannot be read"):
        read_image(tmp_path / "a.png")


def test_the_largest_of_several_images_is_read_and_the_others_are_said(
    tmp_path, caplog
):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as out:
        out.write(GREY[:5, :5], metadata=None)
        out.write(RGB, photometric="rgb", metadata=None)
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(read_image(path).data, RGB)
    assert "2 images" in caplog.text
    assert "--series" in caplog.text
    np.testing.assert_array_equal(read_image(path, series=0).data, GREY[:5, :5])
    with pytest.raises(NapariSamError, match="2 images"):
        read_image(path, series=2)


def test_positions_of_an_ome_tiff_are_series(tmp_path, caplog):
    path = tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as out:
        for k in range(3):
            out.write(GREY + k, metadata={"axes": "YX"})
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(read_image(path).data, GREY)
    assert "3 images" in caplog.text
    np.testing.assert_array_equal(read_image(path, series=2).data, GREY + 2)


@pytest.mark.parametrize(
    ("axes", "given"),
    [("CYXS", "tyxc"), ("TCYXS", "tzyxc"), ("CSYX", "tcyx"), ("TZCYXS", None)],
)
def test_channels_of_colours_are_refused_and_read_as_planes(tmp_path, axes, given):
    sizes = {"C": 2, "S": 3, "Y": 11, "X": 17, "T": 4, "Z": 5}
    shape = tuple(sizes[a] for a in axes)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    planar = {"planarconfig": "separate"} if axes == "CSYX" else {}
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", metadata={"axes": axes}, **planar)
    with pytest.raises(AxesError, match="2 channels of 3 colours each") as why:
        read_image(path)
    if given is None:
        assert "--axes" not in str(why.value)
        return
    assert f"--axes {given}." in str(why.value)
    found = read_image(path, axes=given)
    right = pixels[-1] if axes != "TCYXS" else pixels[-1, -1]
    right = np.moveaxis(right, 0, -1) if axes == "CSYX" else right
    np.testing.assert_array_equal(found.frames[len(found.frames) - 1], right)


def test_an_ome_tiff_of_which_a_file_is_missing_is_refused(tmp_path):
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, np.stack([GREY, GREY]), ome=True, metadata={"axes": "ZYX"})
    with tifffile.TiffFile(path) as tiff:
        text = tiff.ome_metadata
    other = '<UUID FileName="b.ome.tif">urn:uuid:1</UUID>'
    data = f'<TiffData FirstZ="1" IFD="0">{other}</TiffData>'
    text = text.replace("</Pixels>", f"{data}</Pixels>")
    tifffile.tiffcomment(path, text.encode())
    with pytest.raises(NapariSamError, match=r"b\.ome\.tif"):
        read_image(path)


@pytest.mark.parametrize(
    ("name", "sidecar"), [("a.jpg", "a.jgw"), ("a.tif", "a.tfw"), ("a.png", "a.wld"),
                          ("a.png", "a.pngw"), ("a.jpg", "a.JGW")]
)  # fmt: skip
def test_a_world_file_is_read(tmp_path, name, sidecar):
    Pillow.fromarray(GREY).save(tmp_path / name)
    (tmp_path / sidecar).write_text("2\n0\n0\n-2\n101\n499\n")
    assert read_image(tmp_path / name).transform == (2, 0, 100, 0, -2, 500)


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf2.5\r\n0\r\n0\r\n-2.5\r\n1.25\r\n8.75\r\n",
     b"2,5\n0,0\n0,0\n-2,5\n1,25\n8,75\n"],
    ids=["mark", "commas"],
)  # fmt: skip
def test_a_world_file_of_other_programs_is_read(tmp_path, content):
    Pillow.fromarray(GREY).save(tmp_path / "a.png")
    (tmp_path / "a.pgw").write_bytes(content)
    assert read_image(tmp_path / "a.png").transform == (2.5, 0, 0, 0, -2.5, 10)


@pytest.mark.parametrize("name", ["EPSG:32633", "+proj=utm +zone=33"])
def test_a_reference_system_beside_an_image_may_be_named(tmp_path, name):
    Pillow.fromarray(GREY).save(tmp_path / "a.png")
    (tmp_path / "a.pgw").write_text("2\n0\n0\n-2\n101\n499\n")
    (tmp_path / "a.png.aux.xml").write_text(
        f"<PAMDataset><SRS>{name}</SRS></PAMDataset>"
    )
    assert read_image(tmp_path / "a.png").crs == name


def test_a_world_file_is_turned_with_its_image(tmp_path):
    stored = Pillow.fromarray(as_stored(GREY, 6))
    stored.save(tmp_path / "a.png", exif=exif_of(6))
    (tmp_path / "a.pgw").write_text("2\n0\n0\n-2\n101\n499\n")
    a, b, c, d, e, f = read_image(tmp_path / "a.png").transform
    rows = GREY.shape[0]
    # The upright pixel (0, 0) is the first of the last stored row ... of its columns.
    row, col = 3, 5
    stored_row, stored_col = stored.height - 1 - col, row
    assert stored.height == GREY.shape[1]
    assert stored.width == rows
    x = a * (col + 0.5) + b * (row + 0.5) + c
    y = d * (col + 0.5) + e * (row + 0.5) + f
    assert (x, y) == (100 + 2 * (stored_col + 0.5), 500 - 2 * (stored_row + 0.5))


def test_a_broken_world_file_is_said(tmp_path):
    Pillow.fromarray(GREY).save(tmp_path / "a.png")
    (tmp_path / "a.pgw").write_text("2\n0\nzero\n")
    with pytest.raises(NapariSamError, match=r"a\.pgw.*six numbers"):
        read_image(tmp_path / "a.png")


def test_ground_control_points_are_a_transform(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    from rasterio.control import GroundControlPoint as Point

    path = tmp_path / "a.tif"
    at = [(0, 0), (0, 17), (11, 0), (11, 17)]
    points = [Point(r, c, 100 + 2 * c, 500 - 2 * r) for r, c in at]
    with rasterio.open(path, "w", driver="GTiff", count=1, height=11, width=17,
                       dtype="uint8") as out:  # fmt: skip
        out.write(GREY, 1)
        out.gcps = (points, rasterio.CRS.from_epsg(32616))
    found = read_image(path)
    assert found.crs == "EPSG:32616"
    assert found.transform == pytest.approx((2, 0, 100, 0, -2, 500))


def test_a_transform_without_a_reference_system_is_written_back(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    from napari_sam.io import write_labels

    raster(GREY)(tmp_path / "a.tif")
    found = read_image(tmp_path / "a.tif")
    assert found.crs is None
    write_labels(tmp_path / "b.tif", (GREY > 99).astype(np.uint8), like=found)
    with rasterio.open(tmp_path / "b.tif") as written_back:
        assert tuple(written_back.transform)[:6] == (2, 0, 100, 0, -2, 500)


def test_metres_of_a_local_system_are_metres(tmp_path):
    pytest.importorskip("rasterio")
    from napari_sam.io.geo_transform import reprojected

    raster(GREY, crs='LOCAL_CS["site",UNIT["metre",1]]')(tmp_path / "a.tif")
    found = read_image(tmp_path / "a.tif")
    assert found.units == {"y": "meter", "x": "meter"}
    with pytest.raises(NapariSamError, match="site") as caught:
        reprojected(np.array([[1.0, 2.0]]), found.crs, "OGC:CRS84")
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 500


def test_a_mask_of_valid_pixels_is_said(tmp_path, caplog):
    rasterio = pytest.importorskip("rasterio")
    path = tmp_path / "a.tif"
    raster(np.moveaxis(RGB, -1, 0), photometric="RGB")(path)
    with rasterio.open(path, "r+") as out:
        out.write_mask(GREY > 99)
    with caplog.at_level(logging.WARNING):
        read_image(path)
    assert "mask of valid pixels" in caplog.text


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_stack_whose_axes_are_given_has_its_colours_and_is_upright(
    tmp_path, orientation
):
    stored = as_stored(GREY, orientation)
    with tifffile.TiffWriter(tmp_path / "a.tif") as out:
        tags = [(274, 3, 1, orientation, False)]
        out.write(np.stack([stored, stored]), photometric="palette",
                  colormap=COLORMAP, metadata=None, extratags=tags)  # fmt: skip
    with pytest.raises(NapariSamError, match="needs axes"):
        read_image(tmp_path / "a.tif")
    found = read_image(tmp_path / "a.tif", axes="tyx")
    assert found.axes == "tyxc"
    np.testing.assert_array_equal(found.frames[1], BY_PALETTE)


def test_axes_of_a_file_are_given_as_they_are_stored(tmp_path):
    pixels = np.moveaxis(RGB, -1, 0)
    tif(pixels, photometric="rgb", planarconfig="separate")(tmp_path / "a.tif")
    found = read_image(tmp_path / "a.tif", axes="cyx")
    np.testing.assert_array_equal(found.frames[0], RGB)


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [((1, 0, 0, 1), (0, 0)), ((0, 1, -1, 0), (0, -1)), ((-1, 0, 0, -1), (-1, -1)),
     ((0, -1, 1, 0), (-1, 0))],
)  # fmt: skip
def test_a_film_is_upright_as_the_phone_was_held(tmp_path, matrix, corner):
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:16, :16] = 255
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode())
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44  # the matrix that turns it for the screen
    a, b, c, d = (n << 16 for n in matrix)
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    frame = read_image(path).frames[0]
    assert frame.shape[:2] == ((64, 48) if matrix[0] == 0 else (48, 64))
    assert frame[corner].min() > 200
    assert frame[24, 24].max() < 60


@pytest.mark.parametrize("kind", ["a.nii", "a.roi"])
def test_remarks_of_other_packages_are_not_printed(tmp_path, kind):
    path = tmp_path / kind
    code = "read_image(path).frames[0]"
    if kind == "a.nii":
        nibabel = pytest.importorskip("nibabel")
        nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6), "u1"), np.eye(4)), path)
        path.write_bytes(b"\x5d" + path.read_bytes()[1:])
    else:
        roifile = pytest.importorskip("roifile")
        ring = np.array([[4, 4], [9, 4], [9, 9]])
        roifile.ImagejRoi.frompoints(ring, name="n" * 30).tofile(path)
        path.write_bytes(path.read_bytes()[:-8])
        code = "read_prompts(path, image=Image(data=np.zeros((99, 99)), axes='yx'))"
    code = (
        "import sys, numpy as np\nfrom napari_sam.io import *\n"
        "from napari_sam.io import Image\n"
        "from napari_sam.core.errors import AxesError, NapariSamError\n"
        f"path = sys.argv[1]\ntry:\n    {code}\nexcept NapariSamError: pass"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True,
                          check=True)  # fmt: skip
    assert done.stderr == b""


@pytest.fixture(scope="module")
def managed():
    """L*a*b* of the colours of sRGB, and the colours that lcms makes of that."""
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    exact = {"flags": ImageCms.Flags.NOOPTIMIZE}
    there = ImageCms.buildTransform(srgb, lab, "RGB", "LAB", **exact)
    back = ImageCms.buildTransform(lab, srgb, "LAB", "RGB", **exact)
    picture = ImageCms.applyTransform(Pillow.fromarray(RGB // 2 + 64), there)
    right = ImageCms.applyTransform(picture, back)
    return picture, np.asarray(right).astype(int)


def test_lab_colours_are_those_of_colour_management(tmp_path, managed):
    picture, right = managed
    picture.save(tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.pages.first.photometric == 8
    found = read_image(tmp_path / "a.tif").frames[0]
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - right).max() <= 2


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("number", [8, 9])
@pytest.mark.parametrize("planar", [False, True])
def test_lab_of_any_depth_and_order_is_the_same(
    tmp_path, managed, bits, number, planar
):
    picture, right = managed
    stored = np.asarray(picture)  # a* and b* signed
    tints = stored[..., 1:].view(np.int8).astype(np.int64) + (128 if number == 9 else 0)
    light = stored[..., :1].astype(np.int64)
    if bits == 16:
        tints = tints * 256
        light = light * (257 if number == 8 else 256)
    pixels = np.concatenate([light, tints], -1).astype(f"u{bits // 8}")
    more = {"photometric": "rgb"}
    if planar:
        pixels = np.moveaxis(pixels, -1, 0)
        more["planarconfig"] = "separate"
    photometric_of(np.ascontiguousarray(pixels), number, **more)(tmp_path / "a.tif")
    found = read_image(tmp_path / "a.tif").frames[0].astype(int)
    assert np.abs(found // (257 if bits == 16 else 1) - right).max() <= 2
