import json
import subprocess
import sys

import numpy as np
import pytest
import tifffile
import zarr
from click.testing import CliRunner

import napari_sam as sam
from napari_sam.apps.cli import COMMANDS, main
from napari_sam.apps.cli.options.prompts import parse
from napari_sam.core.errors import PromptError
from napari_sam.io import read_image, write_labels, write_prompts

pytestmark = pytest.mark.usefixtures("threshold_model")


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


def failure(*args):
    """Run, expect a mistake, and return its one line."""
    result = run(*args)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


@pytest.fixture
def picture(tmp_path, blobs):
    write_labels(tmp_path / "picture.tif", blobs)
    return tmp_path / "picture.tif"


@pytest.fixture
def stack(tmp_path, blobs):
    write_labels(tmp_path / "stack.tif", np.stack([blobs, blobs.T, blobs]), axes="tyx")
    return tmp_path / "stack.tif"


def test_a_point_gives_a_label_image_and_a_table(picture, tmp_path):
    result = run("segment", picture, "--point", "15,25", "-o", tmp_path / "mask.tif")
    assert result.exit_code == 0, result.output
    assert "400  10,20,30,40" in result.stdout
    labels = tifffile.imread(tmp_path / "mask.tif")
    assert labels.shape == (64, 64)
    assert labels[15, 25] == 1
    assert labels.sum() == 400


def test_the_command_line_and_python_give_the_same_bytes(picture, tmp_path, blobs):
    run(
        "segment",
        picture,
        "--box",
        "5,0,60,25",
        "--point",
        "55,9",
        "--point",
        "15,25,-",
        "-o",
        tmp_path / "mask.tif",
    )
    said = (
        sam.Prompts.rectangle(5, 0, 60, 25).point(55, 9).point(15, 25, positive=False)
    )
    mask = sam.segment(blobs, said).full(blobs.shape)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "mask.tif"), mask)


def test_what_is_said_keeps_its_order(monkeypatch, picture):
    heard = []
    monkeypatch.setattr(
        "napari_sam.api.segment_objects", lambda image, asked: heard.append(asked) or {}
    )
    monkeypatch.setattr("napari_sam.api.paint", lambda *a: None)
    run(
        "segment",
        picture,
        "--point",
        "1,2",
        "--box=0,0,9,9",
        "--point=3,4,-",
        "--scribble",
        "1,1,2,2",
        "--polygon",
        "0,0,9,0,5,5",
    )
    ((said,),) = (h.values() for h in heard)
    expected = (
        sam.Prompts.point(1, 2)
        .rectangle(0, 0, 9, 9)
        .point(3, 4, positive=False)
        .scribble([(1, 1), (2, 2)])
        .polygon([(0, 0), (9, 0), (5, 5)])
    )
    assert said == expected


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_a_file_of_prompts_gives_one_label_each(stack, tmp_path, suffix):
    asked = {
        sam.Address(0, 1): sam.Prompts.point(15, 25),
        sam.Address(0, 300): sam.Prompts.point(55, 9),
        sam.Address(2, 5): sam.Prompts.rectangle(40, 0, 64, 20),
    }
    write_prompts(tmp_path / f"p.{suffix}", asked)
    out = tmp_path / "labels.tif"
    result = run("segment", stack, "--prompts", tmp_path / f"p.{suffix}", "-o", out)
    assert result.exit_code == 0, result.output
    found = read_image(out)
    assert (found.axes, found.data.shape) == ("tyx", (3, 64, 64))
    assert [np.unique(p).tolist() for p in found.data] == [[0, 1, 300], [0], [0, 5]]


def test_frame_chooses_the_plane_of_a_stack(stack, tmp_path):
    out = tmp_path / "labels.tif"
    run("segment", stack, "--frame", 1, "--point", "25,15", "-o", out)
    assert [int(p.sum()) for p in tifffile.imread(out)] == [0, 400, 0]


def test_an_overlay_is_saved_too(picture, tmp_path):
    out = tmp_path / "overlay.png"
    result = run("segment", picture, "--point", "15,25", "--overlay", out)
    assert result.exit_code == 0
    assert read_image(out).data.shape == (768, 768, 3)


def test_channels_are_chosen(tmp_path, blobs):
    many = np.stack([np.zeros_like(blobs)] * 4 + [blobs])
    tifffile.imwrite(tmp_path / "a.tif", many, imagej=True, metadata={"axes": "CYX"})
    point = ("segment", tmp_path / "a.tif", "--point", "15,25")
    assert "5 channels" in failure(*point)
    assert "400" in run(*point, "--channels", 4).stdout
    assert "called 'x'" in failure(*point, "--channels", "x")
    assert "counted from 0" in failure(*point, "--channels", "9")


def test_an_empty_mask_is_reported(picture):
    result = run("segment", picture, "--point", "0,0")
    assert result.exit_code == 0
    assert "The mask of object 1 in frame 0 is empty." in result.stderr


def test_a_threshold_shrinks_the_mask(picture):
    assert (
        "empty" in run("segment", picture, "--point", "15,25", "--threshold", 2).stderr
    )


