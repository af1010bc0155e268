"""Objects cut out of their image: pictures, a sheet, videos with transparency."""

import csv

import av
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image

import napari_sam as sam
from napari_sam.apps.cli import main
from napari_sam.core.errors import ImageError, SettingError
from napari_sam.core.images.appearance import Appearance
from napari_sam.datasets.class_table import write_classes
from napari_sam.io.cutouts.crop import opacity
from napari_sam.io.cutouts.settings import CutoutSettings
from napari_sam.io.cutouts.sheet import draw_sheet

SHAPE = (40, 60)
EXACT = Appearance(limits=((0, 255),))


@pytest.fixture
def labels():
    """Object 3 has a hole, 7 is in two parts, 9 is at the rim."""
    labels = np.zeros(SHAPE, np.uint16)
    labels[5:15, 6:18] = 3
    labels[8:11, 10:14] = 0
    labels[20:24, 30:34] = labels[28:32, 36:44] = 7
    labels[36:40, 50:60] = 9
    return labels


@pytest.fixture
def pixels():
    rng = np.random.default_rng(0)
    return rng.integers(1, 255, (*SHAPE, 3)).astype(np.uint8)


def cut(pixels, labels, **settings):
    image = sam.Frames(pixels, "yxc" if pixels.ndim == 3 else None)
    found = sam.cutouts(image, labels, settings=CutoutSettings(**settings))
    return {one.object_id: one for one in found}


def test_the_mask_is_the_opacity_and_colours_are_those_of_the_image(pixels, labels):
    found = cut(pixels, labels)
    assert list(found) == [3, 7, 9]
    for number, one in found.items():
        inside = (labels == number)[one.region.slices]
        np.testing.assert_array_equal(one.pixels[..., 3], inside * 255)
        seen = pixels[one.region.slices]
        np.testing.assert_array_equal(one.pixels[inside, :3], seen[inside])
        assert (one.pixels[~inside] == 0).all()  # nothing else of the image is there
        assert one.area == inside.sum()
    assert found[3].region.slices == (slice(1, 19), slice(2, 22))
    assert found[9].region.bottom == SHAPE[0]


def test_a_feather_is_a_ramp_across_the_outline():
    mask = np.zeros((20, 40), bool)
    mask[:, 20:] = True
    ramp = opacity(mask, 4.0)
    np.testing.assert_allclose(ramp[10, 17:23], [0, 0.125, 0.375, 0.625, 0.875, 1])
    assert (ramp[0] == ramp[10]).all()  # the rim of the image is no outline
    assert (opacity(np.ones((3, 3), bool), 4.0) == 1).all()
    assert (opacity(np.zeros((3, 3), bool), 4.0) == 0).all()


def test_a_feather_widens_the_window(pixels, labels):
    [one] = cut(pixels, labels == 3, margin=0, feather=6).values()
    assert one.region.slices == (slice(2, 18), slice(3, 21))
    assert 0 < one.pixels[3, 8, 3] < 255


@pytest.mark.parametrize("background", ["white", "black", "blurred"])
def test_backgrounds_are_opaque(pixels, labels, background):
    one = cut(pixels, labels, background=background)[3]
    inside = (labels == 3)[one.region.slices]
    seen = pixels[one.region.slices]
    assert (one.pixels[..., 3] == 255).all()
    np.testing.assert_array_equal(one.pixels[inside, :3], seen[inside])
    behind = one.pixels[~inside, :3]
    if background == "blurred":
        assert behind.std() < seen[~inside].std() / 2
        assert abs(behind.mean() - seen.mean()) < 15
    else:
        assert (behind == (255 if background == "white" else 0)).all()


def test_16_bits_are_shown_by_limits_of_the_whole_image(labels):
    image = np.full(SHAPE, 1000, np.uint16)
    image[labels == 3] = 3000
    image[labels == 7] = 2000
    found = cut(image, labels)
    assert found[3].pixels[..., 0].max() == 255
    assert found[7].pixels[..., 0].max() == pytest.approx(128, abs=2)


def test_channels_are_chosen(labels):
    image = np.zeros((*SHAPE, 5), np.uint8)
    image[..., 4] = 200
    shown = Appearance(channels=(4,), limits=((0, 255),))
    [one] = sam.cutouts(sam.Frames(image, "yxc"), labels, objects=[9], appearance=shown)
    assert one.pixels[one.pixels[..., 3] > 0][:, :3].tolist() == [[200] * 3] * 40


