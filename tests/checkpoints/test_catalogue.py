"""The list of published models is whole, honest, and free to read."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from napari_sam import checkpoints
from napari_sam.backends.sam2 import published_sizes
from napari_sam.checkpoints import catalogue
from napari_sam.checkpoints.entries import HASHES
from napari_sam.core.errors import UnknownModelError
from napari_sam.models.config import PUBLISHED

DIGITS = {"sha256": 64, "md5": 32, "xxh128": 32}
NAMES = [
    "pocket",
    "vit_t",
    "vit_b",
    "vit_l",
    "vit_h",
]
NAMES += [f"sam_hq_vit_{size}" for size in "tblh"]
NAMES += [f"{version}_{size}" for version in ("sam2.1", "sam2") for size in "tsbl"]
NAMES += ["edgetam"]
NAMES += [f"vit_{size}_lm" for size in "tbl"]
NAMES += [f"vit_{size}_em_organelles" for size in "tbl"]
NAMES += [f"vit_{size}_histopathology" for size in "blh"]
NAMES += ["vit_b_medical_imaging", "medsam"]


def test_the_models_that_were_promised_are_there():
    assert [m.name for m in checkpoints.models()] == NAMES


@pytest.mark.parametrize("model", checkpoints.models(), ids=lambda m: m.name)
def test_an_entry_is_whole(model):
    known = {"pocket", "edgetam", *PUBLISHED, *published_sizes.NAMES}
    assert model.architecture in known
    assert model.good_for
    assert len(model.good_for) < 50
    assert model.licence
    assert model.data
    assert model.citations or model.name == "pocket"
    assert bool(model.downloads) == (model.name != "pocket")
    for file in model.downloads:
        assert file.url.startswith("https://")
        assert file.hash_kind in HASHES
        digits = DIGITS[file.hash_kind]
        assert re.fullmatch(f"[a-z0-9]+:[0-9a-f]{{{digits}}}", file.hash)
        assert re.fullmatch(r"[\w.+]+\.(pt|pth)", file.file)


def test_no_two_files_share_a_name_or_a_hash():
    every = [d for m in checkpoints.models() for d in m.downloads]
    assert len({d.file for d in every}) == len({d.hash for d in every}) == len(every)


def test_what_models_were_trained_with_is_said():
    medsam = checkpoints.find("medsam").preprocessing
    assert (medsam.fit, medsam.values) == ("stretch", "unit")
    assert checkpoints.find("vit_b_lm").preprocessing.percentiles == (0.0, 100.0)
    assert checkpoints.find("vit_b").preprocessing == checkpoints.Preprocessing()


def test_a_misspelt_name_is_met_with_the_right_one():
    with pytest.raises(UnknownModelError, match="Did you mean 'medsam'"):
        checkpoints.find("med_sam")


def test_the_bundled_model_needs_no_download():
    assert checkpoints.path("pocket").name == "pocket.safetensors"
    assert checkpoints.download("pocket") == checkpoints.path("pocket")
    assert checkpoints.verify("pocket") == ()


@pytest.mark.parametrize("command", ["list", "info medsam", "path pocket", "verify"])
def test_the_commands_that_only_look_load_no_torch(command):
    code = (
        "import sys; from napari_sam.apps.cli import main\n"
        f"try: main(['models', *{command.split()!r}])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'requests', 'zarr', 'skimage', 'safetensors'}\n"
        "sys.stderr.write(' '.join(heavy & set(sys.modules)))"
    )
    run = [sys.executable, "-c", code]
    result = subprocess.run(run, capture_output=True, text=True, check=True)
    assert result.stderr.split() == []
    assert result.stdout


def test_a_description_that_is_broken_is_left_out(tmp_path, caplog):
    folder = tmp_path / "napari-sam" / "models" / "own"
    folder.mkdir(parents=True)
    (folder / "broken.json").write_text("{")
    (folder / "sly.json").write_text('{"file": "../../secret", "architecture": "sam"}')
    assert catalogue.own() == ()
    assert "broken.json" in caplog.text
    assert "sly.json" in caplog.text


def test_the_table_of_the_page_is_that_of_the_list():
    page = Path(__file__).parents[2] / "docs" / "models" / "checkpoints.md"
    rows = [
        f"| `{m.name}` | {m.architecture} | {m.good_for} | {m.licence} |"
        for m in checkpoints.models()
    ]
    assert "\n".join(rows) in page.read_text(), "paste these:\n" + "\n".join(rows)