def test_masks_of_the_model_itself_are_had_on_request(monkeypatch, picture):
    images = []
    monkeypatch.setattr(
        "napari_sam.api.segment_objects",
        lambda image, asked: images.append(image) or {},
    )
    for flags in ([], ["--connected"], ["--no-connected"]):
        run("segment", picture, "--point", "15,25", *flags)
    assert [image.connected for image in images] == [True, True, False]


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["--point", "99,5"], "outside the image, which has 64 rows"),
        (["--point", "5"], "expected ROW,COL"),
        (["--point", "a,b"], "expected ROW,COL"),
        (["--point", "nan,3"], "finite"),
        (["--box", "5,5,5,9"], "empty"),
        (["--box", "1,2,3"], "expected TOP,LEFT,BOTTOM,RIGHT"),
        (["--polygon", "1,2,3"], "expected ROW,COL"),
        (["--point", "5,5,-"], "No prompt is on"),
        ([], "Give prompts"),
        (["--point", "5,5", "--frame", "3"], "frame 3 of an image with 1"),
        (["--point", "5,5", "--axes", "tyx"], "does not describe"),
        (["--point", "5,5", "--model", "pockt"], "Did you mean 'pocket'"),
        (["--prompts", "gone.csv"], "gone.csv does not exist"),
        (["--prompts", "gone.csv", "--point", "1,1"], "cannot be given together"),
        (["--point", "15,25", "-o", "mask.jpg"], ".tif, .tiff, .png"),
        (["--point", "15,25", "--overlay", "a.xyz"], ".png, .jpg, .tif or .webp"),
        (["--point", "15,25", "-o", "/dev/null/mask.tif"], "/dev/null"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(picture, args, match):
    assert match in failure("segment", picture, *args)


def test_images_that_cannot_be_used_are_one_line(tmp_path):
    def ask(name):
        return failure("segment", tmp_path / name, "--point", "1,1")

    (tmp_path / "a.tif").write_text("hello")
    np.save(tmp_path / "nan.npy", np.full((8, 8), np.nan))
    np.save(tmp_path / "empty.npy", np.zeros((0, 8)))
    np.save(tmp_path / "three.npy", np.zeros((3, 8, 8)))
    assert "cannot be read as an image" in ask("a.tif")
    assert "does not exist" in ask("b.tif")
    assert "finite" in ask("nan.npy")
    assert "is empty" in ask("empty.npy")
    assert "needs axes" in ask("three.npy")


def test_a_path_that_cannot_be_written_is_said_before_any_work(picture, monkeypatch):
    monkeypatch.setattr("napari_sam.api.load_backend", lambda *a, **k: 1 / 0)
    failure("segment", picture, "--point", "1,1", "-o", "mask.doc")
    failure("demo", "-o", "demo.doc")


def test_zarr_is_segmented_plane_by_plane(tmp_path, blobs):
    array = zarr.create_array(
        tmp_path / "a.zarr",
        shape=(2, 64, 64),
        dtype="u1",
        dimension_names=("z", "y", "x"),
    )
    array[1] = blobs
    out = tmp_path / "mask.tif"
    result = run(
        "segment", tmp_path / "a.zarr", "--frame", 1, "--point", "15,25", "-o", out
    )
    assert result.exit_code == 0, result.output
    found = read_image(out)
    assert (found.axes, int(found.data[1].sum())) == ("zyx", 400)


def test_a_misspelt_command_is_met_with_the_right_one():
    result = run("segmnt")
    assert result.exit_code == 2
    assert "Did you mean 'segment'?" in result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: napari-sam")


def test_info_is_what_a_report_needs():
    text = run("info").stdout
    assert sam.__version__ in text
    assert "torch" in text
    found = json.loads(run("info", "--json").stdout)
    assert found["libraries"]["numpy"] == np.__version__
    assert set(found["models"]) == {"pocket", "threshold"}
    assert found["napari-sam"]["cpus"] >= 1


def test_models_are_listed():
    lines = run("models", "list").stdout.splitlines()
    assert any(line.startswith("* pocket ") for line in lines)
    (other,) = [line for line in lines if "threshold" in line]
    assert "offered by ?" in other


def test_the_demo_saves_a_picture_and_labels(tmp_path):
    result = run("demo", "-o", tmp_path / "out" / "demo.png")
    assert result.exit_code == 0, result.output
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["demo-cell.tif", "demo-coins.tif", "demo-ihc.tif", "demo.png"]
    assert "score" in result.stdout


def test_help_and_version_import_no_torch():
    code = (
        "import sys; from napari_sam.apps.cli import main\n"
        "for args in (['--help'], ['segment', '--help'], ['--version']):\n"
        "    main(args, standalone_mode=False)\n"
        "assert not {'torch', 'zarr', 'skimage', 'pandas'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("point", " 1 , 2 ", sam.Prompts.point(1, 2)),
        ("point", "-0.4,2,-", sam.Prompts.point(-0.4, 2, positive=False)),
        ("box", "1,2,3,4", sam.Prompts.rectangle(1, 2, 3, 4)),
        ("scribble", "1,2", sam.Prompts.scribble([(1, 2)])),
    ],
)
def test_values_are_read_as_they_are_documented(kind, text, said):
    assert parse(kind, text) == said


@pytest.mark.parametrize("text", ["1,2,3,4,-", "1;2;3;4", ""])
def test_a_box_is_four_numbers(text):
    with pytest.raises(PromptError, match="expected TOP"):
        parse("box", text)
