"""``napari-sam models``, as a person meets it."""

import hashlib
import json

import pytest
from click.testing import CliRunner

from napari_sam import checkpoints
from napari_sam.apps.cli import download, main
from napari_sam.checkpoints import Download, ModelEntry, catalogue

CONTENT = b"weights" * 1000


def run(*words):
    return CliRunner().invoke(main, ["models", *(str(w) for w in words)])


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder that has the file of the one model there is."""
    (tmp_path / "small.pt").write_bytes(CONTENT)
    digest = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
    file = Download("small.pt", "https://example.org/small.pt", digest, len(CONTENT))
    entry = ModelEntry("small", "sam", "tests", file, citations=("A. Person 2026",))
    monkeypatch.setattr(catalogue, "published", lambda: (entry,))
    return tmp_path


def test_the_list_fits_a_terminal_and_marks_what_is_here():
    lines = run("list").stdout.splitlines()
    assert max(len(line) for line in lines[:17]) <= 100
    marked = [line.split()[1] for line in lines if line.startswith("* ")]
    assert marked[0] == "pocket"
    assert "vit_b_lm" not in marked
    (line,) = [line for line in lines if " vit_b " in line]
    assert "375 MB  Apache-2.0" in line


def test_the_list_is_also_json():
    found = {m["name"]: m for m in json.loads(run("list", "--json").stdout)}
    assert found["vit_b"]["weights"]["size"] == 375042383
    assert found["pocket"]["on_disk"] is True
    assert found["vit_b"]["on_disk"] is False


def test_one_that_asks_for_acceptance_is_listed_with_what_it_needs():
    lines = run("list").stdout.splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.split()[:1] == ["sam3"]]
    assert "SAM License" in lines[at]
    assert "facebook/sam3 of huggingface.co: --checkpoint FOLDER" in lines[at + 1]
    assert lines[at + 2].strip() == (
        "licence is not accepted yet: napari-sam models accept sam3"
    )
    assert run("accept", "sam3", "--yes").exit_code == 0
    assert "licence is accepted" in run("list").stdout
    found = {m["name"]: m for m in json.loads(run("list", "--json").stdout)}
    assert found["sam3"]["accepted"] is True


def test_everything_about_one_is_said():
    said = run("info", "vit_b_lm").stdout
    entry = checkpoints.find("vit_b_lm")
    for file in entry.downloads:
        assert file.url in said
        assert file.hash in said
    for words in (entry.data, entry.licence, *entry.citations, "no"):
        assert words in said


def test_a_download_prints_where_it_is_and_nothing_else(mirror):
    done = run("download", "small", "--mirror", mirror)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(checkpoints.path("small"))
    assert "copying small.pt" in done.stderr
    assert run("path", "small").stdout == done.stdout
    assert "* small" in run("list").stdout


def test_what_is_not_here_has_no_path(mirror):
    done = run("path", "small")
    assert done.exit_code == 2
    assert "napari-sam models download small" in done.stderr
    assert done.stdout == ""


def test_verify_names_what_is_wrong(mirror):
    assert "Nothing to verify" in run("verify").stdout
    run("download", "small", "--mirror", mirror)
    assert run("verify").exit_code == 0
    (checkpoints.models_folder() / "small.pt").write_bytes(b"other")
    done = run("verify", "small")
    assert done.exit_code == 1
    assert "small.pt is NOT what it should be: expected md5:" in done.stdout
    assert "napari-sam models remove small" in done.stdout
    assert run("remove", "small").exit_code == 0
    assert run("download", "small", "--mirror", mirror).exit_code == 0


def test_an_interrupted_download_says_that_it_goes_on(mirror, monkeypatch):
    def interrupted(*_, **__):
        yield fetching_progress
        raise KeyboardInterrupt

    from napari_sam.core.progress import Progress

    fetching_progress = Progress(1, 2, "downloading")
    monkeypatch.setattr(checkpoints, "iter_download", interrupted)
    done = run("download", "small")
    assert done.exit_code == 1
    assert "Stopped. The same command goes on" in done.stderr


def test_a_bar_is_drawn_on_a_terminal(monkeypatch, capsys):
    from napari_sam.core.progress import Progress

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    line = download._Line()
    line.show(Progress(0, 0, "another process downloads small.pt"))
    line.show(Progress(50_000_000, 100_000_000, "small.pt: downloading"))
    line.end()
    shown = capsys.readouterr().err
    assert "\rsmall.pt: downloading [############            ]  50% of 100 MB" in shown
    assert shown.endswith("\n")


def test_one_of_ones_own_is_deleted_only_after_a_question(tmp_path):
    (tmp_path / "w.pt").write_bytes(CONTENT)
    checkpoints.add(tmp_path / "w.pt", "mine")
    asked = CliRunner().invoke(main, ["models", "remove", "mine"], input="n\n")
    assert asked.exit_code == 1
    assert checkpoints.path("mine").is_file()
    asked = CliRunner().invoke(main, ["models", "remove", "mine"], input="y\n")
    assert asked.exit_code == 0
    assert "mine" not in run("list").stdout
    assert "no file on this disk" in run("remove", "pocket").stderr


def test_a_wrong_name_is_one_line():
    done = run("download", "vit_b_ml")
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert "Did you mean 'vit_b_lm'" in line


def test_offline_is_one_line_that_says_what_to_do(mirror):
    done = run("download", "small")
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert "https://example.org/small.pt on another machine" in line
