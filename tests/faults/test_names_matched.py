"""Names of images in tables and JSON: a row for each spelling and layout.

A new report is one row: the files that are there, what names them, and the one that is
right (or words of the refusal).
"""

import json
from unicodedata import normalize

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

from napari_sam.apps.cli import main
from napari_sam.core.errors import NapariSamError
from napari_sam.datasets.labelled_images import read_labelled_images

TRIANGLE = [[1, 1, 9, 1, 9, 9]]
NFC, NFD = normalize("NFC", "é.png"), normalize("NFD", "é.png")

#: Files, the JSON, the name in it, and which file is right.
LISTED = [
    ("own-folder", ["train/a.png", "val/a.png"], "annotations/instances_train.json",
     "a.png", "train/a.png"),
    ("own-folder-by-year", ["train2017/a.png", "val2017/a.png"],
     "annotations/instances_val2017.json", "a.png", "val2017/a.png"),
    ("deeper", ["images/train/a.png", "images/val/a.png"], "annotations/val.json",
     "a.png", "images/val/a.png"),
    ("beside", ["train/a.png", "valid/a.png"], "valid/_annotations.coco.json",
     "a.png", "valid/a.png"),
    ("validation", ["train/a.png", "validation/a.png"], "val.json", "a.png",
     "validation/a.png"),
    ("named", ["train/a.png", "val/a.png"], "all.json", "val/a.png", "val/a.png"),
    ("unclear", ["train/a.png", "val/a.png"], "all.json", "a.png",
     r"2 times: .*train.a\.png, .*val.a\.png"),
    ("other-subset", ["val/a.png"], "annotations/train.json", "a.png", "not there"),
    ("windows", ["images/a.png"], "all.json", "C:\\data\\cells\\a.png", "images/a.png"),
    ("windows-folder", ["x/a.png", "y/a.png"], "all.json", "C:\\data\\y\\a.png",
     "y/a.png"),
    ("absolute", ["images/a.png"], "all.json", "/home/ana/a.png", "images/a.png"),
    ("url", ["images/a b.png"], "all.json", "https://x.org/a%20b.png",
     "images/a b.png"),
    ("spaces", ["images/a b.png"], "all.json", "a%20b.png", "images/a b.png"),
    ("percent", ["images/a%20b.png"], "all.json", "a%20b.png", "images/a%20b.png"),
    ("composed", [f"images/{NFC}"], "all.json", NFD, f"images/{NFC}"),
    ("decomposed", [f"images/{NFD}"], "all.json", NFC, f"images/{NFD}"),
    ("dots", ["images/a.png"], "all.json", "./images/a.png", "images/a.png"),
]  # fmt: skip


def write_images(root, files):
    for k, name in enumerate(files):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(np.full((20, 20), k + 1, np.uint8)).save(path)


@pytest.mark.parametrize(
    ("files", "listing", "name", "right"), [r[1:] for r in LISTED],
    ids=[r[0] for r in LISTED],
)  # fmt: skip
def test_coco_pairs_the_image_of_its_own_subset(tmp_path, files, listing, name, right):
    write_images(tmp_path, files)
    content = {
        "images": [{"id": 1, "file_name": name, "height": 20, "width": 20}],
        "annotations": [{"image_id": 1, "segmentation": TRIANGLE}],
    }
    path = tmp_path / listing
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    if right not in files:
        with pytest.raises(NapariSamError, match=right):
            read_labelled_images(path)
        return
    (one,) = read_labelled_images(path)
    assert int(one.frames[0][0, 0]) == files.index(right) + 1


def test_one_file_is_not_two_images(tmp_path):
    write_images(tmp_path, ["images/a.png"])
    images = [{"id": k, "file_name": f"{s}/a.png", "height": 20, "width": 20}
              for k, s in enumerate(("one", "two"))]  # fmt: skip
    annotations = [{"image_id": k, "segmentation": TRIANGLE} for k in (0, 1)]
    content = {"images": images, "annotations": annotations}
    (tmp_path / "all.json").write_text(json.dumps(content))
    with pytest.raises(NapariSamError, match=r"one/a\.png and two/a\.png"):
        read_labelled_images(tmp_path / "all.json")


def test_labels_of_another_normal_form_are_of_the_same_name(tmp_path):
    write_images(tmp_path, [f"images/{NFC}", f"labels/{NFD}"])
    assert len(read_labelled_images(tmp_path)) == 1


def segment(folder, *prompts):
    arguments = ["segment", str(folder / "images"), *map(str, prompts)]
    found = CliRunner().invoke(
        main, [*arguments, "-o", str(folder / "out"), "--model", "threshold"]
    )
    assert found.exception is None or isinstance(found.exception, SystemExit)
    return found


@pytest.mark.parametrize(
    "name", ["a.png", "a", "sub/a.png", "C:\\x\\a.png", "/x/a.png", " a.png "]
)
def test_rows_of_a_table_find_their_image(tmp_path, threshold_model, name):
    write_images(tmp_path, ["images/a.png"])
    (tmp_path / "p.csv").write_text(f"image,object,row,col\n{name},1,9,9\n")
    found = segment(tmp_path, "--prompts", tmp_path / "p.csv")
    assert found.exit_code == 0, found.output
    assert "1 written" in found.output


def test_prompts_about_no_image_are_named(tmp_path, threshold_model):
    write_images(tmp_path, ["images/a.png"])
    rows = "image,object,row,col\na.png,1,9,9\nb.png,1,9,9\nother.png,1,9,9\n"
    (tmp_path / "p.csv").write_text(rows)
    found = segment(tmp_path, "--prompts", tmp_path / "p.csv")
    assert found.exit_code == 1
    assert "1 written" in found.output
    assert "b.png" in found.output
    assert "other.png" in found.output
    assert "2 without their image" in found.output


def test_files_of_prompts_about_no_image_are_named(tmp_path, threshold_model):
    write_images(tmp_path, ["images/a.png"])
    (tmp_path / "prompts").mkdir()
    for name in "ab":
        (tmp_path / "prompts" / f"{name}.csv").write_text("object,row,col\n1,9,9\n")
    found = segment(tmp_path, "--prompts", tmp_path / "prompts")
    assert found.exit_code == 1
    assert "b.csv" in found.output


def test_an_image_of_two_names_is_refused(tmp_path, threshold_model):
    write_images(tmp_path, ["images/a.png"])
    rows = "image,object,row,col\nx/a.png,1,9,9\ny/a.png,1,2,2\n"
    (tmp_path / "p.csv").write_text(rows)
    found = segment(tmp_path, "--prompts", tmp_path / "p.csv")
    assert found.exit_code == 2
    assert "2 ways" in found.output