def test_a_folder_has_a_picture_for_each_and_a_table(tmp_path, pixels, labels):
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    write_classes(tmp_path / "labels.csv", {3: "big / roof", 7: "tree"})
    image = sam.Frames(pixels, "yxc")
    count = sam.write_cutouts(image, tmp_path / "labels.tif", tmp_path / "out")
    assert count == 3
    rows = list(csv.DictReader((tmp_path / "out" / "cutouts.csv").open()))
    assert [r["file"] for r in rows] == [
        "00003_big_roof.png", "00007_tree.png", "00009.png",
    ]  # fmt: skip
    assert [r["class"] for r in rows] == ["big / roof", "tree", ""]
    for row, one in zip(rows, cut(pixels, labels).values(), strict=True):
        picture = np.array(Image.open(tmp_path / "out" / row["file"]))
        np.testing.assert_array_equal(picture, one.pixels)
        assert int(row["top"]) == one.region.top


def test_only_cut_outs_are_replaced(tmp_path, pixels, labels):
    image, out = sam.Frames(pixels, "yxc"), tmp_path / "out"
    sam.write_cutouts(image, labels, out)
    with pytest.raises(ImageError, match="is there already"):
        sam.write_cutouts(image, labels, out)
    sam.write_cutouts(image, labels == 3, out, overwrite=True)
    assert len(list(out.iterdir())) == 2
    (out / "mine.png").write_bytes(b"mine")
    with pytest.raises(ImageError, match=r"it holds mine\.png, which is no cut-out"):
        sam.write_cutouts(image, labels, out, overwrite=True)
    assert {p.name for p in tmp_path.iterdir()} == {"out"}


def test_an_interruption_leaves_nothing(tmp_path, pixels, labels):
    work = sam.iter_write_cutouts(sam.Frames(pixels, "yxc"), labels, tmp_path / "out")
    next(work)
    work.close()
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_has_every_object_at_one_scale(pixels, labels):
    found = list(cut(pixels, labels, margin=0).values())
    sheet = draw_sheet(found)
    colours = {tuple(c) for c in sheet.reshape(-1, 3).tolist()}
    for one in found:
        inside = one.pixels[..., 3] > 0
        assert {tuple(c) for c in one.pixels[inside, :3].tolist()} <= colours
    seen = (sheet != 255).any(2).sum()
    area = sum(one.area for one in found)
    zoom = seen / area
    assert round(zoom) in (1, 4, 9, 16, 25, 36, 49, 64)
    first = np.argwhere((sheet != 255).any(2))[0]
    largest = max(found, key=lambda one: one.area)
    corner = largest.pixels[..., :3][largest.pixels[..., 3] > 0][0]
    np.testing.assert_array_equal(sheet[tuple(first)], corner)


def test_a_bar_has_the_length_that_it_says(pixels, labels):
    found = list(cut(pixels, labels).values())
    plain = draw_sheet(found)
    barred = draw_sheet(found, pixel_size=0.5, unit="micrometer")
    foot = barred[plain.shape[0] :]
    length = int((foot[10] < 100).all(1).sum())
    zoom = (plain != 255).any(2).sum() / sum(one.area for one in found)
    micrometers = length * 0.5 / round(zoom**0.5)
    assert min(abs(micrometers - n) / n for n in (1, 2, 5, 10, 20, 50)) < 0.02
    assert 0.05 < length / plain.shape[1] < 0.21


def test_texts_are_legible_without_a_font_of_their_letters(monkeypatch):
    from PIL import ImageDraw

    from napari_sam.io.cutouts import sheet

    monkeypatch.setattr(sheet, "_FONTS", ("none-such.ttf",))

    def written(text):
        picture = Image.new("L", (160, 30))
        sheet._write(ImageDraw.Draw(picture), (0, 0), text, 18, (255,))
        return np.array(picture).tolist()

    assert written("5 µm") == written("5 um")
    assert written("débris") == written("debris")
    assert written("日") == written("?")


def test_classes_have_headings(pixels, labels):
    found = list(
        sam.cutouts(sam.Frames(pixels, "yxc"), labels, classes={3: "roof", 7: "tree"})
    )
    by_class = draw_sheet(found, sort="class")
    assert by_class.shape[0] > draw_sheet(found, sort="number").shape[0] + 60
    with pytest.raises(ImageError, match="no object"):
        draw_sheet([])


def test_a_large_sheet_is_made_smaller(pixels, labels, monkeypatch):
    monkeypatch.setattr("napari_sam.io.cutouts.sheet._LONGEST", 600)
    found = list(cut(pixels, labels).values())
    many = draw_sheet(found * 200)
    assert max(many.shape) <= 900
    assert (many != 255).any(2).mean() > 0.05


@pytest.fixture
def movie():
    """A disc that moves to the right, and is away once; frames ``(t, y, x)``."""
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]]
    masks = [(rows - 20) ** 2 + (cols - 15 - 6 * t) ** 2 < 81 for t in range(5)]
    masks[3][:] = False
    labels = np.stack(masks).astype(np.uint8) * 4
    labels[:, 0:3, 0:3] = 6
    image = np.where(labels == 4, 200, 40).astype(np.uint8)
    return image, labels


