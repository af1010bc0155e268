import numpy as np
import pytest

from napari_sam.core.address import Address
from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError, MissingFileError, PromptError
from napari_sam.core.prompts import Prompts
from napari_sam.io import (
    compose,
    draw_overlay,
    read_image,
    read_prompts,
    write_labels,
    write_overlay,
    write_prompts,
)
from napari_sam.io.pictures import colour_of

SAID = {
    Address(0, 1): Prompts.point(20, 20).point(5, 5, positive=False),
    Address(2, 7): Prompts.rectangle(4, 4, 30, 30),
}
OUTLINE = [(40, 40), (40, 55), (55, 50)]


@pytest.mark.parametrize(
    ("most", "kind"), [(1, np.uint8), (300, np.uint16), (70_000, np.uint32)]
)
@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("yx", (9, 8)),
        ("tyx", (3, 9, 8)),
        ("tzyx", (3, 2, 9, 8)),
        ("ztyx", (3, 2, 9, 8)),
    ],
)
def test_labels_come_back_with_their_axes(tmp_path, most, kind, axes, shape):
    labels = np.random.default_rng(0).integers(0, most + 1, shape)
    labels.flat[0] = most
    write_labels(tmp_path / "a.tif", labels, axes=axes)
    found = read_image(tmp_path / "a.tif")
    assert found.axes == axes
    assert found.data.dtype == kind
    np.testing.assert_array_equal(found.data, labels)


def test_labels_as_png(tmp_path):
    labels = np.array([[0, 1], [2, 999]])
    write_labels(tmp_path / "a.png", labels)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").data, labels)


@pytest.mark.parametrize(
    ("name", "labels", "axes", "match"),
    [
        ("a.jpg", np.zeros((4, 4), int), "yx", "written as .tif"),
        ("a.png", np.zeros((2, 4, 4), int), "tyx", "one frame"),
        ("a.tif", np.zeros((2, 4, 4), int), "yx", "shape"),
        ("a.tif", np.zeros((4, 4)), "yx", "whole numbers"),
        ("a.tif", -np.ones((4, 4), int), "yx", "whole numbers"),
        ("a.tif", np.full((4, 4), 2**33), "yx", "larger"),
    ],
)
def test_labels_that_cannot_be_written_are_refused(tmp_path, name, labels, axes, match):
    with pytest.raises(ImageError, match=match):
        write_labels(tmp_path / name, labels, axes=axes)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write():
        with replacing(path) as temporary:
            temporary.write_text("half")
            assert path.read_text() == "old"
            assert temporary.parent == path.parent
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_success_moves_the_whole_file_into_place(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_prompts_come_back(tmp_path, suffix):
    path = tmp_path / f"prompts.{suffix}"
    write_prompts(path, SAID)
    assert read_prompts(path) == SAID


def test_files_of_prompts_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"gone\.csv"):
        read_prompts(tmp_path / "gone.csv")
    with pytest.raises(PromptError, match=r"\.csv, \.json"):
        read_prompts(tmp_path / "prompts.txt")
    (tmp_path / "bad.csv").write_text("object,row,col\n1,x,2\n")
    with pytest.raises(PromptError, match=r"bad\.csv: Line 2"):
        read_prompts(tmp_path / "bad.csv")
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PromptError, match=r"bad\.json cannot be read"):
        read_prompts(tmp_path / "bad.json")


def grey(rows, cols):
    return np.full((rows, cols, 3), 90, np.uint8)


def coloured(picture, colour):
    return (np.abs(picture.astype(int) - colour).max(-1) < 12).sum()


@pytest.mark.parametrize("size", [(64, 64), (700, 900), (64, 3000), (1, 1)])
def test_an_overlay_is_legible_at_any_size(size):
    labels = np.zeros(size, int)
    labels[size[0] // 4 : size[0] // 2 + 1, size[1] // 4 : size[1] // 2 + 1] = 3
    middle = [s // 3 for s in size]
    drawn = draw_overlay(grey(*size), labels, {3: Prompts.point(*middle)})
    assert 700 <= max(drawn.shape) <= 2048
    if min(size) > 1:
        assert coloured(drawn, (40, 200, 80)) > 30
        assert coloured(drawn, colour_of(3)) > 30


def test_a_positive_point_is_green_and_a_negative_one_red():
    for positive, colour in ((True, (40, 200, 80)), (False, (235, 50, 45))):
        said = {1: Prompts.point(32, 32, positive=positive)}
        drawn = draw_overlay(grey(64, 64), np.zeros((64, 64), int), said)
        assert coloured(drawn, colour) > 30
        at = np.argwhere(np.abs(drawn.astype(int) - colour).max(-1) < 12).mean(0)
        np.testing.assert_allclose(at, 32.5 * drawn.shape[0] / 64, atol=3)


def test_everything_that_can_be_said_is_drawn():
    for said in (
        Prompts.rectangle(4, 4, 30, 30),
        Prompts.polygon(OUTLINE),
        Prompts.polygon(OUTLINE, positive=False),
        Prompts.scribble(OUTLINE),
        Prompts.from_mask(np.ones((5, 5))),
    ):
        blank = np.zeros((64, 64), int)
        with_it = draw_overlay(grey(64, 64), blank, {1: said})
        assert (with_it != draw_overlay(grey(64, 64), blank)).any()


def test_the_picture_itself_is_not_changed():
    picture = grey(64, 64)
    draw_overlay(picture, np.ones((64, 64), int), {1: Prompts.point(5, 5)})
    assert (picture == 90).all()


def test_an_overlay_is_saved_as_a_picture(tmp_path):
    write_overlay(tmp_path / "a.png", grey(64, 64), np.eye(64, dtype=int), {})
    assert read_image(tmp_path / "a.png").axes == "yxc"


def test_panels_stand_side_by_side():
    sheet = compose([(grey(50, 60), "one"), (grey(50, 30), "two")], gap=10)
    assert sheet.shape[1] == 60 + 30 + 30
    assert sheet.shape[0] > 60


def test_an_overlay_of_a_grey_picture_is_that_of_the_same_in_colour(tmp_path):
    plain, labels = np.full((40, 60), 90, np.uint8), np.zeros((40, 60), int)
    labels[10:20, 10:30] = 1
    colour = np.repeat(plain[..., None], 3, axis=2)
    drawn = draw_overlay(plain, labels)
    np.testing.assert_array_equal(drawn, draw_overlay(colour, labels))
    write_overlay(tmp_path / "grey.png", plain, labels, {1: Prompts.point(15, 20)})
    assert (tmp_path / "grey.png").stat().st_size


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((40, 60), np.uint16), r"uint16; expected"),
        (np.zeros((40, 60, 4), np.uint8), r"\(40, 60, 4\).*expected"),
        (np.zeros((40, 50), np.uint8), r"\(40, 60\) on a picture of \(40, 50\)"),
    ],
)
def test_a_picture_that_labels_cannot_be_drawn_on_is_refused(picture, message):
    with pytest.raises(ImageError, match=message):
        draw_overlay(picture, np.zeros((40, 60), int))
