"""Every example runs, is in the gallery, and prints what its page says."""

import importlib.util
import re
import runpy
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
FOLDER, PAGES = ROOT / "examples", ROOT / "docs" / "examples"
EXAMPLES, NOTEBOOKS = sorted(FOLDER.glob("*.py")), sorted(FOLDER.glob("*.ipynb"))
#: These start processes or open windows, and get a process of their own.
ALONE = {"dask_cluster", "three_doors"}


@pytest.fixture(autouse=True)
def a_home_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NAPARI_SAM_OFFLINE", "1")
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))


def gallery():
    path = ROOT / "scripts" / "draw_examples.py"
    spec = importlib.util.spec_from_file_location("draw_examples", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [name for examples in module.GALLERY.values() for name in examples]


def without_numbers(text: str) -> str:
    """What is printed on every machine: neither numbers nor paths nor alignment.

    Nor the precision, which a model chooses by the processor.
    """
    text = re.sub(r"/[\w/.-]+", "/", text).replace("bfloat16", "float32")
    return " ".join(re.sub(r"\b[0-9a-f]{16}\b|-?\d+(\.\d+)?", "#", text).split())


def test_every_example_is_in_the_gallery():
    names = [path.stem for path in (*EXAMPLES, *NOTEBOOKS)]
    assert sorted(gallery()) == sorted(names)
    page = (ROOT / "docs" / "examples.md").read_text()
    for name in names:
        assert f"](examples/{name}.md)" in page
        assert (ROOT / "docs" / "images" / "examples" / f"{name}.webp").exists()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_prints_what_its_page_says(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if path.stem in ALONE:
        command = [sys.executable, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed = done.stdout
    else:
        runpy.run_path(str(path), run_name="__main__")
        printed = capsys.readouterr().out
    page = (PAGES / f"{path.stem}.md").read_text()
    [told] = re.findall(r"^It prints\n\n```text\n(.*?)^```$", page, re.M | re.S)
    assert without_numbers(printed) == without_numbers(told)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_and_shows_pictures(path, tmp_path):
    notebook = nbformat.read(path, 4)
    kept = pictures(notebook)
    here = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, resources=here).execute()
    assert pictures(notebook) == kept > 0
    page = (PAGES / f"{path.stem}.md").read_text()
    for cell in notebook.cells:
        assert cell.source.strip() in page


def pictures(notebook) -> int:
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    return sum("image/png" in o.get("data", {}) for o in outputs)
