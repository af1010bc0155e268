"""What the command line says: one line for a mistake, before the work, and no more."""

import csv
import json

import numpy as np
import pytest
import tifffile
import zarr
from click.testing import CliRunner

from napari_sam.apps.cli import main
from napari_sam.apps.cli.options.image import IMAGE

pytestmark = pytest.mark.usefixtures("threshold_model")
POINT = ("--point", "15,25")


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture
def picture(tmp_path, blobs):
    tifffile.imwrite(tmp_path / "p.tif", blobs)
    return tmp_path / "p.tif"


@pytest.fixture
def no_model(monkeypatch):
    def never(*_):
        pytest.fail("the model was opened before the mistake was said")

    monkeypatch.setattr("napari_sam.apps.cli.segment.open_model", never)


def one_line(result):
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize(
    ("args", "match"),
    [
        (("-o", "gone/a.tif"), "gone does not exist"),
        (("--overlay", "gone/a.png"), "gone does not exist"),
        (("--table", "gone/a.csv"), "gone does not exist"),
        (("--table", "a.xlsx"), ".csv, .tsv or .json"),
        (("--threshold", "nan"), "a finite number"),
        (("--threshold", "inf"), "a finite number"),
        (("--gamma", "nan"), "a finite number"),
        (("--point", "nan,5"), "finite"),
        (("-o", "a.kml"), "no coordinates"),
    ],
)
def test_mistakes_are_one_line_before_the_model_is_opened(picture, args, match):
    where = picture.parent
    own = [f"{where}/{a}" if "." in a and a[0] != "-" else a for a in args]
    assert match in one_line(run("segment", picture, *POINT, *own))


@pytest.mark.parametrize(
    ("line", "match", "command"),
    [
        ("segmnt a.png", "'segment'", ""),
        ("--frob", "--frob", ""),
        ("models ad", "'add'", "models"),
        ("models add", "FILE", "models add"),
        ("segment a.png --frob", "--frob", "segment"),
        ("segment a.png --tile 1e12", "'1e12' is not a valid integer", "segment"),
        ("segment a.png --workers 0", "x>=1", "segment"),
        ("segment a.png --as foo", "'box', 'point', 'mask'", "segment"),
        ("segment a.png b.png", "b.png", "segment"),
        ("segment a.png -o", "'-o' requires an argument", "segment"),
        ("propagate a.png --frames 1", "2 arguments", "propagate"),
        ("apply a.json", "IMAGE", "apply"),
        ("embed a.png", "--store", "embed"),
        ("store info", "PATH", "store info"),
        ("train", "-o FILE", "train"),
        ("evaluate pocket", "DATA", "evaluate"),
        ("everything a.png", "--output", "everything"),
    ],
)
def test_a_mistake_in_typing_is_one_line_that_says_where_help_is(line, match, command):
    said = one_line(run(*line.split()))
    assert match in said
    assert said.endswith(f"For help: {f'napari-sam {command}'.strip()} --help")


@pytest.mark.usefixtures("no_model")
def test_labels_too_large_for_png_are_refused_before_the_work(picture, tmp_path):
    (tmp_path / "p.csv").write_text("object,row,col\n70000,15,25\n")
    line = one_line(
        run(
            "segment",
            picture,
            "--prompts",
            tmp_path / "p.csv",
            "-o",
            tmp_path / "a.png",
        )
    )
    assert "up to 65535" in line
    assert "70000" in line