def decode(path):
    """Frames as RGBA; VP9 has its opacity only for libvpx."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        own = stream.codec_context.name.startswith("prores")
        decoder = stream if own else av.CodecContext.create("libvpx-vp9", "r")
        found = []
        for packet in container.demux(stream):
            found += decoder.decode(packet)
        assert float(stream.average_rate) == 5
        assert all("a" in frame.format.name for frame in found)
        return [with_opacity(frame) for frame in found]


def with_opacity(frame):
    """Red, green, blue and opacity, this from its own plane: swscale may spoil it."""
    shape, plane = (frame.height, frame.width), frame.planes[3]
    deep = plane.line_size >= 2 * frame.width and "p1" in frame.format.name
    values = np.frombuffer(plane, np.uint16 if deep else np.uint8)
    bits = int(frame.format.name.split("p")[-1][:2]) if deep else 8
    alpha = values.reshape(frame.height, -1)[:, : frame.width] >> (bits - 8)
    colours = frame.to_ndarray(format="rgb24")
    assert colours.shape[:2] == shape
    return np.dstack([colours, alpha.astype(np.uint8)])


@pytest.mark.parametrize("suffix", [".webm", ".mov"])
@pytest.mark.parametrize("follow", [False, True])
def test_a_video_keeps_its_opacity(tmp_path, movie, suffix, follow):
    image, labels = movie
    path = tmp_path / f"out{suffix}"
    count = sam.write_cutouts(
        image, labels, path, axes="tyx", objects=[4], appearance=EXACT,
        settings=CutoutSettings(rate=5, follow=follow),
    )  # fmt: skip
    frames = decode(path)
    assert count == len(frames) == 5
    for time, frame in enumerate(frames):
        alpha, there = frame[..., 3], labels[time] == 4
        blurred = 0 if suffix == ".mov" else 3
        assert abs(int((alpha > 127).sum()) - there.sum()) <= blurred
        if there.any():
            solid = alpha > 250
            assert abs(frame[solid][:, 0].mean() - 200) < 4
            middle = np.argwhere(alpha > 127).mean(0)[1]
            assert middle == pytest.approx(13 if follow else 13 + 6 * time, abs=1)
        else:
            assert alpha.max() < 8
    assert frames[0].shape[1] == (26 if follow else 50)


def test_what_cannot_be_cut_out_is_told(tmp_path, movie, pixels, labels):
    image, moving = movie
    still = sam.Frames(pixels, "yxc")
    for labels_given, path, more, words in (
        (labels, "a.webm", {}, "a video has several frames, and the image has one"),
        (labels, "a.gif", {}, r"a\.gif: cut-outs are a folder, a sheet"),
        (labels, "a", {"objects": [8]}, "There is no object 8 in the labels"),
        (labels[:9], "a", {}, "do not lie on the image"),
        (labels * 0, "a.png", {}, "There is no object in the labels"),
    ):
        with pytest.raises(ImageError, match=words):
            sam.write_cutouts(still, labels_given, tmp_path / path, **more)
    with pytest.raises(ImageError, match="no object 5"):
        sam.write_cutouts(image, moving, tmp_path / "a.mov", axes="tyx", objects=[5])
    with pytest.raises(SettingError, match="margin"):
        CutoutSettings(margin=-1)
    assert list(tmp_path.iterdir()) == []


def run(*args):
    return CliRunner().invoke(main, ["cutout", *(str(a) for a in args)])


def test_the_command(tmp_path, movie):
    image, labels = movie
    for name, array in (("image", image), ("labels", labels)):
        tifffile.imwrite(tmp_path / f"{name}.tif", array, metadata={"axes": "TYX"})
    files = tmp_path / "image.tif", tmp_path / "labels.tif"
    result = run(*files, "-o", tmp_path / "out", "--objects", "4", "--feather", "2")
    assert result.exit_code == 0, result.output
    assert "4 objects in" in result.output
    names = sorted(p.name for p in (tmp_path / "out").glob("*.png"))
    assert names == [f"frame000{t}_00004.png" for t in (0, 1, 2, 4)]
    result = run(*files, "-o", tmp_path / "o.webm", "--objects", "4", "--rate", "5")
    assert result.exit_code == 0, result.output
    assert "5 frames in" in result.output
    assert len(decode(tmp_path / "o.webm")) == 5
    scale = ("--scale", "y=0.2,x=0.2", "--unit", "micrometer")
    result = run(*files, "-o", tmp_path / "bar.png", *scale)
    assert result.exit_code == 0, result.output
    assert run(*files, "-o", tmp_path / "no.png", "-q").output == ""
    tall, short = (Image.open(tmp_path / n).height for n in ("bar.png", "no.png"))
    assert tall == short + 46
    result = run(*files, "-o", tmp_path / "x", "--objects", "a")
    assert (result.exit_code, "expected numbers" in result.output) == (2, True)
