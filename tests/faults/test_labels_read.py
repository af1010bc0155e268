"""Reading of labels: a row for each kind of file, and one reading by whoever reads it.

A new report is one row: its name, what writes the numbers of three objects, and the
numbers that are right, or words of the refusal.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from napari_sam.core.errors import NapariSamError
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.io import read_image, read_label_image
from napari_sam.jobs import PromptFiles

from .pictures import PALETTE, as_stored, exif_of, png

IDS = (3, 7, 12)
LABELS = np.zeros((20, 30), np.int64)
for _k, _id in enumerate(IDS):
    LABELS[2 + 5 * _k : 6 + 5 * _k, 3 : 12 + 4 * _k] = _id
MANY = np.where(LABELS > 0, LABELS + 100_000, 0)
HUGE = np.where(LABELS > 0, LABELS + 3_000_000_000, 0)
MANY_IDS = tuple(i + 100_000 for i in IDS)


def tif(labels, **options):
    return lambda path: tifffile.imwrite(path, labels, **options)


def palette(path, **options):
    picture = Pillow.fromarray(LABELS.astype(np.uint8), "L")
    picture.putpalette(PALETTE.tobytes())
    picture.save(path, **options)


def four_bits(path):
    """Write a grey PNG of 4 bits a pixel, which readers widen to 8."""
    pairs = LABELS.astype(np.uint8).reshape(20, 15, 2)
    content = bytearray(png(pairs[..., 0] << 4 | pairs[..., 1], 0, bits=8))
    content[16:25] = np.array([30, 20], ">u4").tobytes() + b"\x04"
    import zlib

    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    path.write_bytes(content)


def palette_raster(path):
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(path, "w", driver="GTiff", count=1, height=20, width=30,
                       dtype="uint8", transform=rasterio.Affine(1, 0, 9, 0, -1, 9),
                       ) as out:  # fmt: skip
        out.write(LABELS.astype(np.uint8), 1)
        out.write_colormap(1, {i: tuple(c) for i, c in enumerate(PALETTE)})


COLORMAP = PALETTE.T.astype(np.uint16) * 257
U8 = LABELS.astype(np.uint8)
ROWS = [
    ("u8.tif", tif(U8), IDS),
    ("u32.tif", tif(MANY.astype(np.uint32)), MANY_IDS),
    ("i32.tif", tif(MANY.astype(np.int32)), MANY_IDS),
    ("f32.tif", tif(MANY.astype(np.float32)), MANY_IDS),
    ("f16.tif", tif(LABELS.astype(np.float16)), IDS),
    ("f64.npy", partial(np.save, arr=LABELS.astype(float)), IDS),
    ("u64.npy", partial(np.save, arr=MANY.astype(np.uint64)), MANY_IDS),
    ("swapped.tif", tif(MANY.astype(np.uint32), byteorder=">"), MANY_IDS),
    ("bool.tif", tif(U8 > 0), (1,)),
    ("inverted.tif", tif(U8, photometric="miniswhite"), IDS),
    ("palette.tif", tif(U8, photometric="palette", colormap=COLORMAP), IDS),
    ("palette.png", palette, IDS),
    ("palette.gif", palette, (1, 2, 3)),  # its writer numbers the colours anew
    ("palette.bmp", palette, IDS),
    ("transparent.png", partial(palette, transparency=0), IDS),
    ("four-bits.png", four_bits, IDS),
    ("geo-palette.tif", palette_raster, IDS),
    ("16.png", lambda p: p.write_bytes(png(U8.astype(np.uint16), 0)), IDS),
    ("rgb.png", lambda p: Pillow.fromarray(np.stack([U8] * 3, -1)).save(p), IDS),
    ("grey-alpha.png", lambda p: Pillow.fromarray(
        np.stack([U8, np.full_like(U8, 255)], -1), "LA").save(p), IDS),
    ("colours.png", lambda p: Pillow.fromarray(PALETTE[LABELS]).save(p),
     "has channels"),
    ("negative.tif", tif(np.where(LABELS == 0, -1, LABELS).astype(np.int16)),
     "smallest is -1"),
    ("between.tif", tif(LABELS.astype(np.float32) + 0.25), "no whole numbers"),
    ("nan.tif", tif(np.where(LABELS == 3, np.nan, LABELS)), "NaN"),
    ("turned.tif", tif(as_stored(U8, 6), extratags=[(274, 3, 1, 6, True)]), IDS),
    ("turned.png", lambda p: Pillow.fromarray(as_stored(U8, 8)).save(
        p, exif=exif_of(8)), IDS),
]  # fmt: skip


def by_training_and_evaluation(image: Path, labels: Path):
    (one,) = read_labelled_images(image.parents[1])
    assert one.truth.shape == LABELS.shape
    return tuple(one.truth.ids.tolist())


def by_prompts(image: Path, labels: Path):
    found = PromptFiles(from_labels=labels).read(read_image(image))
    return tuple(sorted(at.object_id for at in found.prompts))


def by_dock(image: Path, labels: Path):
    from napari_sam.apps.dock.image_file import labels_layer

    data, _, kind = labels_layer(read_label_image(labels), "labels")
    assert kind == "labels"
    assert np.asarray(data).dtype.kind in "ui"
    return tuple(np.unique(data)[1:].tolist())


@pytest.mark.parametrize("read", [by_training_and_evaluation, by_prompts, by_dock])
@pytest.mark.parametrize(("name", "write", "right"), ROWS, ids=[r[0] for r in ROWS])
def test_labels_have_one_reading(tmp_path, read, name, write, right):
    labels = tmp_path / "set" / "labels" / f"a{Path(name).suffix}"
    image = tmp_path / "set" / "images" / "a.png"
    for folder in (labels.parent, image.parent):
        folder.mkdir(parents=True)
    write(labels)
    Pillow.fromarray(U8 * 9).save(image)
    if isinstance(right, str):
        with pytest.raises(NapariSamError, match=right):
            read(image, labels)
        return
    assert read(image, labels) == right


def test_labels_beside_a_turned_photograph_lie_on_it(tmp_path):
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    turned = Pillow.fromarray(as_stored(U8 * 9, 6))
    turned.save(tmp_path / "images/a.jpg", quality=100, exif=b"Exif\0\0" + exif_of(6))
    Pillow.fromarray(U8).save(tmp_path / "labels/a.png")
    (one,) = read_labelled_images(tmp_path)
    bright = one.frames[0].astype(int) > 20
    assert (bright == (one.labels > 0)).mean() > 0.95


def test_numbers_that_no_file_holds_are_refused_before_any_work(tmp_path):
    np.save(tmp_path / "a.npy", np.where(LABELS > 0, 2**40, 0))
    Pillow.fromarray(U8).save(tmp_path / "a.png")
    with pytest.raises(NapariSamError, match="larger than 4294967295"):
        by_prompts(tmp_path / "a.png", tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", HUGE)
    assert by_prompts(tmp_path / "a.png", tmp_path / "a.npy")[0] == 3_000_000_003