def test_a_damaged_chunk_of_a_zarr_is_one_line(tmp_path, blobs):
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=(64, 64), chunks=(64, 64), dtype="uint8"
    )
    array[:] = blobs
    (chunk,) = [p for p in (tmp_path / "a.zarr").rglob("0") if p.is_file()]
    chunk.write_bytes(chunk.read_bytes()[: -len(chunk.read_bytes()) // 2])
    line = one_line(run("segment", tmp_path / "a.zarr", "--axes", "yx", *POINT))
    assert "cannot be read" in line


def test_pixels_that_need_a_codec_name_the_package():
    from napari_sam.core.errors import MissingPackageError
    from napari_sam.core.images.frames import Frames

    class Compressed:
        shape, dtype = (9, 9), np.dtype(np.uint8)

        def __getitem__(self, index):
            raise ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

    with pytest.raises(MissingPackageError, match="pip install imagecodecs"):
        Frames(Compressed())[0]


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.zarr"])
def test_a_refused_connection_is_said(name):
    pytest.importorskip("aiohttp")
    line = one_line(run("segment", f"http://127.0.0.1:9/{name}", *POINT))
    assert "No server answers" in line


def test_quiet_prints_nothing_and_a_log_has_no_returns(picture, tmp_path):
    rows = "".join(f"{n},15,25\n" for n in range(1, 41))
    (tmp_path / "p.csv").write_text(f"object,row,col\n{rows}")
    args = ("segment", picture, "--prompts", tmp_path / "p.csv")
    said = run(*args)
    assert "\r" not in said.stderr
    assert 1 <= said.stderr.count("object ") <= 12
    quiet = run(*args, "-q")
    assert (quiet.exit_code, quiet.output) == (0, "")
    assert run("-q", *args).output == ""


@pytest.mark.parametrize(
    "line",
    [
        "embed p.tif --store s",
        "embed p.tif --store s --workers 1",
        "train -o w.safetensors --steps 1 --synthetic 1 --workers 0 --set images=1 "
        "--set crop=64",
        "evaluate threshold --synthetic 1 --objects 1",
        "evaluate threshold --synthetic 1 --objects 1 -o report",
        "demo -o demo.png --model threshold",
        "propagate p.tif --axes tyx --from-labels l.tif -o o.tif --frame 0",
        "everything p.tif -o o.tif --method grid --points 2",
        "store clear s --yes",
    ],
)
def test_quiet_commands_print_nothing(picture, monkeypatch, blobs, line):
    monkeypatch.chdir(picture.parent)
    tifffile.imwrite("l.tif", (blobs > 99).astype("u1"))
    if "propagate" in line:
        tifffile.imwrite("p.tif", np.stack([blobs, blobs]), metadata={"axes": "TYX"})
    if "store" in line.split():
        assert run("embed", "p.tif", "--store", "s").stdout
    said = run(*line.split(), "-q")
    assert (said.exit_code, said.output) == (0, ""), said.exception


def test_quiet_commands_print_what_is_asked(picture):
    args = ("evaluate", "threshold", "--synthetic", "1", "--objects", "1", "-q")
    assert json.loads(run(*args, "--json").stdout)
    assert "|" in run(*args, "--markdown").stdout


def test_verbose_shows_where_an_error_comes_from(tmp_path):
    said = run("segment", tmp_path / "gone.tif", *POINT, "-v")
    assert said.exit_code == 2
    assert "Traceback" in said.stderr
    assert said.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json"])
def test_a_table_has_a_row_for_each_mask(picture, tmp_path, suffix):
    (tmp_path / "p.csv").write_text(
        "object,row,col,kind,area\n7,15,25,oak,3\n9,15,25,ash,4\n"
    )
    path = tmp_path / f"t.{suffix}"
    args = ("segment", picture, "--prompts", tmp_path / "p.csv", "--table", path)
    said = run(*args, "-o", tmp_path / "l.tif")
    assert said.exit_code == 0, said.output
    assert "of 2 objects, 1 lie wholly under later ones" in said.stderr
    if suffix == "json":
        rows = json.loads(path.read_text())
    else:
        between = "\t" if suffix == "tsv" else ","
        rows = list(csv.DictReader(path.read_text().splitlines(), delimiter=between))
    first, second = ({k: str(v) for k, v in row.items()} for row in rows)
    assert (first["object"], first["area"], first["kind"]) == ("7", "400", "oak")
    assert (first["covered"], second["covered"]) == ("400", "0")
    assert first["input_area"] == "3"
    assert "there already" in one_line(run(*args))


def test_vectors_of_segment_have_scores_and_columns(picture, tmp_path):
    (tmp_path / "p.csv").write_text("id;x;y;kind\n7;25;15;oak\n9;25;15;ash\n")
    path = tmp_path / "a.geojson"
    said = run("segment", picture, "--prompts", tmp_path / "p.csv", "-o", path)
    assert said.exit_code == 0, said.output
    found = [f["properties"] for f in json.loads(path.read_text())["features"]]
    assert [(f["id"], f["area"], f["kind"]) for f in found] == [
        (7, 400, "oak"), (9, 400, "ash"),
    ]  # fmt: skip
    assert all(0 <= f["score"] <= 1 for f in found)


@pytest.mark.parametrize("name", ["GFP", "gfp", "1"])
def test_channels_are_chosen_by_name(tmp_path, blobs, name):
    tifffile.imwrite(
        tmp_path / "a.ome.tif", np.stack([0 * blobs, blobs]),
        metadata={"axes": "CYX", "Channel": {"Name": ["DAPI", "GFP"]}},
    )  # fmt: skip
    args = ("segment", tmp_path / "a.ome.tif", *POINT, "--channels")
    said = run(*args, name)
    assert said.exit_code == 0, said.output
    assert "400" in said.stdout
    assert "DAPI, GFP" in one_line(run(*args, "mCherry"))


def test_shells_complete_names_of_files():
    (item,) = IMAGE.shell_complete(None, None, "ce")
    assert (item.type, item.value) == ("file", "ce")


def test_a_table_of_a_folder_names_the_image(tmp_path, blobs):
    (tmp_path / "images").mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(tmp_path / "images" / f"{name}.tif", blobs)
    (tmp_path / "p.csv").write_text("image,object,row,col\na.tif,7,15,25\nb,8,15,25\n")
    args = ("--prompts", tmp_path / "p.csv", "--table", tmp_path / "t.csv")
    said = run("segment", tmp_path / "images", *args, "-o", tmp_path / "out")
    assert said.exit_code == 0, said.output
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [(r["image"], r["object"]) for r in rows] == [("a.tif", "7"), ("b.tif", "8")]
